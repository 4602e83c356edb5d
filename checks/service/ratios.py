"""What share of things went wrong, over stretches that hold enough of them to speak of a share, and what that means."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from basewatch.model import Verdict, failed, passed
from basewatch.quantities import duration_text
from checks.service.minute_grid import Track
from checks.service.sustained import Promise, in_doubt

ENOUGH = 20
"""How many things make a share: of fewer, one that goes wrong is more than 5%."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """How many of `whole` things went wrong in a span of time."""

    part: float
    whole: float
    start: datetime
    end: datetime

    @property
    def ratio(self) -> float:
        """The share that went wrong, 0 to 1."""
        return self.part / self.whole

    def __str__(self) -> str:
        span = f"{duration_text(self.end - self.start)} from {self.start:%Y-%m-%d %H:%M} UTC"
        return f"{100 * self.ratio:.4g}% ({self.part:g} of {self.whole:g}) in {span}"


def judge_share(
    part: Track, whole: Track, promise: Promise, *, said: str, idle: Verdict, observed: str = "{}"
) -> Verdict:
    """Whether the share of `part` in `whole` stayed within its promise; `said` ends the sentence "5% of the ...".

    `idle` is the verdict when nothing happened at all. A breach that was seen is a FAIL, whatever else is missing.
    `observed` is what the share is written into.
    """
    worst = worst_share(part, whole, promise.sustained)
    if worst is not None and worst.ratio > promise.limit:
        summary = f"{promise.show(worst.ratio)} of the {said}"
        return failed(summary, observed=observed.format(worst), expected=promise.expected)
    doubt = in_doubt(part, whole.busy, promise, idle=idle)
    return doubt or passed(promise.kept, observed=observed.format(f"at most {worst}"), expected=promise.expected)


def worst_share(part: Track, whole: Track, sustained: timedelta) -> Share | None:
    """The highest share in any stretch that lasts `sustained` and holds ENOUGH things, or in the window as a whole.

    The window counts whatever it holds: one failure of one invocation in six hours is all of them. A stretch may begin
    before the window, and does not end before it. Periods in which either number is missing are left out of both.
    None, when nothing at all happened.
    """
    both = tuple(
        (0.0, 0.0) if wrong is None or all_ is None else (wrong, all_)
        for wrong, all_ in zip(part.values, whole.values, strict=True)
    )
    total = _share(whole, both, whole.lead, len(both))
    stretches = [share for share in _stretches(whole, both, sustained) if share.whole >= ENOUGH]
    return max([*([total] if total.whole else []), *stretches], key=lambda share: share.ratio, default=None)


def _stretches(track: Track, both: tuple[tuple[float, float], ...], sustained: timedelta) -> Iterator[Share]:
    count = max(1, -(-sustained // track.period))
    for first in range(max(0, track.lead - count + 1), len(both) - count + 1):
        yield _share(track, both, first, first + count)


def _share(track: Track, both: tuple[tuple[float, float], ...], first: int, last: int) -> Share:
    return Share(
        part=sum(wrong for wrong, _ in both[first:last]),
        whole=sum(all_ for _, all_ in both[first:last]),
        start=track.moment(first),
        end=track.moment(last),
    )
