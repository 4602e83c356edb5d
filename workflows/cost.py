"""What a month of metrics asks of CloudWatch and costs, worked out from the configuration alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from datetime import timedelta

from basewatch.collector import RefreshTier
from basewatch.quantities import format_duration
from collectors.cloudwatch.cost import Usage, fit_budget, usage_of
from collectors.cloudwatch.declared_targets import declared_targets
from collectors.cloudwatch.discovery.plan import discovery_queries, resource_searches
from collectors.cloudwatch.discovery.queries import ListQuery
from collectors.cloudwatch.layout import allowed_lateness_of
from collectors.cloudwatch.planner import Query, count_billable, pack_calls
from workflows.clients import AwsSessions
from workflows.plan import Plan
from workflows.windows import warm_up_of

PackedCalls = tuple[tuple[Query, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestCost:
    """What is asked each time, and dollars a month in both readings of AWS' price.

    `dollars` counts up to five statistics of one metric as one, as AWS writes; `dollars_at_most` counts every query.
    """

    every: str
    calls: int
    metrics: int
    queries: int
    datapoints: int
    dollars: float
    dollars_at_most: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectorCost:
    """A collector's part of a tier; calls are shared by all of them."""

    collector: str
    metrics: int
    queries: int
    dollars: float
    dollars_at_most: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TierCost(RequestCost):
    """One tier of `serve`; `configured` is how often it is meant to be asked, where the budget stretched that."""

    tier: RefreshTier
    configured: str
    collectors: tuple[CollectorCost, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeCost:
    """A month of `serve`: its tiers, discovery, and the passes that it makes besides.

    `listings` are requests to ListMetrics each time, at least: further pages of them are not foreseen, and neither is
    what they find. `budget_used` is the dearer reading's share of the budget, None without one.
    """

    tiers: tuple[TierCost, ...]
    discovery: str
    listings: int
    listing_dollars: float
    passes: RequestCost
    dollars: float
    dollars_at_most: float
    budget: float | None
    budget_used: float | None


def monthly_cost(plan: Plan) -> ServeCost:
    """What a month of the plan asks and costs; nobody is asked."""
    config, sources = plan.config.collectors, _queries(plan)
    every = {RefreshTier.FAST: config.fast, RefreshTier.STANDARD: config.every, RefreshTier.SLOW: config.slow}
    calls = {tier: _calls(sources, tier, span) for tier, span in every.items()}
    once = {tier: usage_of(calls[tier], _length(calls[tier], span)) for tier, span in every.items()}
    passes, listings = _pass(plan, sources), _listings(plan)
    listing = Usage(listings=listings).monthly(config.discover_every)
    fixed = passes.dollars_at_most + listing.dollars
    kept = fit_budget(every, once, config.budget, fixed_dollars=fixed)
    tiers = tuple(_tier(tier, calls[tier], once[tier], kept.tier_intervals[tier], every[tier]) for tier in every)
    return ServeCost(
        tiers=tiers,
        discovery=format_duration(config.discover_every),
        listings=listings,
        listing_dollars=listing.dollars,
        passes=passes,
        dollars=sum(tier.dollars for tier in tiers) + listing.dollars + passes.dollars,
        dollars_at_most=kept.dollars_upper,
        budget=config.budget,
        budget_used=kept.budget_ratio,
    )


def fixed_monthly_cost(plan: Plan) -> float:
    """What a month of `serve` costs besides its tiers, at the dearer reading: discovery and passes."""
    listing = Usage(listings=_listings(plan)).monthly(plan.config.collectors.discover_every)
    return _pass(plan, _queries(plan)).dollars_at_most + listing.dollars


def _queries(plan: Plan) -> tuple[tuple[Query, ...], ...]:
    """Everything that is asked of what is declared, by who is asked."""
    sessions = AwsSessions(plan.config, {})
    targets, _ = declared_targets(plan.collectors, plan.config.components, sessions.location)
    by_source: dict[tuple[str, str], list[Query]] = defaultdict(list)
    for target in dict.fromkeys(targets):
        queries = by_source[sessions.monitoring_account(target.account_id), target.region]
        queries += [Query(target, spec) for spec in target.specs]
    return tuple(map(tuple, by_source.values()))


def _calls(sources: Iterable[tuple[Query, ...]], tier: RefreshTier, every: timedelta) -> PackedCalls:
    return tuple(
        call
        for queries in sources
        for call in pack_calls(
            (query for query in queries if query.spec.tier is tier), lambda query: every + allowed_lateness_of(query)
        )
    )


def _length(calls: PackedCalls, every: timedelta) -> timedelta:
    return every + max((allowed_lateness_of(query) for call in calls for query in call), default=timedelta())


def _pass(plan: Plan, sources: Iterable[tuple[Query, ...]]) -> RequestCost:
    """A scheduled pass reads every tier over the whole time since the last one."""
    run, lead_of, once = plan.config.run, warm_up_of(plan.warm_ups), Usage()
    for queries in sources:
        apart: dict[timedelta, list[Query]] = defaultdict(list)
        for query in queries:
            apart[max(run.every, run.lookback) + lead_of(query.target)].append(query)
        for length, alike in apart.items():
            once += _reading(alike, length)
    return _cost(once, run.every)


def _reading(queries: Iterable[Query], length: timedelta) -> Usage:
    """What it takes to read queries once over a window."""
    return usage_of(pack_calls(queries, lambda _query: length), length)


def _cost(once: Usage, every: timedelta) -> RequestCost:
    month = once.monthly(every)
    return RequestCost(
        every=format_duration(every),
        calls=int(once.calls),
        metrics=int(once.metrics),
        queries=int(once.queries),
        datapoints=int(once.datapoints),
        dollars=month.dollars,
        dollars_at_most=month.dollars_upper,
    )


def _tier(tier: RefreshTier, calls: PackedCalls, once: Usage, every: timedelta, configured: timedelta) -> TierCost:
    cost = _cost(once, every)
    return TierCost(
        **{field.name: getattr(cost, field.name) for field in fields(cost)},
        tier=tier,
        configured=format_duration(configured),
        collectors=tuple(_collectors(calls, every)),
    )


def _collectors(calls: PackedCalls, every: timedelta) -> Iterator[CollectorCost]:
    asked: dict[str, Usage] = defaultdict(Usage)
    for call in calls:
        for collector, (queries, metrics) in count_billable(call).items():
            asked[collector] += Usage(queries=queries, metrics=metrics)
    for collector, once in sorted(asked.items()):
        month = once.monthly(every)
        yield CollectorCost(
            collector=collector,
            metrics=int(once.metrics),
            queries=int(once.queries),
            dollars=month.dollars,
            dollars_at_most=month.dollars_upper,
        )


def _listings(plan: Plan) -> int:
    """The chains of requests to ListMetrics that discovery makes each time."""
    sessions = AwsSessions(plan.config, {})
    if not plan.config.collectors.discover:
        return 0
    found = resource_searches(
        plan.collectors,
        plan.config.collectors,
        lambda wanted: sessions.location_of(wanted.account, wanted.region),
        sessions.monitoring_account,
    )
    return sum(isinstance(hunt, ListQuery) for hunt in discovery_queries(found, ()))
