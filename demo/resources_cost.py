"""The budget of the account, of which moto knows neither what was spent nor who is told."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from demo.account import PREFIX, BuildContext
from demo.answered_operations import AwsRefusal

NOTIFICATIONS = "budgets:DescribeNotificationsForBudget"
BUDGET = "budgets:DescribeBudget"


def create(context: BuildContext) -> None:
    """Answer for a budget of 147 dollars a month, of which somebody is told at 80 percent."""
    context.answer(BUDGET, lambda asked: budget(asked, forecast=131))
    notification = {"NotificationType": "ACTUAL", "ComparisonOperator": "GREATER_THAN", "Threshold": 80.0}
    context.answer(NOTIFICATIONS, lambda _asked: {"Notifications": [notification]})
    subscriber = {"SubscriptionType": "EMAIL", "Address": "on-call@securebase.example"}
    context.answer("budgets:DescribeSubscribersForNotification", lambda _asked: {"Subscribers": [subscriber]})


def budget(asked: Mapping[str, Any], *, forecast: float) -> Mapping[str, Any]:
    """The answer of DescribeBudget with this forecast in dollars. Raises: AwsRefusal, for another name."""
    if asked["BudgetName"] != PREFIX:
        raise AwsRefusal("NotFoundException", "there is no such budget")
    return {
        "Budget": {
            "BudgetName": PREFIX,
            "BudgetType": "COST",
            "TimeUnit": "MONTHLY",
            "BudgetLimit": _dollars(147),
            "CalculatedSpend": {"ActualSpend": _dollars(62.4), "ForecastedSpend": _dollars(forecast)},
            "TimePeriod": {"Start": datetime(2025, 1, 1, tzinfo=UTC), "End": datetime(2087, 6, 15, tzinfo=UTC)},
        }
    }


def _dollars(amount: float) -> Mapping[str, str]:
    return {"Amount": f"{amount}", "Unit": "USD"}
