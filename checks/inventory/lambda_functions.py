"""A check that a declared Lambda function exists and can be invoked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import assert_never

from basewatch.aws import AwsClient
from basewatch.aws.response import required
from basewatch.check import check
from basewatch.components import Function
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed, unverified


class LambdaState(StrEnum):
    """A Lambda function's State."""

    ACTIVE = "Active"
    # Idle for weeks, so AWS reclaimed its resources; the next invocation activates it again.
    INACTIVE = "Inactive"
    PENDING = "Pending"
    FAILED = "Failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionState:
    """The state of a function, which decides whether it can be invoked."""

    state: LambdaState


def function_state(aws: AwsClient, function: Function) -> FunctionState:
    """The function's state, by GetFunctionConfiguration."""
    answer = aws.call("lambda", "GetFunctionConfiguration", FunctionName=function.name)
    return FunctionState(state=required(answer, "State", kind=LambdaState))


@check(
    "inventory.function.active",
    component=Function,
    observe=function_state,
    severity=Severity.HIGH,
    proof=Proof.CONFIGURATION,
    needs=("lambda:GetFunctionConfiguration",),
)
def function_is_active(facts: FunctionState, _function: Function, _now: datetime) -> Iterator[Verdict]:
    """The declared function exists and can be invoked.

    Why: CloudWatch has no datapoints of a function that does not exist, nor of one without invocations.
    Reads: lambda:GetFunctionConfiguration: the function's State.
    Unverified when: The call is denied, throttled or fails, the function is still being created, or its state is
    unknown.
    Fix: Deploy the function, or correct its name in the configuration. StateReason in the output of aws lambda
    get-function-configuration states why a function failed.
    Source: AWS Lambda Developer Guide, Lambda function states, https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html
    """
    observed, expected = f"state {facts.state}", "a function that can be invoked"
    match facts.state:
        case LambdaState.ACTIVE | LambdaState.INACTIVE:
            yield passed("The function can be invoked", observed=observed, expected=expected)
        case LambdaState.FAILED:
            yield failed("The function cannot be invoked", observed=observed, expected=expected)
        case LambdaState.PENDING:
            summary, remedy = "The function is still being created", "Run the check again in a minute."
            yield unverified(Reason.NOT_ENOUGH_DATA, summary, observed=observed, expected=expected, remedy=remedy)
        case _:
            assert_never(facts.state)
