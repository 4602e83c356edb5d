"""The rows of one source, one for every statistic of every target, in the order of the page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from basewatch.collector import MetricSpec, MetricTarget, RefreshTier
from basewatch.family import MetricFamily, series_text
from collectors.cloudwatch.planner import Query

CollectorLocation = tuple[str, str, str]
"""The collector, the owning account and the region of a series."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Rows grouped by family: the query, the series text and the index into `collector_locations` of each row.

    Within a family, the series of one resource are adjacent, as OpenMetrics requires for summaries. `families` are the
    first and the end row of each family; `location_tiers` are the tiers of the rows of each collector location;
    `duplicates` are queries whose series already has a row.
    """

    families: tuple[tuple[MetricFamily, int, int], ...]
    series: tuple[bytes, ...]
    queries: tuple[Query, ...]
    collector_locations: tuple[CollectorLocation, ...]
    location_index: tuple[int, ...]
    location_tiers: tuple[frozenset[RefreshTier], ...]
    duplicates: tuple[Query, ...] = ()


_ROWS_PER_SLICE = 4096
EMPTY_LAYOUT = Layout(families=(), series=(), queries=(), collector_locations=(), location_index=(), location_tiers=())


def build_layout(targets: Iterable[MetricTarget]) -> Layout:
    """The layout of these targets; equal targets give equal layouts."""
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
    locations: dict[CollectorLocation, int] = {}
    tiers: dict[CollectorLocation, set[RefreshTier]] = {}
    for query, _ in rows:
        tiers.setdefault(collector_location(query.target), set()).add(query.spec.tier)
    return Layout(
        families=tuple(families),
        series=tuple(series for _, series in rows),
        queries=tuple(query for query, _ in rows),
        location_index=tuple(
            locations.setdefault(collector_location(query.target), len(locations)) for query, _ in rows
        ),
        collector_locations=tuple(locations),
        location_tiers=tuple(map(frozenset, tiers.values())),
        duplicates=tuple(duplicates),
    )


def collector_location(target: MetricTarget) -> CollectorLocation:
    """The collector location of a target."""
    return target.collector, target.account_id, target.region


def allowed_lateness_of(query: Query) -> timedelta:
    """How long after its end a period of the query may still be corrected."""
    own = query.target.resource.allowed_lateness
    return query.spec.allowed_lateness if own is None else own


def slices(rows: int) -> Iterator[slice]:
    """All rows in slices: one call over 100,000 rows would block the other threads for 10 ms."""
    for first in range(0, rows, _ROWS_PER_SLICE):
        yield slice(first, first + _ROWS_PER_SLICE)


def _queries(targets: Iterable[MetricTarget]) -> Iterator[tuple[Query, bytes]]:
    for target in sorted(
        targets, key=lambda target: (target.account_id, target.region, sorted(target.resource.labels))
    ):
        # Most specs of a target have the same labels, so their text is built once.
        written: dict[tuple[tuple[str, str], ...], bytes] = {}
        for spec in target.specs:
            if spec.labels not in written:
                written[spec.labels] = series_text("", _labels(target, spec))
            yield Query(target, spec), spec.series_name.encode() + written[spec.labels]


def _labels(target: MetricTarget, spec: MetricSpec) -> tuple[tuple[str, str], ...]:
    location_labels = ("aws_account_id", target.account_id), ("aws_region", target.region)
    return (*location_labels, *target.resource.labels, *spec.labels)
