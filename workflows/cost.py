"""The CloudWatch requests and cost of a month, computed from the configuration alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from datetime import timedelta

from basewatch.collector import RefreshTier
from basewatch.config import Config
from basewatch.quantities import format_duration, parse_duration
from collectors.cloudwatch.cost import Usage, fit_budget, usage_of
from collectors.cloudwatch.declared_targets import declared_targets
from collectors.cloudwatch.discovery.plan import discovery_queries, resource_searches
from collectors.cloudwatch.discovery.queries import ListQuery
from collectors.cloudwatch.layout import allowed_lateness_of
from collectors.cloudwatch.planner import Query, count_billable, pack_calls
from workflows.clients import AwsSessions
from workflows.past_metrics import past_targets
from workflows.plan import Plan
from workflows.windows import warm_up_of

PackedCalls = tuple[tuple[Query, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestCost:
    """The requests of one repetition, and the cost of a month in US dollars.

    AWS' price can be read in two ways. `dollars_lower` counts up to five statistics of one metric as one metric, as AWS
    documents; `dollars_upper` counts every query.
    """

    every: str
    calls: int
    metrics: int
    queries: int
    datapoints: int
    dollars_lower: float
    dollars_upper: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectorCost:
    """The part of a tier that one collector has; calls are shared by all collectors."""

    collector: str
    metrics: int
    queries: int
    dollars_lower: float
    dollars_upper: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TierCost(RequestCost):
    """One tier of `serve`. `every` is its effective interval; `configured` is the interval before the budget."""

    tier: RefreshTier
    configured: str
    collectors: tuple[CollectorCost, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeCost:
    """A month of `serve`: its tiers, its discovery, and its scheduled runs.

    `list_metrics_requests` is the least number for one discovery: more pages, and the metrics of resources that are
    discovered, are not included. `budget_used_ratio` is `dollars_upper` divided by the budget; None without a budget.
    """

    tiers: tuple[TierCost, ...]
    discovery_every: str
    list_metrics_requests: int
    list_metrics_dollars: float
    scheduled_runs: RequestCost
    dollars_lower: float
    dollars_upper: float
    budget: float | None
    budget_used_ratio: float | None


def monthly_cost(plan: Plan) -> ServeCost:
    """The requests and cost of a month of the plan. No request is sent."""
    config, sources = plan.config.collectors, _queries(plan)
    every = {RefreshTier.FAST: config.fast, RefreshTier.STANDARD: config.standard, RefreshTier.SLOW: config.slow}
    calls = {tier: _calls(sources, tier, interval) for tier, interval in every.items()}
    once = {tier: usage_of(calls[tier], _length(calls[tier], interval)) for tier, interval in every.items()}
    runs, requests = _scheduled_runs(plan, sources), _list_metrics_requests(plan)
    listing = Usage(listings=requests).monthly(config.discover_every)
    fixed = runs.dollars_upper + listing.dollars
    fitted = fit_budget(every, once, config.budget, fixed_dollars=fixed)
    tiers = tuple(_tier(tier, calls[tier], once[tier], fitted.tier_intervals[tier], every[tier]) for tier in every)
    return ServeCost(
        tiers=tiers,
        discovery_every=format_duration(config.discover_every),
        list_metrics_requests=requests,
        list_metrics_dollars=listing.dollars,
        scheduled_runs=runs,
        dollars_lower=sum(tier.dollars_lower for tier in tiers) + listing.dollars + runs.dollars_lower,
        dollars_upper=fitted.dollars_upper,
        budget=config.budget,
        budget_used_ratio=fitted.budget_ratio,
    )


def config_within_budget(plan: Plan) -> Config:
    """The configuration with the intervals of the tiers as its budget lengthens them for the declared components.

    Rules are generated for these: a window of three configured intervals may hold no refresh of a longer one.
    """
    config = plan.config
    if config.collectors.budget is None:
        return config
    every = {tier.tier.value: parse_duration(tier.every) for tier in monthly_cost(plan).tiers}
    return config.model_copy(update={"collectors": config.collectors.model_copy(update=every)})


def fixed_monthly_cost(plan: Plan) -> float:
    """The upper cost estimate of a month of `serve` without its tiers: discovery and scheduled runs."""
    listing = Usage(listings=_list_metrics_requests(plan)).monthly(plan.config.collectors.discover_every)
    return _scheduled_runs(plan, _queries(plan)).dollars_upper + listing.dollars


def _queries(plan: Plan) -> tuple[tuple[Query, ...], ...]:
    """Every query for declared components, by the account and region that are asked."""
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


def _scheduled_runs(plan: Plan, sources: Iterable[tuple[Query, ...]]) -> RequestCost:
    """The scheduled runs. Each reads every tier over the time since the last run, and the past of objectives."""
    run, warm_up, once = plan.config.run, warm_up_of(plan.warm_ups), Usage()
    for queries in sources:
        by_length: dict[timedelta, list[Query]] = defaultdict(list)
        for query in queries:
            by_length[max(run.every, run.lookback) + warm_up(query.target)].append(query)
        for length, same_length in by_length.items():
            once += _one_read(same_length, length)
        targets = dict.fromkeys(query.target for query in queries)
        for length, some in past_targets(targets, plan.past_needs).items():
            past = [Query(target, spec) for target in some for spec in target.specs]
            once += _one_read(past, length + max(run.every, run.lookback))
    return _cost(once, run.every)


def _one_read(queries: Iterable[Query], length: timedelta) -> Usage:
    """The usage of reading the queries once over a window."""
    return usage_of(pack_calls(queries, lambda _query: length), length)


def _cost(once: Usage, every: timedelta) -> RequestCost:
    month = once.monthly(every)
    return RequestCost(
        every=format_duration(every),
        calls=int(once.calls),
        metrics=int(once.metrics),
        queries=int(once.queries),
        datapoints=int(once.datapoints),
        dollars_lower=month.dollars,
        dollars_upper=month.dollars_upper,
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
    usage: dict[str, Usage] = defaultdict(Usage)
    for call in calls:
        for collector, (queries, metrics) in count_billable(call).items():
            usage[collector] += Usage(queries=queries, metrics=metrics)
    for collector, once in sorted(usage.items()):
        month = once.monthly(every)
        yield CollectorCost(
            collector=collector,
            metrics=int(once.metrics),
            queries=int(once.queries),
            dollars_lower=month.dollars,
            dollars_upper=month.dollars_upper,
        )


def _list_metrics_requests(plan: Plan) -> int:
    """The number of ListMetrics listings in one discovery."""
    sessions = AwsSessions(plan.config, {})
    if not plan.config.collectors.discover:
        return 0
    searches = resource_searches(
        plan.collectors,
        plan.config.collectors,
        lambda wanted: sessions.location_of(wanted.account, wanted.region),
        sessions.monitoring_account,
    )
    return sum(isinstance(query, ListQuery) for query in discovery_queries(searches, ()))
