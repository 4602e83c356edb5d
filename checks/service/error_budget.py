"""How much of an error budget is used, over the objective's own window and over days; docs/slo.md has the rules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from basewatch.quantities import format_duration
from checks.service.aligned_series import AlignedSeries
from checks.service.burn_rate import MIN_BAD_EVENTS, MIN_EVENTS_FOR_BURN_RATE, SloEvents

_HOUR = timedelta(hours=1)
STEADY_HOURS = 6
"""How many hours in a row have to burn the budget too fast, when nothing before them could be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PastEvents:
    """The bad events of the objective's window among all, in blocks that end before the newest minutes.

    Between `bad_at_least` and `bad_at_most` is what the period of the data hides.
    """

    bad_at_least: AlignedSeries
    bad_at_most: AlignedSeries
    total: AlignedSeries


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedBudget:
    """The bad events of an interval that ends with the window; `bad_at_most` counts what is not known as bad."""

    length: timedelta
    bad: float
    bad_at_most: float
    total: float
    unit: str

    def ratio(self, bad: float) -> float:
        """A part of all events, from 0 to 1."""
        return bad / self.total if self.total else 0.0

    def __str__(self) -> str:
        good = f"{100 * (1 - self.ratio(self.bad)):.6g}% good"
        return f"{good} ({self.bad:g} of {self.total:g} {self.unit} bad) in {format_duration(self.length)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SlowBurn:
    """A pair of intervals: the budget burns too fast when its burn rate over both is above `max_burn_rate`."""

    days: int
    hours: int
    max_burn_rate: float


SLOW_BURNS = (SlowBurn(days=1, hours=2, max_burn_rate=3), SlowBurn(days=3, hours=6, max_burn_rate=1))
"""The tickets of the SRE workbook, as the generated rules have them."""


def used_budget(past: PastEvents, events: SloEvents, length: timedelta, unit: str) -> UsedBudget:
    """The bad and all events of the last `length`: whole blocks of the past, and the minutes after them."""
    end = past.total.time_at(len(past.total.values))
    blocks = max(0, len(past.total.values) - -(-(length - (events.end - end)) // past.total.period))
    minutes = range(max(0, (end - events.bad.start) // events.bad.period), len(events.bad.values))
    bad, total = events.sums(minutes, missing_is_bad=False)
    at_most, _ = events.sums(minutes, missing_is_bad=True)
    known = [
        (least or 0.0, most if most is not None else count, count)
        for least, most, count in zip(
            past.bad_at_least.values[blocks:],
            past.bad_at_most.values[blocks:],
            (value or 0.0 for value in past.total.values[blocks:]),
            strict=True,
        )
    ]
    return UsedBudget(
        length=length,
        bad=bad + sum(least for least, _, _ in known),
        bad_at_most=at_most + sum(most for _, most, _ in known),
        total=total + sum(count for _, _, count in known),
        unit=unit,
    )


def slow_burn(past: PastEvents, events: SloEvents, budget: float, window: timedelta, unit: str) -> str:
    """The slow burn that certainly goes on, as text; empty without one."""
    for burn in SLOW_BURNS:
        length = timedelta(days=burn.days)
        if length > window:
            continue
        long = used_budget(past, events, length, unit)
        recent = events.last(timedelta(hours=burn.hours))
        if long.total < MIN_EVENTS_FOR_BURN_RATE or long.bad < MIN_BAD_EVENTS or not recent[1]:
            continue
        rates = long.ratio(long.bad) / budget, recent[0] / recent[1] / budget
        if min(rates) > burn.max_burn_rate:
            return (
                f"{rates[0]:.3g} times too fast over {burn.days}d, and {rates[1]:.3g} times over the last {burn.hours}h"
            )
    return ""


def steady_burn(events: SloEvents, budget: float) -> str:
    """The burn of every hour that was read, as text; empty if there are few, or one of them kept the objective."""
    rates = list(_hourly_rates(events, budget))
    if len(rates) < STEADY_HOURS or min(rates) <= 1:
        return ""
    return f"between {min(rates):.3g} and {max(rates):.3g} times too fast in each of {len(rates)} hours"


def _hourly_rates(events: SloEvents, budget: float) -> Iterator[float]:
    """The burn rate of each whole hour with enough events; one with too few ends the series."""
    periods = _HOUR // events.bad.period
    for last in range(len(events.bad.values), periods - 1, -periods):
        hour = range(last - periods, last)
        bad, total = events.sums(hour, missing_is_bad=False)
        if events.count(hour) < MIN_EVENTS_FOR_BURN_RATE or not total:
            return
        yield bad / total / budget
