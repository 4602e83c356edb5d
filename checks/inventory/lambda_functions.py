"""A check that a declared Lambda function exists and can be invoked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from basewatch.aws import AwsClient
from basewatch.aws.response import optional, required
from basewatch.check import check
from basewatch.components import Function
from basewatch.errors import ObservationError
from basewatch.model import Proof, Reason, Severity, Status, Verdict, failed, unverified
from checks.inventory.statuses import Standing, standing, status_verdict
from checks.inventory.unread import Unread


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionState:
    """What decides whether a function runs.

    `reserved_concurrency` is None without a reservation. `idle_mappings` are the event sources that invoke it no more:
    their ids and states; `troubled_mappings` are those that AWS cannot read: their ids and the last result. `unread`
    is why these are not known.
    """

    state: str
    last_update: str = ""
    reserved_concurrency: int | None = None
    idle_mappings: tuple[tuple[str, str], ...] = ()
    troubled_mappings: tuple[tuple[str, str], ...] = ()
    unread: Unread | None = None


def function_state(aws: AwsClient, function: Function) -> FunctionState:
    """By GetFunctionConfiguration, GetFunctionConcurrency and ListEventSourceMappings."""
    answer = aws.call("lambda", "GetFunctionConfiguration", FunctionName=function.name)
    concurrency, mappings, unread = dict[str, Any](), list[dict[str, Any]](), None
    try:
        # Concurrency is reserved for the function, whichever alias or version is declared.
        concurrency = aws.call("lambda", "GetFunctionConcurrency", FunctionName=function.unqualified_name)
        mappings = _mappings(aws, function)
    except ObservationError as error:
        unread = Unread.because_of(error)
    states = {each["UUID"]: each["State"] for each in mappings}
    return FunctionState(
        unread=unread,
        state=required(answer, "State", kind=str),
        last_update=optional(answer, "LastUpdateStatus", kind=str) or "",
        reserved_concurrency=optional(concurrency, "ReservedConcurrentExecutions", kind=int),
        idle_mappings=tuple(
            sorted(item for item in states.items() if standing("mapping", item[1]) is not Standing.SERVING)
        ),
        troubled_mappings=tuple(
            sorted((each["UUID"], result) for each in mappings if _is_trouble(result := _last_result(each)))
        ),
    )


def _mappings(aws: AwsClient, function: Function) -> list[dict[str, Any]]:
    """The event sources, each with its id and state."""
    pages = aws.pages("lambda", "ListEventSourceMappings", FunctionName=function.name)
    mappings = [each for page in pages for each in required(page, "EventSourceMappings", kind=list)]
    for each in mappings:
        _ = required(each, "UUID", kind=str), required(each, "State", kind=str)
    return mappings


def _last_result(mapping: dict[str, Any]) -> str:
    return optional(mapping, "LastProcessingResult", kind=str) or ""


def _is_trouble(result: str) -> bool:
    """Whether AWS says that it cannot read the source; an error of the function is judged by its error ratio."""
    return result.startswith("PROBLEM") and "function call failed" not in result.lower()


@check(
    "inventory.function.active",
    component=Function,
    observe=function_state,
    severity=Severity.HIGH,
    proof=Proof.CONFIGURATION,
    needs=("lambda:GetFunctionConcurrency", "lambda:GetFunctionConfiguration", "lambda:ListEventSourceMappings"),
)
def function_is_active(facts: FunctionState, _function: Function, _now: datetime) -> Iterator[Verdict]:
    """The declared function exists and can be invoked, and its event sources invoke it.

    Why: CloudWatch has no datapoints of a function that does not exist or may not run, nor of one without invocations.
    Reads: lambda:GetFunctionConfiguration: the function's State. lambda:GetFunctionConcurrency: a reservation of 0
    stops every invocation. lambda:ListEventSourceMappings: State and LastProcessingResult of each event source.
    Unverified when: A call is denied, throttled or fails, the function or an event source is still being created, a
    state is unknown, or AWS had an error of its own at an event source.
    Fix: Deploy the function, or correct its name in the configuration. StateReason in the output of aws lambda
    get-function-configuration states why a function failed. Remove a reservation of 0 with aws lambda
    delete-function-concurrency; enable an event source with aws lambda update-event-source-mapping --enabled.
    Source: AWS Lambda Developer Guide, Lambda function states, https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html
    """
    reserved = f", reserved concurrency {facts.reserved_concurrency}" if facts.reserved_concurrency is not None else ""
    update = f", last update {facts.last_update}" if facts.last_update else ""
    observed, expected = f"state {facts.state}{update}{reserved}", "a function that can be invoked"
    verdict = status_verdict("function", facts.state, what="The function", observed=observed, expected=expected)
    if verdict.status is Status.PASS and facts.reserved_concurrency == 0:
        verdict = failed("The function is stopped: its reserved concurrency is 0", observed=observed, expected=expected)
    elif verdict.status is Status.PASS and facts.unread:
        verdict = facts.unread.verdict(observed=observed, expected=expected)
    elif verdict.status is Status.PASS:
        verdict = _of_sources(facts, observed) or verdict
    yield verdict


def _of_sources(facts: FunctionState, observed: str) -> Verdict | None:
    """The verdict on the event source that is worst off; None when all of them work."""
    sources = [f"{name} {state}" for name, state in (*facts.idle_mappings, *facts.troubled_mappings)]
    observed, expected = f"{observed}; event sources: {', '.join(sources)}", "every event source Enabled, and read"
    verdicts = [
        status_verdict("mapping", state, what=f"The event source {name}", observed=observed, expected=expected)
        for name, state in facts.idle_mappings
    ]
    for name, result in facts.troubled_mappings:
        summary = f"The event source {name} is not read: {result}"
        if "internal" in result.lower():
            remedy = "Run again; if it persists, open a case with AWS."
            verdicts.append(
                unverified(Reason.UNREACHABLE, summary, observed=observed, expected=expected, remedy=remedy)
            )
        else:
            verdicts.append(failed(summary, observed=observed, expected=expected))
    return min(verdicts, key=lambda verdict: verdict.status is not Status.FAIL, default=None)
