"""Which series a place has, and in which order they are shown: a row for every statistic of every target."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from basewatch.collector import MetricSpec, MetricTarget
from basewatch.family import MetricFamily, series_text
from collectors.cloudwatch.planner import Query

CollectorLocation = tuple[str, str, str]
"""Whose series they are: the collector, the account that owns them, and the region."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Rows, family by family: what each asks, the text of its series, and its place in `collector_locations`.

    Within a family the series of one resource are side by side, as OpenMetrics wants those of a summary.
    `families` say where the rows of each begin and end; `duplicates` are queries that would show a series again.
    """

    families: tuple[tuple[MetricFamily, int, int], ...]
    series: tuple[bytes, ...]
    queries: tuple[Query, ...]
    collector_locations: tuple[CollectorLocation, ...]
    location_index: tuple[int, ...]
    duplicates: tuple[Query, ...] = ()


_AT_ONCE = 4096
EMPTY_LAYOUT = Layout(families=(), series=(), queries=(), collector_locations=(), location_index=())


def build_layout(targets: Iterable[MetricTarget]) -> Layout:
    """The rows of these targets; the same targets always make the same rows."""
    by_family: dict[str, list[tuple[Query, bytes]]] = {}
    seen, duplicates = set[bytes](), list[Query]()
    for query, series in _queries(targets):
        if series in seen:
            duplicates.append(query)
        else:
            seen.add(series)
            by_family.setdefault(query.spec.family, []).append((query, series))
    families, rows = list[tuple[MetricFamily, int, int]](), list[tuple[Query, bytes]]()
    for name in sorted(by_family):
        first = len(rows)
        rows += by_family[name]
        families.append((rows[first][0].spec.exported_family, first, len(rows)))
    groups: dict[CollectorLocation, int] = {}
    return Layout(
        families=tuple(families),
        series=tuple(series for _, series in rows),
        queries=tuple(query for query, _ in rows),
        location_index=tuple(groups.setdefault(collector_location(query.target), len(groups)) for query, _ in rows),
        collector_locations=tuple(groups),
        duplicates=tuple(duplicates),
    )


def collector_location(target: MetricTarget) -> CollectorLocation:
    """Whose series a target's are."""
    return target.collector, target.account_id, target.region


def allowed_lateness_of(query: Query) -> timedelta:
    """How long after its end a period of the query may still be corrected."""
    own = query.target.resource.allowed_lateness
    return query.spec.allowed_lateness if own is None else own


def slices(rows: int) -> Iterator[slice]:
    """All the rows, some at a time: one call over a hundred thousand would let no other thread run for 10 ms."""
    for first in range(0, rows, _AT_ONCE):
        yield slice(first, first + _AT_ONCE)


def _queries(targets: Iterable[MetricTarget]) -> Iterator[tuple[Query, bytes]]:
    for target in sorted(
        targets, key=lambda target: (target.account_id, target.region, sorted(target.resource.labels))
    ):
        # Most specs of a target have the same labels: their text is written once.
        written: dict[tuple[tuple[str, str], ...], bytes] = {}
        for spec in target.specs:
            if spec.labels not in written:
                written[spec.labels] = series_text("", _labels(target, spec))
            yield Query(target, spec), spec.series_name.encode() + written[spec.labels]


def _labels(target: MetricTarget, spec: MetricSpec) -> tuple[tuple[str, str], ...]:
    place = ("aws_account_id", target.account_id), ("aws_region", target.region)
    return (*place, *target.resource.labels, *spec.labels)
