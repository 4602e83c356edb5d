"""Collects the metrics of every target over one window; every query ends as a series or as a gap."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from basewatch.collector import MetricTarget
from basewatch.errors import ObservationError
from basewatch.metrics import CollectedMetrics, CollectedSeries, CollectionGap, Provenance
from basewatch.model import Reason, Window
from basewatch.series import Point, Series
from basewatch.time_limit import TimeLimit
from collectors.cloudwatch.declared_targets import Location, collector_gap
from collectors.cloudwatch.planner import Call, Query, aligned_window, covered_window, pack_calls, settled_window
from collectors.cloudwatch.query_answer import ACTION, Answer
from collectors.cloudwatch.source import MetricSource
from collectors.cloudwatch.timely_calls import (
    CallOutcome,
    Place,
    SourceOf,
    Sources,
    fetch_calls,
    signed_in_sources,
)
from collectors.cloudwatch.wire import utc_datetime

DEFAULT_CONCURRENCY = 5
"""Concurrent calls to each source."""
_LONGEST_SECONDS = 600.0


def collect(
    targets: Iterable[MetricTarget],
    gaps: Iterable[CollectionGap],
    window: Window,
    source_of: SourceOf,
    *,
    concurrency: int = DEFAULT_CONCURRENCY,
    limit: TimeLimit | None = None,
) -> CollectedMetrics:
    """The metrics of all targets over `window`, as `collect_parts` collects them. `gaps` are those known before."""
    (only,) = collect_parts([(targets, window)], source_of, concurrency=concurrency, limit=limit)
    return replace(only, gaps=_sorted((*gaps, *only.gaps)))


def collect_parts(
    parts: Iterable[tuple[Iterable[MetricTarget], Window]],
    source_of: SourceOf,
    *,
    concurrency: int = DEFAULT_CONCURRENCY,
    limit: TimeLimit | None = None,
) -> tuple[CollectedMetrics, ...]:
    """The metrics of the targets of each part over its window, shifted back by SETTLE_DELAY; all parts at once.

    `source_of` returns the source for an account and region, always the same object for the same source, or raises
    ObservationError. AWS errors do not raise: every query ends as a CollectedSeries or a CollectionGap. What is not
    answered when the limit is over is a gap with reason timeout. A source that is slow delays no other.
    """
    limit = limit or TimeLimit.after(_LONGEST_SECONDS)
    wanted = [(_by_location(targets), settled_window(window)) for targets, window in parts]
    sources = signed_in_sources(dict.fromkeys(place for places, _ in wanted for place in places), source_of, limit)
    calls = [
        (part, source, call)
        for part, (places, settled) in enumerate(wanted)
        for source, call in _calls(places, settled, sources)
    ]
    outcomes = fetch_calls(calls, concurrency, limit)
    return tuple(
        _collected(places, settled, sources, [each for each in outcomes if each.part == part])
        for part, (places, settled) in enumerate(wanted)
    )


def _collected(
    places: Mapping[Place, list[MetricTarget]], settled: Window, sources: Sources, outcomes: Sequence[CallOutcome]
) -> CollectedMetrics:
    collected, gaps = list[CollectedSeries](), list[CollectionGap]()
    for place, targets in places.items():
        source = sources[place]
        error = source if isinstance(source, ObservationError) else _too_short(settled)
        if error is not None:
            gaps += dict.fromkeys(
                collector_gap(each.collector, error, component=each.resource.component) for each in targets
            )
    for outcome in outcomes:
        for query, answer in zip(outcome.call.queries, outcome.fetched.answers, strict=True):
            if answer.error is None:
                collected.append(_series(query, answer, settled))
            else:
                gaps.append(_metric_gap(query, answer.error, outcome.source))
    return CollectedMetrics(
        window=settled,
        collected_series=tuple(sorted(collected, key=lambda each: (each.series.name, each.series.labels))),
        gaps=_sorted(gaps),
        provenance=tuple(_provenance(outcomes)),
    )


def _sorted(gaps: Iterable[CollectionGap]) -> tuple[CollectionGap, ...]:
    return tuple(sorted(gaps, key=lambda gap: (gap.component, gap.collector, gap.family)))


def _by_location(targets: Iterable[MetricTarget]) -> Mapping[Place, list[MetricTarget]]:
    # A metric of a whole account, such as its user errors, is a target of each of its tables.
    by_location: dict[Place, list[MetricTarget]] = defaultdict(list)
    for target in dict.fromkeys(targets):
        by_location[target.account_id, target.region].append(target)
    return by_location


def _too_short(settled: Window) -> ObservationError | None:
    if settled.length > timedelta():
        return None
    return ObservationError(Reason.NOT_ENOUGH_DATA, "the window holds no complete minute", remedy="raise run.lookback")


def _calls(
    places: Mapping[Place, list[MetricTarget]], settled: Window, sources: Sources
) -> Iterator[tuple[MetricSource, Call]]:
    """The calls to each source over a window that has a complete minute."""
    by_source: dict[int, tuple[MetricSource, list[MetricTarget]]] = {}
    for place, targets in places.items():
        source = sources[place]
        if not isinstance(source, ObservationError) and _too_short(settled) is None:
            by_source.setdefault(id(source), (source, []))[1].extend(targets)
    for source, asked in by_source.values():
        queries = [Query(target, spec) for target in asked for spec in target.specs]
        for call in pack_calls(queries, lambda _query: settled.length):
            yield source, Call(call, aligned_window(call, settled))


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


def _provenance(outcomes: Iterable[CallOutcome]) -> Iterator[Provenance]:
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
