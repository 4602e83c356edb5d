"""What a pass would ask, and what that costs, worked out without asking."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

import orjson

from basewatch.components import InAccount
from basewatch.model import Window
from basewatch.quantities import duration_text
from collectors.cloudwatch.planner import Query
from collectors.cloudwatch.planner import plan as plan_calls
from workflows.plan import Plan
from workflows.screen import unchecked_text

# https://aws.amazon.com/cloudwatch/pricing/: $0.01 per 1,000 metrics requested by GetMetricData.
_DOLLARS_PER_METRIC = 1e-5
_MONTH = timedelta(days=30)
_STATISTICS_BILLED_AS_ONE = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """GetMetricData calls and metrics of one refresh, and dollars a month in both readings of AWS' price.

    `dollars` counts up to five statistics of one metric as one, as AWS writes; `dollars_at_most` counts every query.
    """

    every: str
    calls: int
    metrics: int
    queries: int
    dollars: float
    dollars_at_most: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What a pass over a plan would ask."""

    components: int
    pairs: tuple[tuple[str, str], ...]
    unchecked: tuple[tuple[str, str], ...]
    observations: int
    run: Cost
    serve: Cost
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
        for verb, cost in (("run", self.run), ("serve", self.serve)):
            calls = f"{cost.calls} GetMetricData call{'s' * (cost.calls != 1)}"
            asked = f"{cost.metrics} metrics ({cost.queries} queries)"
            dollars = f"${cost.dollars:.2f} to ${cost.dollars_at_most:.2f} a month"
            yield f"basewatch {verb}: every {cost.every}, {calls} for {asked}: {dollars}"
        yield from unchecked_text(self.unchecked)
        yield f"privileges: {', '.join(self.needs)}"


def forecast(plan: Plan) -> Forecast:
    """What a pass over `plan` would ask, when each window is as long as the cadence."""
    run, every = plan.config.run, plan.config.collectors.every
    return Forecast(
        components=len({p.component.ref for p in plan.checks}),
        pairs=tuple((pair.check, pair.component) for pair in plan.expected),
        unchecked=plan.unchecked,
        observations=len({(p.check.observation, p.component.ref) for p in plan.checks}),
        run=_cost(plan, run.every, max(run.every, run.lookback)),
        serve=_cost(plan, every, every),
        needs=tuple(sorted({need for p in plan.checks for need in p.check.needs})),
    )


def _cost(plan: Plan, every: timedelta, length: timedelta) -> Cost:
    end = datetime(2000, 1, 1, tzinfo=UTC)
    accounts: dict[tuple[str | None, str | None], list[Query]] = {}
    for query, place in _queries(plan):
        accounts.setdefault(place, []).append(query)
    calls = [call for queries in accounts.values() for call in plan_calls(queries, Window(start=end - length, end=end))]
    statistics: dict[tuple[object, ...], int] = {}
    for call in calls:
        for query in call.queries:
            statistics[query.metric] = statistics.get(query.metric, 0) + 1
    metrics = sum(-(-count // _STATISTICS_BILLED_AS_ONE) for count in statistics.values())
    queries = sum(statistics.values())
    refreshes = _MONTH / every
    return Cost(
        every=duration_text(every),
        calls=len(calls),
        metrics=metrics,
        queries=queries,
        dollars=metrics * refreshes * _DOLLARS_PER_METRIC,
        dollars_at_most=queries * refreshes * _DOLLARS_PER_METRIC,
    )


def _queries(plan: Plan) -> Iterator[tuple[Query, tuple[str | None, str | None]]]:
    for collector in plan.collectors:
        for component in plan.config.components:
            if isinstance(component, collector.component):
                place = (component.account, component.region) if isinstance(component, InAccount) else (None, None)
                for resource, specs in collector.resources(component):
                    for spec in specs:
                        yield Query(collector=collector.name, resource=resource, spec=spec), place
