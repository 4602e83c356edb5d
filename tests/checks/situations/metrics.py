"""Six hours of metrics as CloudWatch would return them, and the verdicts of a check on them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta

from basewatch.check import AnyCheck
from basewatch.components import Component, Slo
from basewatch.facts import from_json, to_json
from basewatch.metrics import CollectedMetrics, CollectedSeries, MetricsClient
from basewatch.model import Verdict, Window
from basewatch.series import Point, Series
from checks import service
from checks.service.past import past_needs

START = datetime(2026, 5, 4, 6, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOURS = 360
"""The minutes of the window."""

Curve = Callable[[int], float | None]
"""The value of each minute from the start of the window; minutes before it are negative."""
BY_ID: Mapping[str, AnyCheck] = {check.id: check for check in service.CHECKS}


def always(value: float | None) -> Curve:
    """The same value in every minute."""
    return lambda _minute: value


def but(usual: Curve, first: int, count: int, value: float | None) -> Curve:
    """The curve, with another value in `count` minutes from `first` on."""
    return lambda minute: value if first <= minute < first + count else usual(minute)


def every(minutes: int, value: float | None, otherwise: float | None = None, at: int = 0) -> Curve:
    """A value in one of so many minutes."""
    return lambda minute: value if minute % minutes == at else otherwise


def verdicts(
    check_id: str,
    component: Component,
    curves: Mapping[str, Curve],
    *,
    minutes: int = HOURS,
    step: timedelta = MINUTE,
    past: Mapping[str, Curve] | None = None,
) -> Iterator[Verdict]:
    """The verdicts of the check on these metrics, from facts that were stored as JSON and read again.

    A name is a family, and after spaces its labels, such as `aws_lambda_duration_seconds quantile=0.95`. `past` has the
    values of the longer periods that the check needs from further back; without it they were not read. A name that ends
    with `@1` has the values of single minutes of that past.
    """
    check, warm_up = BY_ID[check_id], -(-component.warm_up // step) * step
    window = Window(start=START, end=START + MINUTE * minutes)
    ends = [START - warm_up + step * number for number in range(1, (window.length + warm_up) // step + 1)]
    collected = CollectedMetrics(
        window=window,
        warm_up=warm_up,
        collected_series=tuple(
            CollectedSeries(
                component=component.of if isinstance(component, Slo) else component.ref,
                series=_series(name, curve, ends, step),
            )
            for name, curve in curves.items()
        ),
        past_series=tuple(_past(component, past or {})),
    )
    facts = check.observe(MetricsClient(collected), component)
    stored = from_json(check.facts_type, to_json(check.facts_type, facts))
    return check.judge(stored, component, window.end)


def _past(component: Component, curves: Mapping[str, Curve]) -> Iterator[CollectedSeries]:
    for need in past_needs(component):
        first = START - need.length
        ends = [first + need.period * number for number in range(1, need.length // need.period + 1)]
        for name, curve in curves.items():
            if not name.endswith("@1"):
                by_period = curves.get(f"{name}@1", curve) if need.period == MINUTE else curve
                yield CollectedSeries(component=need.component, series=_series(name, by_period, ends, need.period))


def _series(name: str, curve: Curve, ends: list[datetime], step: timedelta) -> Series:
    family, *labels = name.split()
    values = ((end, curve((end - step - START) // MINUTE)) for end in ends)
    return Series(
        name=family,
        labels=tuple((label.partition("=")[0], label.partition("=")[2]) for label in labels),
        period=step,
        points=tuple(Point(period_end=end, value=value) for end, value in values if value is not None),
    )
