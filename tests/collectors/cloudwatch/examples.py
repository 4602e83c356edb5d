"""Small specs, targets and calls that the tests of this folder share."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from basewatch.collector import MetricSpec, MetricTarget, RefreshTier, Resource
from basewatch.family import MetricType
from basewatch.model import Window
from collectors.cloudwatch.planner import Call, Query

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
ACCOUNT, REGION = "123456789012", "us-east-1"
FOUR_MINUTES = Window(start=NOON - timedelta(minutes=4), end=NOON)


def spec(
    metric: str = "Invocations", statistic: str = "Sum", *, minutes: int = 1, tier: RefreshTier = RefreshTier.STANDARD
) -> MetricSpec:
    """A gauge of a metric's statistic."""
    return MetricSpec(
        family=f"{metric.lower()}_{statistic.lower()}_{minutes}",
        type=MetricType.GAUGE,
        help="",
        namespace="AWS/Lambda",
        metric=metric,
        statistic=statistic,
        period=timedelta(minutes=minutes),
        tier=tier,
    )


def target(
    name: object,
    specs: Iterable[MetricSpec],
    *,
    account: str = ACCOUNT,
    region: str = REGION,
    collector: str = "lambda",
) -> MetricTarget:
    """A function in an account."""
    return MetricTarget(
        collector=collector,
        account_id=account,
        region=REGION,
        resource=Resource(
            component=f"function/{name}",
            dimensions=(("FunctionName", str(name)),),
            labels=(("function_name", str(name)),),
        ),
        specs=tuple(specs),
    )


def queries(*targets: MetricTarget) -> tuple[Query, ...]:
    """All queries of these targets."""
    return tuple(Query(each, spec) for each in targets for spec in each.specs)


def call(count: int = 2, *, owner: str = ACCOUNT, window: Window = FOUR_MINUTES) -> Call:
    """A call for the invocations of numbered functions."""
    return Call(queries(*(target(number, [spec()], account=owner) for number in range(count))), window)
