"""What `basewatch plan` prints: the verdicts, requests, cost and privileges of a pass, computed without a request."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass

import orjson

from basewatch.aws import AwsClient
from workflows.cost import RequestCost, ServeCost, TierCost, monthly_cost
from workflows.declared_arns import distinct_requests
from workflows.plan import Plan
from workflows.terminal import unchecked_text

_ROW = "  {:<11}{:>6}{:>7}  {:<20}{:>8}{:>9}  {}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """The verdicts, requests, cost and privileges of a plan."""

    components: int
    pairs: tuple[tuple[str, str], ...]
    unchecked: tuple[tuple[str, str], ...]
    observations: int
    requests: int
    run: RequestCost
    serve: ServeCost
    needs: tuple[str, ...]

    def as_json(self) -> str:
        """The forecast as one JSON object."""
        return orjson.dumps(asdict(self), option=orjson.OPT_INDENT_2).decode()

    def as_text(self) -> str:
        """The forecast as text."""
        lines = [f"{check:<28} {component}" for check, component in self.pairs]
        return "\n".join([*lines, "", *self._summary()])

    def _summary(self) -> Iterator[str]:
        yield f"{len(self.pairs)} verdicts of {self.components} components, from {self.observations} observations"
        yield f"about {self.requests} distinct requests to AWS for them, each sent once; more for pages and samples"
        yield f"basewatch run: {_requests(self.run)}"
        yield from _serve_lines(self.serve)
        yield from unchecked_text(self.unchecked)
        yield f"privileges: {', '.join(self.needs)}"


def forecast(plan: Plan) -> Forecast:
    """The forecast of `plan`. Each window is taken to be as long as the interval between runs."""
    serve = monthly_cost(plan)
    return Forecast(
        components=len({p.component.ref for p in plan.checks}),
        pairs=tuple((pair.check, pair.component) for pair in plan.expected),
        unchecked=plan.unchecked,
        observations=len({(p.check.observation_name, p.component.ref) for p in plan.checks}),
        requests=distinct_requests(
            plan.config,
            ((need, p.component) for p in plan.checks if p.check.client_type is AwsClient for need in p.check.needs),
        ),
        run=serve.scheduled_runs,
        serve=serve,
        needs=tuple(sorted({need for p in plan.checks for need in p.check.needs})),
    )


def _requests(cost: RequestCost) -> str:
    calls = f"{cost.calls} GetMetricData call{'s' * (cost.calls != 1)}"
    read = f"{cost.metrics:,} metrics ({cost.queries:,} queries, {cost.datapoints:,} datapoints)"
    return f"every {cost.every}, {calls} for {read}: {_dollars(cost.dollars_lower, cost.dollars_upper)} a month"


def _dollars(lower: float, upper: float) -> str:
    return f"${lower:,.2f} to ${upper:,.2f}"


def _serve_lines(serve: ServeCost) -> Iterator[str]:
    yield (
        f"basewatch serve: {_dollars(serve.dollars_lower, serve.dollars_upper)} a month with its passes "
        "(if up to five statistics of a metric are billed as one, or each)"
    )
    yield _ROW.format("tier", "every", "calls", "collector", "metrics", "queries", "a month").rstrip()
    for tier in serve.tiers:
        yield from _tier_lines(tier)
    if serve.list_metrics_requests:
        count = serve.list_metrics_requests
        requests = f"at least {count} ListMetrics request{'s' * (count != 1)}"
        dollars = f"${serve.list_metrics_dollars:,.2f} a month"
        yield f"  discovery every {serve.discovery_every}: {requests}, {dollars}; discovered resources cost extra"
    if serve.budget is not None:
        yield from _budget_lines(serve, serve.budget, serve.budget_used_ratio or 0.0)


def _tier_lines(tier: TierCost) -> Iterator[str]:
    if not tier.queries:
        return
    total = _dollars(tier.dollars_lower, tier.dollars_upper)
    yield _ROW.format(tier.tier, tier.every, tier.calls, "all", f"{tier.metrics:,}", f"{tier.queries:,}", total)
    for part in tier.collectors:
        dollars = _dollars(part.dollars_lower, part.dollars_upper)
        yield _ROW.format("", "", "", part.collector, f"{part.metrics:,}", f"{part.queries:,}", dollars)


def _budget_lines(serve: ServeCost, budget: float, used: float) -> Iterator[str]:
    slower = [
        f"{tier.tier} every {tier.every} instead of {tier.configured}"
        for tier in serve.tiers
        if tier.every != tier.configured
    ]
    yield f"budget ${budget:,.2f} a month: {used:.0%} used" + (f", with {', '.join(slower)}" if slower else "")
    if used > 1:
        yield "the budget is not enough: the fast tier is never slowed down; raise the budget or declare less"
