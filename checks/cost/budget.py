"""A check that a budget watches what an account costs, that somebody is told, and that the cost is as promised."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from basewatch.aws import AwsClient
from basewatch.aws.response import answered_at, optional, required
from basewatch.check import check
from basewatch.components import AwsAccount
from basewatch.errors import NotFoundError, ObservationError
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed, unverified


class _Type(StrEnum):
    """What a budget is of."""

    USAGE = "USAGE"
    COST = "COST"
    RI_UTILIZATION = "RI_UTILIZATION"
    RI_COVERAGE = "RI_COVERAGE"
    SAVINGS_PLANS_UTILIZATION = "SAVINGS_PLANS_UTILIZATION"
    SAVINGS_PLANS_COVERAGE = "SAVINGS_PLANS_COVERAGE"


class _Unit(StrEnum):
    """The period of a budget."""

    DAILY = "DAILY"
    MONTHLY = "MONTHLY"
    QUARTERLY = "QUARTERLY"
    ANNUALLY = "ANNUALLY"
    CUSTOM = "CUSTOM"


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """A budget in US dollars: its limit, what was spent in this period, and what AWS forecasts.

    `forecast` is None where AWS has none. `filtered` is whether it counts a part of the account. `subscribers` are told
    by a notification.
    """

    type: _Type
    period: _Unit
    limit: float
    spent: float
    forecast: float | None
    filtered: bool
    ends: datetime | None
    healthy: bool
    subscribers: int
    aws_time: datetime | None


def budget(aws: AwsClient, account: AwsAccount) -> Budget:
    """By DescribeBudget, DescribeNotificationsForBudget and DescribeSubscribersForNotification, which cost nothing.

    Raises: NotFoundError, when there is no such budget.
    """
    name = account.cost.budget if account.cost else ""
    of: dict[str, Any] = {"AccountId": aws.account_id, "BudgetName": name}
    try:
        answer = aws.call("budgets", "DescribeBudget", **of)
    except NotFoundError as error:
        raise NotFoundError(str(error), declared=f"the budget {name} of {account.ref}") from error
    notifications = _listed(aws, "DescribeNotificationsForBudget", "Notifications", **of)
    subscribers = [
        each
        for notification in notifications
        for each in _listed(aws, "DescribeSubscribersForNotification", "Subscribers", **of, Notification=notification)
    ]
    spend = ("Budget", "CalculatedSpend")
    forecast = optional(answer, *spend, "ForecastedSpend", kind=dict)
    return Budget(
        type=required(answer, "Budget", "BudgetType", kind=_Type),
        period=required(answer, "Budget", "TimeUnit", kind=_Unit),
        limit=_dollars(required(answer, "Budget", "BudgetLimit", kind=dict)),
        spent=_dollars(required(answer, *spend, "ActualSpend", kind=dict)),
        forecast=_dollars(forecast) if forecast else None,
        filtered=bool(
            optional(answer, "Budget", "CostFilters", kind=dict)
            or optional(answer, "Budget", "FilterExpression", kind=dict)
        ),
        ends=optional(answer, "Budget", "TimePeriod", "End", kind=datetime),
        healthy=optional(answer, "Budget", "HealthStatus", "Status", kind=str) in (None, "HEALTHY"),
        subscribers=len(subscribers),
        aws_time=answered_at(answer),
    )


def _listed(aws: AwsClient, operation: str, field: str, **of: Any) -> list[Any]:
    """What is listed of an existing budget; AWS may report that there is none as an error."""
    try:
        return [each for page in aws.pages("budgets", operation, **of) for each in required(page, field, kind=list)]
    except NotFoundError:
        return []


def _dollars(amount: dict[str, str]) -> float:
    unit, text = required(amount, "Unit", kind=str), required(amount, "Amount", kind=str)
    try:
        value = float(text)
    except ValueError:
        value = None
    if unit != "USD" or value is None:
        raise ObservationError(
            Reason.UNSUPPORTED, f"the budget has the amount {text[:40]} {unit[:40]}, and not dollars"
        )
    return value


@check(
    "cost.budget",
    component=AwsAccount,
    observe=budget,
    severity=Severity.LOW,
    proof=Proof.CONFIGURATION,
    needs=("budgets:ViewBudget",),
    promises=("cost",),
)
def cost_is_watched(facts: Budget, account: AwsAccount, now: datetime) -> Iterator[Verdict]:
    """A monthly budget watches the cost of the account, somebody is told, and neither spending nor forecast exceeds it.

    Why: An endless loop or a forgotten cluster is noticed on the bill, a month later.
    Reads: budgets:DescribeBudget: limit, what was spent this month and AWS' forecast of it; AWS brings them up to date
    a few times a day. budgets:DescribeNotificationsForBudget and DescribeSubscribersForNotification: who is told. These
    calls are free; Cost Explorer bills each of its own, so it is not asked. A budget with a filter counts a part of the
    account, which the finding says. Whether a topic of SNS reaches anybody is not read here. What a single customer
    costs is in no figure of AWS without tags.
    Unverified when: A call is denied, throttled or fails, an amount is missing or not in dollars, the type or the
    period of the budget is unknown, or AWS cannot calculate it.
    Fix: aws budgets create-budget with a notification and a subscriber. If the cost is too high, group it by service in
    Cost Explorer.
    Source: AWS Cost Management User Guide, Managing your costs with AWS Budgets,
    https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-managing-costs.html
    """
    most = account.cost.monthly_below if account.cost else 0
    forecast = "no forecast" if facts.forecast is None else f"forecast ${facts.forecast:.2f}"
    part = ", of a part of the account" if facts.filtered else ""
    observed = f"${facts.spent:.2f} this month, {forecast}, limit ${facts.limit:.2f}{part}, {facts.subscribers} told"
    expected = f"a monthly budget of at most ${most:g}, with a subscriber"
    if facts.type is not _Type.COST or facts.period is not _Unit.MONTHLY:
        kind = f"{facts.period} budget of {facts.type}"
        yield failed(f"It is no monthly budget of cost but a {kind}", observed=observed, expected=expected)
    elif facts.ends is not None and facts.ends <= (facts.aws_time or now):
        yield failed(f"The budget ended on {facts.ends:%Y-%m-%d}", observed=observed, expected=expected)
    elif facts.limit > most:
        yield failed("The budget allows more than promised", observed=observed, expected=expected)
    elif not facts.subscribers:
        yield failed("Nobody is told when the budget is exceeded", observed=observed, expected=expected)
    elif not facts.healthy:
        summary = "AWS cannot calculate the budget"
        yield unverified(Reason.NOT_ENOUGH_DATA, summary, observed=observed, expected=expected)
    elif facts.spent > most:
        yield failed("More was spent this month than promised", observed=observed, expected=expected)
    elif facts.forecast is not None and facts.forecast > most:
        yield failed("AWS forecasts that the month costs more than promised", observed=observed, expected=expected)
    else:
        yield passed("The cost of the month is watched, and within its limit", observed=observed, expected=expected)
