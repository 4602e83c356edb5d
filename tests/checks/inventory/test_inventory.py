"""A declared component that cannot be used FAILs, and an ambiguous one is UNVERIFIED."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from basewatch.components import Api, Function
from basewatch.model import Status
from checks.inventory.api_gateway import StageDeployments, stage_is_deployed
from checks.inventory.lambda_functions import FunctionState, LambdaState, function_is_active

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("state", "status"),
    [
        (LambdaState.ACTIVE, Status.PASS),
        (LambdaState.INACTIVE, Status.PASS),
        (LambdaState.PENDING, Status.UNVERIFIED),
        (LambdaState.FAILED, Status.FAIL),
    ],
)
def test_a_function_is_judged_by_its_state(state: LambdaState, status: Status) -> None:
    """An active or inactive function passes, a pending one is UNVERIFIED, and a failed one fails."""
    (verdict,) = function_is_active.judge(FunctionState(state=state), Function(name="auth"), NOW)
    assert verdict.status is status


@pytest.mark.parametrize(("apis", "status"), [(("a",), Status.PASS), (("a", "b"), Status.UNVERIFIED)])
def test_two_apis_of_one_name_are_unverified(apis: tuple[str, ...], status: Status) -> None:
    """CloudWatch stores the metrics of an API by its name, so two APIs of one name never pass."""
    facts = StageDeployments(api_ids=apis, deployment_ids=apis)
    (verdict,) = stage_is_deployed.judge(facts, Api(name="securebase", stage="prod"), NOW)
    assert verdict.status is status
