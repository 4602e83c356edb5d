"""Budgets: whether somebody is told what an account costs, and whether it is as much as promised."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from basewatch.components import AwsAccount
from basewatch.model import Status
from checks.cost.budget import cost_is_watched
from tests.checks.situations.aws_answers import NOW, answer, judging
from tests.checks.situations.situation import Situation, each
from tests.wire import refusal

PASS, FAIL, UNVERIFIED = Status.PASS, Status.FAIL, Status.UNVERIFIED
ACCOUNT = AwsAccount.model_validate({"name": "production", "cost": {"budget": "b", "monthly_below": 147}})
NOTIFICATION = {"NotificationType": "ACTUAL", "ComparisonOperator": "GREATER_THAN", "Threshold": 80.0}
SUBSCRIBER = {"SubscriptionType": "EMAIL", "Address": "on-call@example.com"}
DESCRIBE = "budgets:DescribeBudget"
NOTIFICATIONS, SUBSCRIBERS = "budgets:DescribeNotificationsForBudget", "budgets:DescribeSubscribersForNotification"


def dollars(amount: str, unit: str = "USD") -> dict[str, str]:
    """An amount as AWS writes it."""
    return {"Amount": amount, "Unit": unit}


def row(
    number: str,
    what: str,
    right: Status,
    why: str,
    *,
    told: bool = True,
    spent: Any = None,
    forecast: Any = None,
    says: str = "",
    **fields: Any,
) -> Situation:
    """A good budget but for these fields; one of None is left out."""
    spend = {"ActualSpend": spent or dollars("60.1"), "ForecastedSpend": forecast or dollars("130")}
    found = {
        "BudgetName": "b",
        "BudgetType": "COST",
        "TimeUnit": "MONTHLY",
        "BudgetLimit": dollars("147.0"),
        "CalculatedSpend": {name: value for name, value in spend.items() if value != "none"},
        **fields,
    }
    answers = {
        DESCRIBE: answer(DESCRIBE, Budget={name: value for name, value in found.items() if value is not None}),
        NOTIFICATIONS: answer(NOTIFICATIONS, Notifications=[NOTIFICATION] if told else []),
        SUBSCRIBERS: answer(SUBSCRIBERS, Subscribers=[SUBSCRIBER]),
    }
    judged = judging(cost_is_watched, ACCOUNT, answers)
    return Situation(number=number, what=what, right=(right,), why=why, judged=judged, says=says)


GONE = judging(cost_is_watched, ACCOUNT, {DESCRIBE: refusal("NotFoundException")})
FILTER = {"TagKeyValue": ["user:platform$securebase"]}
SITUATIONS = (
    row("CB1", "within the budget", PASS, "somebody is told, too"),
    row("CB2", "nobody is told", FAIL, "then it watches nothing", told=False),
    row("CB3", "more was spent", FAIL, "it is over", spent=dollars("150"), says="was spent"),
    row("CB4", "more is forecast", FAIL, "it will be over", forecast=dollars("310"), says="forecasts"),
    row("CB5", "no forecast in the first days", PASS, "AWS has none yet", forecast="none", says=""),
    row("CB6", "a limit above the promise", FAIL, "it warns too late", BudgetLimit=dollars("500")),
    row("CB7", "a budget of usage", FAIL, "hours are no dollars", BudgetType="USAGE", says="no monthly budget"),
    row("CB8", "a budget for a year", FAIL, "it warns in December", TimeUnit="ANNUALLY"),
    row("CB9", "ended last month", FAIL, "it counts no more", TimePeriod={"End": NOW - timedelta(days=30)}),
    row("CB10", "in euros", UNVERIFIED, "they are not dollars", BudgetLimit=dollars("147", "EUR")),
    row("CB11", "no limit stated", UNVERIFIED, "it may plan month by month", BudgetLimit=None),
    row("CB12", "nothing calculated", UNVERIFIED, "AWS has not counted yet", CalculatedSpend=None),
    row("CB13", "of a tag", PASS, "the account may have others' things", CostFilters=FILTER),
    row("CB14", "AWS cannot calculate it", UNVERIFIED, "the figures are old", HealthStatus={"Status": "UNHEALTHY"}),
    row("CB15", "a type that nobody knows", UNVERIFIED, "it may be cost", BudgetType="CARBON"),
    Situation(number="CB16", what="there is none", right=(FAIL,), why="it is declared", judged=GONE, says="budget b"),
)


@each(SITUATIONS)
def test_budgets_are_judged_rightly(situation: Situation) -> None:
    """Each situation gives the verdict that is right."""
    situation.test()
