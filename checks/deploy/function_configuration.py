"""A check that a Lambda function is set up as declared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from basewatch.aws import AwsClient
from basewatch.aws.response import listed, optional, required
from basewatch.check import check
from basewatch.components import Function
from basewatch.components.deployments import FunctionConfiguration
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed, unverified
from basewatch.quantities import format_duration

_LAYER_PARTS = -2
"""arn:aws:lambda:us-east-1:123456789012:layer:NAME:VERSION ends with the name and the version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfiguredFunction:
    """The function as it is set up: `memory` in MB, `timeout` in seconds, layers as `NAME:VERSION`.

    `variables` are the names of its environment variables, and never their values; None when AWS cannot decrypt them.
    `updating` is the status of an update that has not ended; empty when there is none.
    """

    runtime: str
    memory: int
    timeout: int
    layers: tuple[str, ...]
    variables: tuple[str, ...] | None
    code_sha256: str
    updating: str = ""


def configured_function(aws: AwsClient, function: Function) -> ConfiguredFunction:
    """The configuration, by GetFunctionConfiguration. Of a container image there is no runtime."""
    answer = aws.call("lambda", "GetFunctionConfiguration", FunctionName=function.name)
    environment = optional(answer, "Environment", kind=dict) or {}
    variables: dict[str, str] = optional(environment, "Variables", kind=dict) or {}
    update = optional(answer, "LastUpdateStatus", kind=str) or "Successful"
    arns = [required(layer, "Arn", kind=str) for layer in listed(answer, "Layers")]
    return ConfiguredFunction(
        runtime=optional(answer, "Runtime", kind=str) or "",
        memory=required(answer, "MemorySize", kind=int),
        timeout=required(answer, "Timeout", kind=int),
        layers=tuple(":".join(arn.split(":")[_LAYER_PARTS:]) for arn in arns),
        variables=None if "Error" in environment else tuple(sorted(variables)),
        code_sha256=required(answer, "CodeSha256", kind=str),
        updating="" if update == "Successful" else update,
    )


@check(
    "deploy.function.configured",
    component=Function,
    observe=configured_function,
    severity=Severity.MEDIUM,
    proof=Proof.CONFIGURATION,
    needs=("lambda:GetFunctionConfiguration",),
    promises=("configuration",),
)
def function_is_configured(facts: ConfiguredFunction, function: Function, _now: datetime) -> Iterator[Verdict]:
    """The function has the declared runtime, memory, timeout, layers, environment variables and code.

    Why: A function without its layer fails at its first call, one with other code is not what was reviewed, and one
    with less memory or time fails under load.
    Reads: lambda:GetFunctionConfiguration: Runtime, MemorySize, Timeout, Layers, CodeSha256 and the names of the
    environment variables, of the declared alias or version. Values of variables are not kept.
    Unverified when: The call is denied, throttled or fails, an update has not ended, or AWS cannot decrypt the
    environment variables.
    Fix: Deploy the function again, or correct its configuration: in the declaration, if the change was intended.
    Source: AWS Lambda API Reference, FunctionConfiguration,
    https://docs.aws.amazon.com/lambda/latest/api/API_FunctionConfiguration.html
    """
    declared = function.configuration or FunctionConfiguration()
    different = tuple(_different(facts, declared))
    observed = (
        f"{facts.runtime or 'no runtime'}, {facts.memory} MB, {facts.timeout} s, "
        f"layers: {', '.join(facts.layers) or 'none'}, CodeSha256 {facts.code_sha256}"
    )
    expected = ", ".join(_expected(declared))
    if facts.updating == "InProgress":
        summary, remedy = "The function is being updated", "Wait until the update has ended, and check again."
        yield unverified(Reason.STALE, summary, observed=observed, expected=expected, remedy=remedy)
    elif different:
        yield failed(f"Not as declared: {', '.join(different)}", observed=observed, expected=expected)
    elif facts.updating == "Failed":
        yield failed("The last update of the function failed", observed=observed, expected=expected)
    elif facts.updating:
        summary = f"The status {facts.updating} of the last update is unknown"
        remedy = "Report this with the version of Basewatch."
        yield unverified(Reason.UNSUPPORTED, summary, observed=observed, expected=expected, remedy=remedy)
    elif declared.environment and facts.variables is None:
        remedy = "Let Lambda use the KMS key of the function again."
        summary = "AWS cannot decrypt the environment variables"
        yield unverified(Reason.NOT_ENOUGH_DATA, summary, observed=observed, expected=expected, remedy=remedy)
    else:
        yield passed("The function is set up as declared", observed=observed, expected=expected)


def _different(facts: ConfiguredFunction, declared: FunctionConfiguration) -> Iterator[str]:
    if declared.runtime is not None and facts.runtime != declared.runtime:
        yield f"the runtime is {facts.runtime or 'that of a container image'}"
    if declared.memory is not None and not declared.memory[0] <= facts.memory <= declared.memory[1]:
        yield f"the memory is {facts.memory} MB"
    timeout = timedelta(seconds=facts.timeout)
    if declared.timeout is not None and not declared.timeout[0] <= timeout <= declared.timeout[1]:
        yield f"the timeout is {facts.timeout} s"
    names = {layer.rpartition(":")[0] for layer in facts.layers}
    if missing := [layer for layer in declared.layers if layer not in names and layer not in facts.layers]:
        yield f"there is no layer {', '.join(missing)}"
    if facts.variables is not None and (unset := sorted(set(declared.environment) - set(facts.variables))):
        yield f"the variable {', '.join(unset)} is not set"
    if declared.code_sha256 is not None and facts.code_sha256 != declared.code_sha256:
        yield "the code is not the released one"


def _expected(declared: FunctionConfiguration) -> Iterator[str]:
    if declared.runtime:
        yield declared.runtime
    if declared.memory:
        yield f"{_range(*declared.memory)} MB"
    if declared.timeout:
        yield _range(*map(format_duration, declared.timeout))
    if declared.layers:
        yield f"layers {', '.join(declared.layers)}"
    if declared.environment:
        yield f"variables {', '.join(declared.environment)}"
    if declared.code_sha256:
        yield f"CodeSha256 {declared.code_sha256}"


def _range(least: object, most: object) -> str:
    return f"{least}" if least == most else f"{least} to {most}"
