"""What `serve` could not see, and when it looks at it again: within minutes, not at the next full pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from basewatch.model import ExpectedCheck, Reason, Run, Status
from workflows.plan import Plan
from workflows.schedule import PAUSES, SteadyClock, pause_after
from workflows.windows import judges_time

LOOK_EVERY = timedelta(seconds=15)
"""How often it is asked whether a second look is due."""
_RETRIED = frozenset({Reason.DENIED, Reason.THROTTLED, Reason.UNREACHABLE, Reason.TIMEOUT})
"""The reasons that may be over at any moment. Others need a change of the platform, of data, or of Basewatch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pause:
    looks: int
    until: float


class SecondLooks:
    """The pauses between the looks at each check that has no verdict."""

    def __init__(self, steady: Callable[[], float] | None = None) -> None:
        """`steady` returns seconds that only grow."""
        self._steady = steady or SteadyClock()
        self._pauses: dict[ExpectedCheck, _Pause] = {}

    def due(self, plan: Plan, run: Run) -> tuple[Plan, ...]:
        """The parts of the plan to look at now, given the newest verdicts: those about now, and those about a time.

        Call it often; it counts each part that it returns as looked at.
        """
        now, unseen = self._steady(), unseen_checks(run)
        for pair in [pair for pair in self._pauses if pair not in unseen]:
            del self._pauses[pair]
        for pair in unseen:
            self._pauses.setdefault(pair, _Pause(looks=0, until=now + PAUSES[0].total_seconds()))
        looked = {pair for pair, pause in self._pauses.items() if pause.until <= now}
        seen_sources = {plan.sources.get(pair, "") for pair in plan.expected if pair not in unseen}
        for pair in looked:
            looks = self._pauses[pair].looks + 1
            heavy = unseen[pair] is Reason.TIMEOUT and plan.sources.get(pair, "") in seen_sources
            # It takes too long although others of its source are answered: to repeat it loads the platform.
            pause = pause_after(looks, doubles=heavy, longest=plan.config.run.every)
            self._pauses[pair] = _Pause(looks=looks, until=now + pause.total_seconds())
        return tuple(_parts(plan, looked))


def unseen_checks(run: Run) -> Mapping[ExpectedCheck, Reason]:
    """Every check of a run that has no verdict for a reason that may be over by now, with the reason."""
    return {
        ExpectedCheck(check=finding.check, component=finding.component): reason
        for finding in run.findings
        if finding.status is Status.UNVERIFIED and (reason := finding.reason) is not None and reason in _RETRIED
    }


def _parts(plan: Plan, looked: set[ExpectedCheck]) -> Iterator[Plan]:
    for timed in (False, True):
        wanted = {
            pair
            for planned, pair in zip(plan.checks, plan.expected, strict=True)
            if pair in looked and judges_time(planned.check) is timed
        }
        if wanted:
            count = f"{len(wanted)} check{'s' if len(wanted) > 1 else ''}"
            scope = f"second look at {count} that could not be verified{' in the last window' if timed else ''}"
            yield plan.part(scope, wanted, with_metrics=timed)
