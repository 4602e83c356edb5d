"""Collects the metrics of every declared component: what is known over the window, and what could not be found out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta

from basewatch.collector import AnyCollector
from basewatch.components import Component
from basewatch.errors import CouldNotLook
from basewatch.metrics import Asked, Collected, Gap, Reading
from basewatch.model import Point, Reason, Series, Window
from collectors.cloudwatch.client import MetricDataClient
from collectors.cloudwatch.fetch import Answer, Fetched, fetch
from collectors.cloudwatch.planner import Batch, Query, covered, plan, settled
from collectors.cloudwatch.source import MetricSource, Patience
from collectors.cloudwatch.wire import moment

CONCURRENCY = 4
"""Calls under way at once: at 50 ms each, well under CloudWatch's default quota of 50 a second."""


@dataclass(slots=True)
class _Account:
    """One source and what is asked of it."""

    source: MetricSource
    queries: list[Query] = field(default_factory=list[Query])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outcome:
    """What came of one batch."""

    source: MetricSource
    batch: Batch
    fetched: Fetched


def collect(
    collectors: Iterable[AnyCollector],
    components: Iterable[Component],
    window: Window,
    source_of: Callable[[Component], MetricSource],
    patience: Patience | None = None,
) -> Collected:
    """Every metric that the collectors ask of the components, over `window` moved back by the planner's SETTLE.

    `source_of` names the account and region a component lives in and may raise CouldNotLook. Nothing that AWS does
    raises here: what could not be collected is a Gap, and every query ends as a Reading or a Gap.
    """
    patience, span, gaps = patience or Patience(), settled(window), list[Gap]()
    accounts = _accounts(collectors, components, source_of, gaps)
    outcomes = tuple(_fetch_all(accounts, span, patience, gaps))
    readings = list[Reading]()
    for outcome in outcomes:
        for query, answer in zip(outcome.batch.queries, outcome.fetched.answers, strict=True):
            if answer.missing is None:
                readings.append(_reading(query, answer, outcome.source, span))
            else:
                gaps.append(_gap(query, answer.missing))
    return Collected(
        window=span,
        readings=tuple(sorted(readings, key=lambda reading: (reading.series.name, reading.series.labels))),
        gaps=tuple(sorted(gaps, key=lambda gap: (gap.component, gap.collector, gap.family))),
        asked=tuple(_asked(outcomes)),
    )


def _accounts(
    collectors: Iterable[AnyCollector],
    components: Iterable[Component],
    source_of: Callable[[Component], MetricSource],
    gaps: list[Gap],
) -> Iterable[_Account]:
    """What to ask of each account and region; components without one become gaps."""
    accounts: dict[tuple[str, str], _Account] = {}
    everything = tuple(components)
    for collector in collectors:
        for component in everything:
            if not isinstance(component, collector.component):
                continue
            try:
                source = source_of(component)
            except CouldNotLook as error:
                gaps.append(_gap_of_all(collector.name, component.ref, error))
                continue
            account = accounts.setdefault((source.account_id, source.region), _Account(source))
            account.queries += [
                Query(collector=collector.name, resource=resource, spec=spec)
                for resource, specs in collector.resources(component)
                for spec in specs
            ]
    return accounts.values()


def _fetch_all(accounts: Iterable[_Account], span: Window, patience: Patience, gaps: list[Gap]) -> Iterator[_Outcome]:
    work: list[tuple[MetricSource, MetricDataClient, Batch]] = []
    for account in accounts:
        try:
            client = _client(account.source, span, patience)
        except CouldNotLook as error:
            gaps += {_gap_of_all(query.collector, query.resource.component, error) for query in account.queries}
            continue
        work += [(account.source, client, batch) for batch in plan(account.queries, span)]
    with ThreadPoolExecutor(CONCURRENCY) as pool:
        for (source, _, batch), fetched in zip(
            work, pool.map(lambda item: fetch(item[1], item[2], patience), work), strict=True
        ):
            yield _Outcome(source=source, batch=batch, fetched=fetched)


def _client(source: MetricSource, span: Window, patience: Patience) -> MetricDataClient:
    """The account's client. Raises: CouldNotLook, when it cannot be signed in to or there is nothing to ask for."""
    if span.length <= timedelta():
        raise CouldNotLook(Reason.NOT_ENOUGH_DATA, "the window holds no complete minute", remedy="raise run.lookback")
    return MetricDataClient(source, patience)


def _reading(query: Query, answer: Answer, source: MetricSource, span: Window) -> Reading:
    spec, whole = query.spec, covered(query.spec, span)
    points = (
        Point(period_end=moment(at) + spec.period, value=value * spec.factor) for at, value in sorted(answer.points)
    )
    return Reading(
        component=query.resource.component,
        series=Series(
            name=spec.name,
            labels=(
                ("aws_account_id", source.account_id),
                ("aws_region", source.region),
                *query.resource.labels,
                *spec.labels,
            ),
            period=spec.period,
            points=tuple(point for point in points if whole.start < point.period_end <= whole.end),
        ),
    )


def _gap(query: Query, error: CouldNotLook) -> Gap:
    return Gap(
        collector=query.collector,
        component=query.resource.component,
        family=query.spec.name,
        reason=error.reason,
        detail=error.detail,
        remedy=error.remedy,
    )


def _gap_of_all(collector: str, component: str, error: CouldNotLook) -> Gap:
    return Gap(collector=collector, component=component, reason=error.reason, detail=error.detail, remedy=error.remedy)


def _asked(outcomes: Iterable[_Outcome]) -> Iterator[Asked]:
    """Who was asked about each component, by whom, and in which requests."""
    requests: dict[str, list[str]] = defaultdict(list)
    sources: dict[str, MetricSource] = {}
    for outcome in outcomes:
        for component in {query.resource.component for query in outcome.batch.queries}:
            sources[component] = outcome.source
            requests[component] += outcome.fetched.requests
    for component, source in sorted(sources.items()):
        yield Asked(
            component=component,
            source=f"aws:{source.account_id}/{source.region}",
            principal=source.principal,
            requests=tuple(dict.fromkeys(requests[component])),
        )
