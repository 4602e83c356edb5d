"""What a month of metrics asks of CloudWatch and costs, worked out from the configuration alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from datetime import timedelta

from basewatch.collector import Tier
from basewatch.quantities import duration_text
from collectors.cloudwatch.cost import Usage, stretched, usage
from collectors.cloudwatch.declared_targets import declared
from collectors.cloudwatch.discovery.list_metrics import Listing
from collectors.cloudwatch.discovery.plan import hunts_of, searches
from collectors.cloudwatch.layout import lookback_of
from collectors.cloudwatch.planner import Query, pack, tally
from workflows.clients import Sessions
from workflows.plan import Plan
from workflows.windows import read_before

Calls = tuple[tuple[Query, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
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
class TierCost(Cost):
    """One tier of `serve`; `configured` is how often it is meant to be asked, where the budget stretched that."""

    tier: Tier
    configured: str
    collectors: tuple[CollectorCost, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """A month of `serve`: its tiers, discovery, and the passes that it makes besides.

    `listings` are requests to ListMetrics each time, at least: further pages of them are not foreseen, and neither is
    what they find. `budget_used` is the dearer reading's share of the budget, None without one.
    """

    tiers: tuple[TierCost, ...]
    discovery: str
    listings: int
    listing_dollars: float
    passes: Cost
    dollars: float
    dollars_at_most: float
    budget: float | None
    budget_used: float | None


def spending(plan: Plan) -> Serving:
    """What a month of the plan asks and costs; nobody is asked."""
    config, sources = plan.config.collectors, _queries(plan)
    every = {Tier.FAST: config.fast, Tier.STANDARD: config.every, Tier.SLOW: config.slow}
    calls = {tier: _calls(sources, tier, span) for tier, span in every.items()}
    once = {tier: usage(calls[tier], _length(calls[tier], span)) for tier, span in every.items()}
    passes, listings = _pass(plan, sources), _listings(plan)
    listing = Usage(listings=listings).monthly(config.discover_every)
    fixed = passes.dollars_at_most + listing.dollars
    kept = stretched(every, once, config.budget, fixed=fixed)
    tiers = tuple(_tier(tier, calls[tier], once[tier], kept.every[tier], every[tier]) for tier in every)
    return Serving(
        tiers=tiers,
        discovery=duration_text(config.discover_every),
        listings=listings,
        listing_dollars=listing.dollars,
        passes=passes,
        dollars=sum(tier.dollars for tier in tiers) + listing.dollars + passes.dollars,
        dollars_at_most=kept.dollars_at_most,
        budget=config.budget,
        budget_used=kept.used,
    )


def fixed_dollars(plan: Plan) -> float:
    """What a month of `serve` costs besides its tiers, at the dearer reading: discovery and passes."""
    listing = Usage(listings=_listings(plan)).monthly(plan.config.collectors.discover_every)
    return _pass(plan, _queries(plan)).dollars_at_most + listing.dollars


def _queries(plan: Plan) -> tuple[tuple[Query, ...], ...]:
    """Everything that is asked of what is declared, by who is asked."""
    sessions = Sessions(plan.config, {})
    targets, _ = declared(plan.collectors, plan.config.components, sessions.place)
    by_source: dict[tuple[str, str], list[Query]] = defaultdict(list)
    for target in dict.fromkeys(targets):
        queries = by_source[sessions.monitor(target.account_id), target.region]
        queries += [Query(target, spec) for spec in target.specs]
    return tuple(map(tuple, by_source.values()))


def _calls(sources: Iterable[tuple[Query, ...]], tier: Tier, every: timedelta) -> Calls:
    return tuple(
        call
        for queries in sources
        for call in pack(
            (query for query in queries if query.spec.tier is tier), lambda query: every + lookback_of(query)
        )
    )


def _length(calls: Calls, every: timedelta) -> timedelta:
    return every + max((lookback_of(query) for call in calls for query in call), default=timedelta())


def _pass(plan: Plan, sources: Iterable[tuple[Query, ...]]) -> Cost:
    """A scheduled pass reads every tier over the whole time since the last one."""
    run, lead_of, once = plan.config.run, read_before(plan.leads), Usage()
    for queries in sources:
        apart: dict[timedelta, list[Query]] = defaultdict(list)
        for query in queries:
            apart[max(run.every, run.lookback) + lead_of(query.target)].append(query)
        for length, alike in apart.items():
            once += _reading(alike, length)
    return _cost(once, run.every)


def _reading(queries: Iterable[Query], length: timedelta) -> Usage:
    """What it takes to read queries once over a window."""
    return usage(pack(queries, lambda _query: length), length)


def _cost(once: Usage, every: timedelta) -> Cost:
    month = once.monthly(every)
    return Cost(
        every=duration_text(every),
        calls=int(once.calls),
        metrics=int(once.metrics),
        queries=int(once.queries),
        datapoints=int(once.datapoints),
        dollars=month.dollars,
        dollars_at_most=month.dollars_at_most,
    )


def _tier(tier: Tier, calls: Calls, once: Usage, every: timedelta, configured: timedelta) -> TierCost:
    cost = _cost(once, every)
    return TierCost(
        **{field.name: getattr(cost, field.name) for field in fields(cost)},
        tier=tier,
        configured=duration_text(configured),
        collectors=tuple(_collectors(calls, every)),
    )


def _collectors(calls: Calls, every: timedelta) -> Iterator[CollectorCost]:
    asked: dict[str, Usage] = defaultdict(Usage)
    for call in calls:
        for collector, (queries, metrics) in tally(call).items():
            asked[collector] += Usage(queries=queries, metrics=metrics)
    for collector, once in sorted(asked.items()):
        month = once.monthly(every)
        yield CollectorCost(
            collector=collector,
            metrics=int(once.metrics),
            queries=int(once.queries),
            dollars=month.dollars,
            dollars_at_most=month.dollars_at_most,
        )


def _listings(plan: Plan) -> int:
    """The chains of requests to ListMetrics that discovery makes each time."""
    sessions = Sessions(plan.config, {})
    if not plan.config.collectors.discover:
        return 0
    found = searches(
        plan.collectors,
        plan.config.collectors,
        lambda wanted: sessions.place_of(wanted.account, wanted.region),
        sessions.monitor,
    )
    return sum(isinstance(hunt, Listing) for hunt in hunts_of(found, ()))
