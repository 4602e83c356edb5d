"""Faults of versions and of cost: AWS deprecates the engine, and nobody is told what it all costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from basewatch.model import Status
from demo.account import PREFIX
from demo.faults.fault import ExpectedFinding, Fault
from demo.resources_cost import BUDGET, NOTIFICATIONS, budget

if TYPE_CHECKING:
    from demo.sandbox import Sandbox

_VERSIONS = "rds:DescribeDBEngineVersions"


def _failing(check: str, component: str) -> tuple[ExpectedFinding, ...]:
    return (ExpectedFinding(check=check, component=component, status=Status.FAIL),)


def _deprecate(sandbox: Sandbox) -> None:
    version = {"Engine": "aurora-postgresql", "EngineVersion": "15.4", "Status": "deprecated"}
    sandbox.aws.answers.answer(_VERSIONS, lambda _asked: {"DBEngineVersions": [version]})


VERSION_FAULTS = (
    Fault(
        name="engine-deprecated",
        title="AWS deprecates the version that Aurora runs",
        apply=_deprecate,
        repair=lambda sandbox: sandbox.aws.answers.restore(_VERSIONS),
        expected_findings=_failing("availability.engine.support", f"aurora_cluster/{PREFIX}"),
    ),
    Fault(
        name="cost-forecast-high",
        title="AWS forecasts that the month costs 310 dollars",
        apply=lambda sandbox: sandbox.aws.answers.answer(BUDGET, lambda asked: budget(asked, forecast=310)),
        repair=lambda sandbox: sandbox.aws.answers.restore(BUDGET),
        expected_findings=_failing("cost.budget", "aws_account/production"),
    ),
    Fault(
        name="budget-unheard",
        title="Someone removes the notifications of the budget",
        apply=lambda sandbox: sandbox.aws.answers.answer(NOTIFICATIONS, lambda _asked: {"Notifications": []}),
        repair=lambda sandbox: sandbox.aws.answers.restore(NOTIFICATIONS),
        expected_findings=_failing("cost.budget", "aws_account/production"),
    ),
)
