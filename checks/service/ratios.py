"""What share of things went wrong, over stretches that hold enough of them to speak of a share, and what that means."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from basewatch.model import Verdict, failed, passed
from basewatch.quantities import format_duration
from checks.service.minute_grid import AlignedSeries
from checks.service.sustained import PromisedLimit, inconclusive_verdict

MIN_EVENTS_PER_RATIO = 20
"""How many things make a share: of fewer, one that goes wrong is more than 5%."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BadRatio:
    """How many of `total` things went wrong in a span of time."""

    bad: float
    total: float
    start: datetime
    end: datetime

    @property
    def value(self) -> float:
        """The share that went wrong, 0 to 1."""
        return self.bad / self.total

    def __str__(self) -> str:
        span = f"{format_duration(self.end - self.start)} from {self.start:%Y-%m-%d %H:%M} UTC"
        return f"{100 * self.value:.4g}% ({self.bad:g} of {self.total:g}) in {span}"


def judge_ratio(
    bad: AlignedSeries,
    total: AlignedSeries,
    promise: PromisedLimit,
    *,
    summary_text: str,
    idle_verdict: Verdict,
    observed_template: str = "{}",
) -> Verdict:
    """Whether the share of `bad` in `total` stayed within its promise; `summary_text` ends the sentence "5% of the ...".

    `idle_verdict` is the verdict when nothing happened at all. A breach that was seen is a FAIL, whatever else is
    missing. `observed_template` is what the share is written into.
    """
    worst = worst_ratio(bad, total, promise.sustained)
    if worst is not None and worst.value > promise.limit:
        summary = f"{promise.format_value(worst.value)} of the {summary_text}"
        return failed(summary, observed=observed_template.format(worst), expected=promise.expected)
    doubt = inconclusive_verdict(bad, total.active_periods, promise, idle_verdict=idle_verdict)
    return doubt or passed(
        promise.kept_text, observed=observed_template.format(f"at most {worst}"), expected=promise.expected
    )


def worst_ratio(bad: AlignedSeries, total: AlignedSeries, sustained: timedelta) -> BadRatio | None:
    """The highest share in any stretch that lasts `sustained` and holds ENOUGH things, or in the window as a whole.

    The window counts whatever it holds: one failure of one invocation in six hours is all of them. A stretch may begin
    before the window, and does not end before it. Periods in which either number is missing are left out of both.
    None, when nothing at all happened.
    """
    both = tuple(
        (0.0, 0.0) if wrong is None or all_ is None else (wrong, all_)
        for wrong, all_ in zip(bad.values, total.values, strict=True)
    )
    window = _share(total, both, total.warm_up_periods, len(both))
    stretches = [share for share in _stretches(total, both, sustained) if share.total >= MIN_EVENTS_PER_RATIO]
    return max([*([window] if window.total else []), *stretches], key=lambda share: share.value, default=None)


def _stretches(track: AlignedSeries, both: tuple[tuple[float, float], ...], sustained: timedelta) -> Iterator[BadRatio]:
    count = max(1, -(-sustained // track.period))
    for first in range(max(0, track.warm_up_periods - count + 1), len(both) - count + 1):
        yield _share(track, both, first, first + count)


def _share(track: AlignedSeries, both: tuple[tuple[float, float], ...], first: int, last: int) -> BadRatio:
    return BadRatio(
        bad=sum(wrong for wrong, _ in both[first:last]),
        total=sum(all_ for _, all_ in both[first:last]),
        start=track.time_at(first),
        end=track.time_at(last),
    )
