"""CloudWatch metrics of API Gateway stages; REST and HTTP APIs share their families."""

from __future__ import annotations

from collections.abc import Iterator

from basewatch.aws import AwsClient
from basewatch.aws.response import required
from basewatch.collector import (
    Collector,
    DescribedResource,
    DiscoverySpec,
    MeasuredResource,
    MetricSpec,
    RefreshTier,
    Resource,
    Unit,
)
from basewatch.components import Api
from collectors.cloudwatch.discovery.describe import arn_pattern, for_dimensions, list_entries, objects, tags
from collectors.specs import Namespace

_API = Namespace(name="AWS/ApiGateway")
_LATENCIES = (
    *_API.latency("aws_apigateway_latency", "Latency", unit=Unit.MILLISECONDS, tier=RefreshTier.FAST),
    *_API.latency("aws_apigateway_integration_latency", "IntegrationLatency", unit=Unit.MILLISECONDS, maximum=False),
)


def _counted(family: str, metric: str, statistic: str, source_text: str) -> MetricSpec:
    return _API.counter(family, metric, statistic, tier=RefreshTier.FAST, source_text=source_text)


_COUNT = "Count SampleCount (REST) or Sum (HTTP)"
_CLIENT, _SERVER = "4XXError (REST) or 4xx (HTTP) Sum", "5XXError (REST) or 5xx (HTTP) Sum"
_REST = (
    # AWS documents SampleCount as the statistic to use for a REST API's Count.
    _counted("aws_apigateway_requests_total", "Count", "SampleCount", _COUNT),
    _counted("aws_apigateway_client_errors_total", "4XXError", "Sum", _CLIENT),
    _counted("aws_apigateway_server_errors_total", "5XXError", "Sum", _SERVER),
    *_LATENCIES,
    # Only stages with a cache have these metrics.
    _API.counter("aws_apigateway_cache_hits_total", "CacheHitCount", tier=RefreshTier.SLOW),
    _API.counter("aws_apigateway_cache_misses_total", "CacheMissCount", tier=RefreshTier.SLOW),
)
# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html
_HTTP = (
    _counted("aws_apigateway_requests_total", "Count", "Sum", _COUNT),
    _counted("aws_apigateway_client_errors_total", "4xx", "Sum", _CLIENT),
    _counted("aws_apigateway_server_errors_total", "5xx", "Sum", _SERVER),
    *_LATENCIES,
)


def _rest(name: str, stage: str, component: str = "") -> MeasuredResource:
    return Resource(
        component=component,
        dimensions=(("ApiName", name), ("Stage", stage)),
        labels=(("api", name), ("stage", stage), ("api_type", "rest")),
    ), _REST


def _http(identifier: str, stage: str, component: str = "") -> MeasuredResource:
    """A stage of an HTTP API. CloudWatch, and therefore its series, identifies the API by its id."""
    return Resource(
        component=component,
        dimensions=(("ApiId", identifier), ("Stage", stage)),
        labels=(("api", identifier), ("stage", stage), ("api_type", "http")),
    ), _HTTP


def _resources(api: Api) -> Iterator[MeasuredResource]:
    # The metrics of a WebSocket API count connections and messages, not requests: no check reads them.
    if api.type != "websocket":
        measured = {"rest": _rest, "http": _http}[api.type]
        yield measured(api.cloudwatch_name, api.stage, api.ref)


def _rest_stages(aws: AwsClient) -> Iterator[DescribedResource]:
    for api in list_entries(aws, "apigateway", "GetRestApis", "items", may_be_absent=True):
        name, identifier = required(api, "name", kind=str), required(api, "id", kind=str)
        stages = aws.call("apigateway", "GetStages", restApiId=identifier)
        for stage in objects(stages, "item", may_be_absent=True):
            dimensions = {"ApiName": name, "Stage": required(stage, "stageName", kind=str)}
            yield DescribedResource(dimensions=dimensions, tags=tags(stage, "tags") or tags(api, "tags"))


def _http_stages(aws: AwsClient) -> Iterator[DescribedResource]:
    for api in list_entries(aws, "apigatewayv2", "GetApis", "Items"):
        if required(api, "ProtocolType", kind=str) != "HTTP":
            continue
        identifier = required(api, "ApiId", kind=str)
        for stage in list_entries(aws, "apigatewayv2", "GetStages", "Items", ApiId=identifier):
            dimensions = {"ApiId": identifier, "Stage": required(stage, "StageName", kind=str)}
            yield DescribedResource(dimensions=dimensions, tags=tags(stage, "Tags") or tags(api, "Tags"))


API_GATEWAY = Collector(
    name="api_gateway",
    component_type=Api,
    resources=_resources,
    specs=tuple(dict.fromkeys((*_REST, *_HTTP))),
    discovery_specs=(
        # The ARN of a REST API contains its id, but CloudWatch uses its name: the tagging API cannot find it.
        DiscoverySpec(
            namespace=_API.name,
            activity_metric="Count",
            dimensions=("ApiName", "Stage"),
            from_dimensions=for_dimensions("ApiName", "Stage", build=_rest),
            describe=_rest_stages,
            needs=("apigateway:GET",),
        ),
        DiscoverySpec(
            namespace=_API.name,
            activity_metric="Count",
            dimensions=("ApiId", "Stage"),
            from_dimensions=for_dimensions("ApiId", "Stage", build=_http),
            resource_type="apigateway",
            dimensions_of_arn=arn_pattern("/apis/(?P<ApiId>[^/]+)/stages/(?P<Stage>[^/]+)"),
            describe=_http_stages,
            needs=("apigateway:GET",),
        ),
    ),
)
