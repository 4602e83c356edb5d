"""What CloudWatch keeps of Lambda functions, and of all of them in an account together."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from basewatch.aws import Aws
from basewatch.aws.response import required
from basewatch.collector import Collector, Described, Discovery, Measured, Resource, Tier, Unit
from basewatch.components import Function
from collectors.resource_listing import by_arn, entries, exactly, whole_account
from collectors.specs import Space

# A datapoint is stamped with the start of its invocation, which may take 15 minutes.
_LAMBDA = Space(name="AWS/Lambda", lookback=timedelta(minutes=15))
_MINUTE = timedelta(minutes=1)
_SHORTEST = timedelta(minutes=5)

_FUNCTION = (
    _LAMBDA.counter("aws_lambda_invocations_total", "Invocations", tier=Tier.FAST),
    _LAMBDA.counter("aws_lambda_errors_total", "Errors", tier=Tier.FAST),
    # A throttled call is neither an invocation nor an error.
    _LAMBDA.counter("aws_lambda_throttles_total", "Throttles"),
    *_LAMBDA.latency("aws_lambda_duration", "Duration", unit=Unit.MILLISECONDS),
    _LAMBDA.gauge("aws_lambda_concurrent_executions", "ConcurrentExecutions", "Maximum"),
    # Only of what reads a stream, and of what has a dead-letter queue; of others there is none.
    _LAMBDA.gauge(
        "aws_lambda_iterator_age_max_seconds", "IteratorAge", "Maximum", unit=Unit.MILLISECONDS, tier=Tier.SLOW
    ),
    _LAMBDA.counter("aws_lambda_dead_letter_errors_total", "DeadLetterErrors", tier=Tier.SLOW),
)
# Families of their own: beside the functions, their sum would be counted twice.
_ACCOUNT = (
    _LAMBDA.gauge("aws_lambda_account_concurrent_executions", "ConcurrentExecutions", "Maximum"),
    _LAMBDA.gauge("aws_lambda_account_claimed_concurrency", "ClaimedAccountConcurrency", "Maximum"),
)
# CloudWatch reports this percentage as 0 to 1.
_PROVISIONED = (
    _LAMBDA.gauge(
        "aws_lambda_provisioned_concurrency_utilization_ratio",
        "ProvisionedConcurrencyUtilization",
        "Maximum",
        unit=Unit.RATIO,
    ),
)


def _function(name: str, component: str = "") -> Measured:
    dimensions = (("FunctionName", name),)
    return Resource(component=component, dimensions=dimensions, labels=(("function_name", name),)), _FUNCTION


def _account() -> Measured:
    return Resource(component="", dimensions=(), labels=()), _ACCOUNT


def _provisioned(name: str, qualified: str) -> Measured:
    """A version or an alias with provisioned concurrency, which CloudWatch calls `<function>:<version or alias>`."""
    return Resource(
        component="",
        dimensions=(("FunctionName", name), ("Resource", qualified)),
        labels=(("function_name", name), ("qualifier", qualified.rpartition(":")[2])),
    ), _PROVISIONED


def _resources(function: Function) -> Iterator[Measured]:
    yield _function(function.name, function.ref)
    yield _account()


def _functions(aws: Aws) -> Iterator[Described]:
    for function in entries(aws, "lambda", "ListFunctions", "Functions"):
        timeout = timedelta(seconds=required(function, "Timeout", kind=int))
        yield Described(
            dimensions={"FunctionName": required(function, "FunctionName", kind=str)},
            arn=required(function, "FunctionArn", kind=str),
            lookback=max(_SHORTEST, -(-timeout // _MINUTE) * _MINUTE),
        )


LAMBDA = Collector(
    name="lambda",
    component=Function,
    resources=_resources,
    specs=(*_FUNCTION, *_ACCOUNT, *_PROVISIONED),
    discoveries=(
        Discovery(
            namespace=_LAMBDA.name,
            alive="Invocations",
            dimensions=("FunctionName",),
            measured=exactly("FunctionName", of=_function),
            resource_type="lambda:function",
            of_arn=by_arn("function:(?P<FunctionName>[^:]+)"),
            describe=_functions,
            needs=("lambda:ListFunctions",),
        ),
        Discovery(
            namespace=_LAMBDA.name,
            alive="ConcurrentExecutions",
            dimensions=(),
            measured=exactly(of=_account),
            describe=whole_account,
        ),
        Discovery(
            namespace=_LAMBDA.name,
            alive="ProvisionedConcurrencyUtilization",
            dimensions=("FunctionName", "Resource"),
            measured=exactly("FunctionName", "Resource", of=_provisioned),
        ),
    ),
)
