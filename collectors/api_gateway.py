"""What CloudWatch keeps of the stages of API Gateway REST APIs."""

from __future__ import annotations

from collections.abc import Iterator

from basewatch.collector import Collector, MetricSpec, Resource, Unit
from basewatch.components import Api
from collectors.specs import counter, latency

_SPACE = "AWS/ApiGateway"

SPECS = (
    # AWS names SampleCount the right statistic of a REST API's Count.
    counter("aws_apigateway_requests_total", _SPACE, "Count", "SampleCount"),
    counter("aws_apigateway_client_errors_total", _SPACE, "4XXError"),
    counter("aws_apigateway_server_errors_total", _SPACE, "5XXError"),
    *latency("aws_apigateway_latency", _SPACE, "Latency", unit=Unit.MILLISECONDS),
)


def _resources(api: Api) -> Iterator[tuple[Resource, tuple[MetricSpec, ...]]]:
    yield (
        Resource(
            component=api.ref,
            dimensions=(("ApiName", api.name), ("Stage", api.stage)),
            labels=(("api", api.name), ("stage", api.stage), ("api_type", "rest")),
        ),
        SPECS,
    )


API_GATEWAY = Collector(name="api_gateway", component=Api, resources=_resources, specs=SPECS)
