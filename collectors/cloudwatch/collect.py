"""Collects the metrics of every target over one window; every query ends as a series or as a gap."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta

from basewatch.collector import MetricTarget
from basewatch.errors import ObservationError
from basewatch.metrics import CollectedMetrics, CollectedSeries, CollectionGap, Provenance
from basewatch.model import Reason, Window
from basewatch.series import Point, Series
from collectors.cloudwatch.declared_targets import Location, collector_gap
from collectors.cloudwatch.fetch import FetchResult
from collectors.cloudwatch.planner import Call, Query, aligned_window, covered_window, pack_calls, settled_window
from collectors.cloudwatch.query_answer import ACTION, Answer
from collectors.cloudwatch.source import MetricSource
from collectors.cloudwatch.wire import utc_datetime

DEFAULT_CONCURRENCY = 5
"""Concurrent calls over all accounts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outcome:
    """The result of one call."""

    source: MetricSource
    call: Call
    fetched: FetchResult


def collect(
    targets: Iterable[MetricTarget],
    gaps: Iterable[CollectionGap],
    window: Window,
    source_of: Callable[[str, str], MetricSource],
    *,
    concurrency: int = DEFAULT_CONCURRENCY,
) -> CollectedMetrics:
    """The metrics of all targets over `window`, shifted back by SETTLE_DELAY. `gaps` are those known before.

    `source_of` returns the source for an account and region, always the same object for the same source, or raises
    ObservationError. AWS errors do not raise: every query ends as a CollectedSeries or a CollectionGap.
    """
    settled, all_gaps = settled_window(window), list(gaps)
    outcomes = tuple(_fetched(_calls(targets, settled, source_of, all_gaps), concurrency))
    collected = list[CollectedSeries]()
    for outcome in outcomes:
        for query, answer in zip(outcome.call.queries, outcome.fetched.answers, strict=True):
            if answer.error is None:
                collected.append(_series(query, answer, settled))
            else:
                all_gaps.append(_metric_gap(query, answer.error, outcome.source))
    return CollectedMetrics(
        window=settled,
        collected_series=tuple(sorted(collected, key=lambda each: (each.series.name, each.series.labels))),
        gaps=tuple(sorted(all_gaps, key=lambda gap: (gap.component, gap.collector, gap.family))),
        provenance=tuple(_provenance(outcomes)),
    )


def _calls(
    targets: Iterable[MetricTarget],
    settled: Window,
    source_of: Callable[[str, str], MetricSource],
    gaps: list[CollectionGap],
) -> Iterator[tuple[MetricSource, Call]]:
    """The calls to each source; targets without a source become gaps."""
    by_source: dict[int, tuple[MetricSource, list[MetricTarget]]] = {}
    for location, location_targets in _by_location(targets).items():
        try:
            source = _source(settled, source_of, *location)
        except ObservationError as error:
            gaps += dict.fromkeys(
                collector_gap(target.collector, error, component=target.resource.component)
                for target in location_targets
            )
        else:
            by_source.setdefault(id(source), (source, []))[1].extend(location_targets)
    for source, asked in by_source.values():
        queries = [Query(target, spec) for target in asked for spec in target.specs]
        for call in pack_calls(queries, lambda _query: settled.length):
            yield source, Call(call, aligned_window(call, settled))


def _by_location(targets: Iterable[MetricTarget]) -> dict[tuple[str, str], list[MetricTarget]]:
    # A metric of a whole account, such as its user errors, is a target of each of its tables.
    by_location: dict[tuple[str, str], list[MetricTarget]] = defaultdict(list)
    for target in dict.fromkeys(targets):
        by_location[target.account_id, target.region].append(target)
    return by_location


def _source(
    settled: Window, source_of: Callable[[str, str], MetricSource], account_id: str, region: str
) -> MetricSource:
    """The source for a location. Raises: ObservationError, when there is none or the window has no complete minute."""
    if settled.length <= timedelta():
        raise ObservationError(
            Reason.NOT_ENOUGH_DATA, "the window holds no complete minute", remedy="raise run.lookback"
        )
    source = source_of(account_id, region)
    # A failed sign-in is reported once here and not in every call.
    _ = source.principal
    return source


def _fetched(calls: Iterable[tuple[MetricSource, Call]], concurrency: int) -> Iterator[_Outcome]:
    work = tuple(calls)
    with ThreadPoolExecutor(concurrency) as pool:
        for (source, call), fetched in zip(work, pool.map(lambda item: item[0].fetch(item[1]), work), strict=True):
            yield _Outcome(source=source, call=call, fetched=fetched)


def _series(query: Query, answer: Answer, settled: Window) -> CollectedSeries:
    target, spec, covered = query.target, query.spec, covered_window(query.spec, settled)
    points = (
        Point(period_end=utc_datetime(start) + spec.period, value=value * spec.scale)
        for start, value in zip(answer.starts, answer.values, strict=True)
    )
    return CollectedSeries(
        component=target.resource.component,
        series=Series(
            name=spec.series_name,
            labels=(
                ("aws_account_id", target.account_id),
                ("aws_region", target.region),
                *target.resource.labels,
                *spec.labels,
            ),
            period=spec.period,
            points=tuple(point for point in points if covered.start < point.period_end <= covered.end),
        ),
    )


def _metric_gap(query: Query, error: ObservationError, source: MetricSource) -> CollectionGap:
    return CollectionGap(
        collector=query.target.collector,
        component=query.target.resource.component,
        family=query.spec.series_name,
        reason=error.reason,
        detail=error.detail,
        remedy=error.remedy,
        source=error.source or _source_name(source),
        action=error.action or ACTION,
    )


def _source_name(source: MetricSource) -> str:
    return Location(account_id=source.account_id, region=source.region).source


def _provenance(outcomes: Iterable[_Outcome]) -> Iterator[Provenance]:
    """The source, principal and requests of each component."""
    requests: dict[str, list[str]] = defaultdict(list)
    sources: dict[str, MetricSource] = {}
    for outcome in outcomes:
        for component in {query.target.resource.component for query in outcome.call.queries}:
            sources[component] = outcome.source
            requests[component] += outcome.fetched.requests
    for component, source in sorted(sources.items()):
        yield Provenance(
            component=component,
            source=_source_name(source),
            principal=source.principal,
            requests=tuple(dict.fromkeys(requests[component])),
        )
