"""What share of things went wrong, over stretches that hold enough of them to speak of a share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from basewatch.quantities import duration_text
from checks.service.track import Track

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


def worst_share(part: Track, whole: Track, sustained: timedelta) -> Share | None:
    """The highest share in any stretch that lasts `sustained` and holds ENOUGH things, or in the window as a whole.

    The window counts whatever it holds: one failure of one invocation in six hours is all of them. Periods in which
    either number is missing are left out of both. None, when nothing at all happened.
    """
    both = tuple(
        (0.0, 0.0) if wrong is None or all_ is None else (wrong, all_)
        for wrong, all_ in zip(part.values, whole.values, strict=True)
    )
    total = _share(whole, both, 0, len(both))
    stretches = [share for share in _stretches(whole, both, sustained) if share.whole >= ENOUGH]
    return max([*([total] if total.whole else []), *stretches], key=lambda share: share.ratio, default=None)


def _stretches(track: Track, both: tuple[tuple[float, float], ...], sustained: timedelta) -> Iterator[Share]:
    count = max(1, -(-sustained // track.period))
    for first in range(len(both) - count + 1):
        yield _share(track, both, first, first + count)


def _share(track: Track, both: tuple[tuple[float, float], ...], first: int, last: int) -> Share:
    return Share(
        part=sum(wrong for wrong, _ in both[first:last]),
        whole=sum(all_ for _, all_ in both[first:last]),
        start=track.moment(first),
        end=track.moment(last),
    )
