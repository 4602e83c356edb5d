"""The newest readings of a pass as Prometheus is told of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from basewatch.collector import MetricSpec
from basewatch.family import Block, series_text
from basewatch.model import Series

MAX_READING_AGE = timedelta(minutes=15)
"""How old a reading may be and still be shown: older ones say nothing of now."""


def latest_readings(specs: Iterable[MetricSpec], series: Iterable[Series], at: datetime) -> Iterator[Block]:
    """What every gauge and every quantile last was, unless that was long before `at`.

    What adds up is left out: a pass knows the sum over its window alone, and a counter that begins anew with each pass
    is none.
    """
    families = {spec.series_name: spec.exported_family for spec in specs if not spec.is_counter}
    readings: dict[str, dict[bytes, float]] = {}
    for one in series:
        last = max(one.points, key=lambda point: point.period_end, default=None)
        if one.name in families and last and at - last.period_end <= MAX_READING_AGE:
            readings.setdefault(one.name, {})[series_text(one.name, one.labels)] = last.value
    for name, values in readings.items():
        yield Block(family=families[name], series=sorted(values), values=[values[each] for each in sorted(values)])
