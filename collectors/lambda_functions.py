"""CloudWatch metrics of Lambda functions, and of all functions of an account together."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from basewatch.aws import AwsClient
from basewatch.aws.response import required
from basewatch.collector import (
    Collector,
    DescribedResource,
    DiscoverySpec,
    MeasuredResource,
    RefreshTier,
    Resource,
    Unit,
)
from basewatch.components import Function
from collectors.cloudwatch.discovery.describe import account_level, arn_pattern, for_dimensions, list_entries
from collectors.specs import Namespace

# The timestamp of a datapoint is the start of the invocation, which may take 15 minutes.
_LAMBDA = Namespace(name="AWS/Lambda", allowed_lateness=timedelta(minutes=15))
_MINUTE = timedelta(minutes=1)
_SHORTEST = timedelta(minutes=5)

_FUNCTION = (
    _LAMBDA.counter("aws_lambda_invocations_total", "Invocations", tier=RefreshTier.FAST),
    _LAMBDA.counter("aws_lambda_errors_total", "Errors", tier=RefreshTier.FAST),
    # A throttled request counts neither as an invocation nor as an error.
    _LAMBDA.counter("aws_lambda_throttles_total", "Throttles"),
    *_LAMBDA.latency("aws_lambda_duration", "Duration", unit=Unit.MILLISECONDS),
    _LAMBDA.gauge("aws_lambda_concurrent_executions", "ConcurrentExecutions", "Maximum"),
    # Only functions that read a stream, or have a dead-letter queue, publish these.
    _LAMBDA.gauge(
        "aws_lambda_iterator_age_max_seconds", "IteratorAge", "Maximum", unit=Unit.MILLISECONDS, tier=RefreshTier.SLOW
    ),
    _LAMBDA.counter("aws_lambda_dead_letter_errors_total", "DeadLetterErrors", tier=RefreshTier.SLOW),
)
# Separate families: in the families of the functions, a sum would count these values twice.
_ACCOUNT = (
    _LAMBDA.gauge("aws_lambda_account_concurrent_executions", "ConcurrentExecutions", "Maximum"),
    _LAMBDA.gauge("aws_lambda_account_claimed_concurrency", "ClaimedAccountConcurrency", "Maximum"),
)
# CloudWatch reports this percentage as a ratio from 0 to 1.
_PROVISIONED = (
    _LAMBDA.gauge(
        "aws_lambda_provisioned_concurrency_utilization_ratio",
        "ProvisionedConcurrencyUtilization",
        "Maximum",
        unit=Unit.RATIO,
    ),
)


def _function(name: str, component: str = "") -> MeasuredResource:
    dimensions = (("FunctionName", name),)
    return Resource(component=component, dimensions=dimensions, labels=(("function_name", name),)), _FUNCTION


def _account() -> MeasuredResource:
    return Resource(component="", dimensions=(), labels=()), _ACCOUNT


def _provisioned(name: str, qualified: str) -> MeasuredResource:
    """A version or alias with provisioned concurrency; CloudWatch names it `<function>:<version or alias>`."""
    return Resource(
        component="",
        dimensions=(("FunctionName", name), ("Resource", qualified)),
        labels=(("function_name", name), ("qualifier", qualified.rpartition(":")[2])),
    ), _PROVISIONED


def _resources(function: Function) -> Iterator[MeasuredResource]:
    yield _function(function.name, function.ref)
    yield _account()


def _functions(aws: AwsClient) -> Iterator[DescribedResource]:
    for function in list_entries(aws, "lambda", "ListFunctions", "Functions"):
        timeout = timedelta(seconds=required(function, "Timeout", kind=int))
        yield DescribedResource(
            dimensions={"FunctionName": required(function, "FunctionName", kind=str)},
            arn=required(function, "FunctionArn", kind=str),
            allowed_lateness=max(_SHORTEST, -(-timeout // _MINUTE) * _MINUTE),
        )


LAMBDA = Collector(
    name="lambda",
    component_type=Function,
    resources=_resources,
    specs=(*_FUNCTION, *_ACCOUNT, *_PROVISIONED),
    discovery_specs=(
        DiscoverySpec(
            namespace=_LAMBDA.name,
            activity_metric="Invocations",
            dimensions=("FunctionName",),
            from_dimensions=for_dimensions("FunctionName", build=_function),
            resource_type="lambda:function",
            dimensions_of_arn=arn_pattern("function:(?P<FunctionName>[^:]+)"),
            describe=_functions,
            needs=("lambda:ListFunctions",),
        ),
        DiscoverySpec(
            namespace=_LAMBDA.name,
            activity_metric="ConcurrentExecutions",
            dimensions=(),
            from_dimensions=for_dimensions(build=_account),
            describe=account_level,
        ),
        DiscoverySpec(
            namespace=_LAMBDA.name,
            activity_metric="ProvisionedConcurrencyUtilization",
            dimensions=("FunctionName", "Resource"),
            from_dimensions=for_dimensions("FunctionName", "Resource", build=_provisioned),
        ),
    ),
)
