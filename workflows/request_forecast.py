"""What a pass would ask, and what that costs, worked out without asking."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass

import orjson

from workflows.cost import RequestCost, ServeCost, TierCost, monthly_cost
from workflows.plan import Plan
from workflows.terminal import unchecked_text

_ROW = "  {:<11}{:>6}{:>7}  {:<20}{:>8}{:>9}  {}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What a pass over a plan would ask, and what `serve` would in a month."""

    components: int
    pairs: tuple[tuple[str, str], ...]
    unchecked: tuple[tuple[str, str], ...]
    observations: int
    run: RequestCost
    serve: ServeCost
    needs: tuple[str, ...]

    def as_json(self) -> str:
        """The forecast as one JSON object."""
        return orjson.dumps(asdict(self), option=orjson.OPT_INDENT_2).decode()

    def as_text(self) -> str:
        """The forecast for a person."""
        lines = [f"{check:<28} {component}" for check, component in self.pairs]
        return "\n".join([*lines, "", *self._summary()])

    def _summary(self) -> Iterator[str]:
        yield f"{len(self.pairs)} verdicts of {self.components} components, by {self.observations} observations"
        yield f"basewatch run: {_asked(self.run)}"
        yield from _serving(self.serve)
        yield from unchecked_text(self.unchecked)
        yield f"privileges: {', '.join(self.needs)}"


def forecast(plan: Plan) -> Forecast:
    """What a pass over `plan` would ask, when each window is as long as the cadence."""
    serve = monthly_cost(plan)
    return Forecast(
        components=len({p.component.ref for p in plan.checks}),
        pairs=tuple((pair.check, pair.component) for pair in plan.expected),
        unchecked=plan.unchecked,
        observations=len({(p.check.observation_name, p.component.ref) for p in plan.checks}),
        run=serve.passes,
        serve=serve,
        needs=tuple(sorted({need for p in plan.checks for need in p.check.needs})),
    )


def _asked(cost: RequestCost) -> str:
    calls = f"{cost.calls} GetMetricData call{'s' * (cost.calls != 1)}"
    asked = f"{cost.metrics:,} metrics ({cost.queries:,} queries, {cost.datapoints:,} datapoints)"
    return f"every {cost.every}, {calls} for {asked}: {_dollars(cost.dollars, cost.dollars_at_most)} a month"


def _dollars(least: float, most: float) -> str:
    return f"${least:,.2f} to ${most:,.2f}"


def _serving(serve: ServeCost) -> Iterator[str]:
    yield (
        f"basewatch serve: {_dollars(serve.dollars, serve.dollars_at_most)} a month with its passes: "
        "five statistics of a metric billed as one, or each"
    )
    yield _ROW.format("tier", "every", "calls", "collector", "metrics", "queries", "a month").rstrip()
    for tier in serve.tiers:
        yield from _tier(tier)
    if serve.listings:
        requests = f"{serve.listings} ListMetrics request{'s' * (serve.listings != 1)} at least"
        dollars = f"${serve.listing_dollars:,.2f} a month"
        yield f"  discovery every {serve.discovery}: {requests}, {dollars}; what it finds comes on top"
    if serve.budget is not None:
        yield from _budget(serve, serve.budget, serve.budget_used or 0.0)


def _tier(tier: TierCost) -> Iterator[str]:
    if not tier.queries:
        return
    total = _dollars(tier.dollars, tier.dollars_at_most)
    yield _ROW.format(tier.tier, tier.every, tier.calls, "all", f"{tier.metrics:,}", f"{tier.queries:,}", total)
    for part in tier.collectors:
        dollars = _dollars(part.dollars, part.dollars_at_most)
        yield _ROW.format("", "", "", part.collector, f"{part.metrics:,}", f"{part.queries:,}", dollars)


def _budget(serve: ServeCost, budget: float, used: float) -> Iterator[str]:
    slower = [
        f"{tier.tier} every {tier.every} and not {tier.configured}"
        for tier in serve.tiers
        if tier.every != tier.configured
    ]
    yield f"budget ${budget:,.2f} a month: {used:.0%} used" + (f", as it asks {', '.join(slower)}" if slower else "")
    if used > 1:
        yield "the budget is not enough: what pages people is never asked less often; raise it, or declare less"
