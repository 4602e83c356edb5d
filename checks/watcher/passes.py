"""A gap between two passes: nobody has looked at the platform meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from basewatch.check import check
from basewatch.clients import PastPasses
from basewatch.components import Watcher
from basewatch.model import Proof, Severity, Verdict, failed, not_applicable, passed
from basewatch.quantities import format_duration

_LATE = 1.5
"""A pass that comes half an interval late counts as missed. GitHub may start a workflow tens of minutes late."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviousPass:
    """When the full pass before this one ended its window; None when none is recorded."""

    ended: datetime | None


def previous_pass(history: PastPasses, _watcher: Watcher) -> PreviousPass:
    """The last recorded full pass. No request is sent: the history was read as this pass began."""
    return PreviousPass(ended=history.previous_end)


@check(
    "watcher.passes.gap",
    component=Watcher,
    observe=previous_pass,
    severity=Severity.MEDIUM,
    proof=Proof.CONFIGURATION,
    needs=(),
    promises=("every",),
)
def no_pass_is_missing(facts: PreviousPass, watcher: Watcher, now: datetime) -> Iterator[Verdict]:
    """Basewatch makes a pass as often as the configuration says.

    Why: A scheduler that drops runs is silent, and nobody looks at the platform meanwhile. This pass judges the metrics
    of the gap, but not what was configured or readable during it.
    Reads: The end of the last full pass in the history. The check is expected of `run` and `serve` only.
    Unverified when: The history cannot be read.
    Fix: Read the log of the scheduler for the time of the gap. GitHub stops schedules after 60 days without activity in
    a public repository, and drops runs at its busiest, the first minutes of an hour. Declare a heartbeat, so that an
    outside service notices a missing pass while it is missing.
    Source: https://docs.github.com/en/actions/reference/workflows-and-actions/events-that-trigger-workflows#schedule
    """
    if facts.ended is None:
        yield not_applicable("No earlier pass is recorded", observed="no earlier pass")
        return
    gap = max(now - facts.ended, timedelta())
    shown = format_duration(timedelta(minutes=gap // timedelta(minutes=1)))
    observed = f"{shown} since the pass before, which ended at {facts.ended:%Y-%m-%d %H:%M} UTC"
    expected = f"a pass every {format_duration(watcher.every)}"
    if gap <= watcher.every * _LATE:
        yield passed("No pass is missing", observed=observed, expected=expected)
        return
    missed = max(round(gap / watcher.every) - 1, 1)
    yield failed(
        f"{missed} pass{'es were' if missed > 1 else ' was'} missed: nobody looked at the platform for {shown}",
        observed=observed,
        expected=expected,
        severity=Severity.HIGH if missed > 1 else None,
        remedy=f"Read the log of the scheduler from {facts.ended:%Y-%m-%d %H:%M} UTC on.",
    )
