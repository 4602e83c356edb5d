"""What a pass reports to its heartbeats: whether the watch works. Broken promises are no matter of a heartbeat."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from alerts.heartbeat import HeartbeatSender, Pulse, send_heartbeats
from basewatch.check import OWN_FAMILIES
from basewatch.model import Run, Status
from workflows.plan import Plan

NOTHING_SEEN = "nothing could be verified"


def beat(
    senders: Sequence[HeartbeatSender], plan: Plan, run: Run, problems: Sequence[str], at: datetime
) -> tuple[str, ...]:
    """Sends the heartbeats of a finished full pass; the problems of the pass, and those of its heartbeats."""
    return (*problems, *send_heartbeats(senders, pulse_of(plan, run, problems, at)))


def pulse_of(plan: Plan, run: Run, problems: Sequence[str], at: datetime) -> Pulse:
    """The pulse of a finished pass; `problems` are what could not be recorded, delivered or written."""
    of_the_platform = [each.status for each in run.findings if each.check.partition(".")[0] not in OWN_FAMILIES]
    verified = any(status is not Status.UNVERIFIED for status in of_the_platform)
    counts = ", ".join(f"{run.count(status)} {status.value}" for status in Status if run.count(status))
    return Pulse(
        platform=plan.config.platform.name,
        environment=plan.config.platform.environment,
        summary=f"run {run.id}: {counts}",
        trouble="\n".join(problems if verified else (NOTHING_SEEN, *problems)),
        at=at,
        every=plan.config.run.every,
    )
