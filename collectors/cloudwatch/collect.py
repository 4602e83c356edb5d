"""Collects the metrics of every target over one window: what is known, and what could not be found out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta

from basewatch.collector import MetricTarget
from basewatch.errors import ObservationError
from basewatch.metrics import CollectedMetrics, CollectedSeries, CollectionGap, Provenance
from basewatch.model import Point, Reason, Series, Window
from collectors.cloudwatch.declared_targets import collector_gap as gap_of_all
from collectors.cloudwatch.fetch import Answer, FetchResult
from collectors.cloudwatch.planner import Call, Query, aligned_window, covered_window, pack_calls, settled_window
from collectors.cloudwatch.source import MetricSource
from collectors.cloudwatch.wire import utc_datetime

DEFAULT_CONCURRENCY = 5
"""Calls under way at once, of all accounts together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outcome:
    """What came of one call."""

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
    """Every metric of the targets, over `window` moved back by the planner's SETTLE; `gaps` are known before.

    `source_of` gives who is asked about an account's region, the same object for the same one to ask, and may raise
    ObservationError. Nothing that AWS does raises here: every query ends as a Reading or a Gap.
    """
    span, known = settled_window(window), list(gaps)
    outcomes = tuple(_fetched(_calls(targets, span, source_of, known), concurrency))
    readings = list[CollectedSeries]()
    for outcome in outcomes:
        for query, answer in zip(outcome.call.queries, outcome.fetched.answers, strict=True):
            if answer.error is None:
                readings.append(_reading(query, answer, span))
            else:
                known.append(_gap(query, answer.error))
    return CollectedMetrics(
        window=span,
        collected_series=tuple(sorted(readings, key=lambda reading: (reading.series.name, reading.series.labels))),
        gaps=tuple(sorted(known, key=lambda gap: (gap.component, gap.collector, gap.family))),
        provenance=tuple(_asked(outcomes)),
    )


def _calls(
    targets: Iterable[MetricTarget],
    span: Window,
    source_of: Callable[[str, str], MetricSource],
    gaps: list[CollectionGap],
) -> Iterator[tuple[MetricSource, Call]]:
    """What to ask of each source; targets that nobody can be asked about become gaps."""
    by_source: dict[int, tuple[MetricSource, list[MetricTarget]]] = {}
    for place, there in _by_place(targets).items():
        try:
            source = _source(span, source_of, *place)
        except ObservationError as error:
            gaps += dict.fromkeys(
                gap_of_all(target.collector, error, component=target.resource.component) for target in there
            )
        else:
            by_source.setdefault(id(source), (source, []))[1].extend(there)
    for source, asked in by_source.values():
        queries = [Query(target, spec) for target in asked for spec in target.specs]
        for call in pack_calls(queries, lambda _query: span.length):
            yield source, Call(call, aligned_window(call, span))


def _by_place(targets: Iterable[MetricTarget]) -> dict[tuple[str, str], list[MetricTarget]]:
    # What an account has only one of, such as its user errors, is a target of each of its tables.
    places: dict[tuple[str, str], list[MetricTarget]] = defaultdict(list)
    for target in dict.fromkeys(targets):
        places[target.account_id, target.region].append(target)
    return places


def _source(span: Window, source_of: Callable[[str, str], MetricSource], account_id: str, region: str) -> MetricSource:
    """Who is asked about the place. Raises: ObservationError, when nobody can be, or there is nothing to ask for."""
    if span.length <= timedelta():
        raise ObservationError(
            Reason.NOT_ENOUGH_DATA, "the window holds no complete minute", remedy="raise run.lookback"
        )
    source = source_of(account_id, region)
    # Signing in fails here once, and not in each call.
    _ = source.principal
    return source


def _fetched(calls: Iterable[tuple[MetricSource, Call]], concurrency: int) -> Iterator[_Outcome]:
    work = tuple(calls)
    with ThreadPoolExecutor(concurrency) as pool:
        for (source, call), fetched in zip(work, pool.map(lambda item: item[0].fetch(item[1]), work), strict=True):
            yield _Outcome(source=source, call=call, fetched=fetched)


def _reading(query: Query, answer: Answer, span: Window) -> CollectedSeries:
    target, spec, whole = query.target, query.spec, covered_window(query.spec, span)
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
            points=tuple(point for point in points if whole.start < point.period_end <= whole.end),
        ),
    )


def _gap(query: Query, error: ObservationError) -> CollectionGap:
    return CollectionGap(
        collector=query.target.collector,
        component=query.target.resource.component,
        family=query.spec.series_name,
        reason=error.reason,
        detail=error.detail,
        remedy=error.remedy,
    )


def _asked(outcomes: Iterable[_Outcome]) -> Iterator[Provenance]:
    """Who was asked about each component, by whom, and in which requests."""
    requests: dict[str, list[str]] = defaultdict(list)
    sources: dict[str, MetricSource] = {}
    for outcome in outcomes:
        for component in {query.target.resource.component for query in outcome.call.queries}:
            sources[component] = outcome.source
            requests[component] += outcome.fetched.requests
    for component, source in sorted(sources.items()):
        yield Provenance(
            component=component,
            source=f"aws:{source.account_id}/{source.region}",
            principal=source.principal,
            requests=tuple(dict.fromkeys(requests[component])),
        )
