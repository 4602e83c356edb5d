"""What CloudWatch keeps of Lambda functions."""

from __future__ import annotations

from collections.abc import Iterator

from basewatch.collector import Collector, MetricSpec, Resource, Unit
from basewatch.components import Function
from collectors.specs import counter, gauge, latency

_SPACE = "AWS/Lambda"

SPECS = (
    counter("aws_lambda_invocations_total", _SPACE, "Invocations"),
    counter("aws_lambda_errors_total", _SPACE, "Errors"),
    # A throttled call is neither an invocation nor an error.
    counter("aws_lambda_throttles_total", _SPACE, "Throttles"),
    *latency("aws_lambda_duration", _SPACE, "Duration", unit=Unit.MILLISECONDS),
    gauge("aws_lambda_concurrent_executions", _SPACE, "ConcurrentExecutions", "Maximum"),
)


def _resources(function: Function) -> Iterator[tuple[Resource, tuple[MetricSpec, ...]]]:
    yield (
        Resource(
            component=function.ref,
            dimensions=(("FunctionName", function.name),),
            labels=(("function_name", function.name),),
        ),
        SPECS,
    )


LAMBDA = Collector(name="lambda", component=Function, resources=_resources, specs=SPECS)
