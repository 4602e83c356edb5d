"""The recording rules: ratios and rates of every resource of a kind, declared or discovered."""

from __future__ import annotations

from collections.abc import Iterator

from basewatch.config import Config
from basewatch.quantities import parse_duration
from generate.prometheus.promql import label_list, promql_duration
from generate.prometheus.rule_model import RecordingRule

BURN_RATE_WINDOWS = tuple(map(parse_duration, ("5m", "30m", "1h", "2h", "6h", "1d", "3d")))
"""The windows of burn rates: the long windows and their short windows."""
_LOCATION = ("aws_account_id", "aws_region")
_API = label_list((*_LOCATION, "api", "stage"))
_FUNCTION = label_list((*_LOCATION, "function_name"))
_TABLE = label_list((*_LOCATION, "table_name"))
_CLUSTER = label_list((*_LOCATION, "cluster_id"))
_PROXY = label_list((*_LOCATION, "proxy_name"))
_SHORT = "5m"


def recording_rules(config: Config) -> Iterator[RecordingRule]:
    """The rules of the component kinds that the configuration declares or discovers."""
    declared, discovered = config.components, {discover.collector for discover in config.collectors.discover}
    if declared.apis or "api_gateway" in discovered:
        yield from _apis()
    if declared.functions or "lambda" in discovered:
        yield from _functions()
    if declared.tables or "dynamodb" in discovered:
        yield from _tables()
    if declared.cache_clusters or "dax" in discovered:
        yield from _hit_ratio(
            "dax:item_hit", _CLUSTER, "aws_dax_item_cache_hits_total", "aws_dax_item_cache_misses_total"
        )
    if any(cluster.proxy for cluster in declared.aurora_clusters) or "rds_proxy" in discovered:
        borrowed, allowed = "aws_rds_proxy_borrowed_connections", "aws_rds_proxy_max_database_connections"
        expr = f"max by {_PROXY} ({borrowed})\n/\nmax by {_PROXY} ({allowed})"
        yield RecordingRule(record="rds_proxy:pool:ratio", expr=expr)


def _apis() -> Iterator[RecordingRule]:
    for window in map(promql_duration, BURN_RATE_WINDOWS):
        requests = _rate(_API, "aws_apigateway_requests_total", window)
        yield RecordingRule(record=f"api:requests:rate{window}", expr=requests)
        yield _ratio(
            f"api:error_ratio:rate{window}", _rate(_API, "aws_apigateway_server_errors_total", window), requests
        )
    errors = _rate(_API, "aws_apigateway_client_errors_total", _SHORT)
    requests = _rate(_API, "aws_apigateway_requests_total", _SHORT)
    yield _ratio(f"api:client_error_ratio:rate{_SHORT}", errors, requests)
    yield _mean("api:latency_seconds", _API, "aws_apigateway_latency_seconds")


def _functions() -> Iterator[RecordingRule]:
    for window in map(promql_duration, BURN_RATE_WINDOWS):
        invocations = _rate(_FUNCTION, "aws_lambda_invocations_total", window)
        yield RecordingRule(record=f"lambda:invocations:rate{window}", expr=invocations)
        yield _ratio(
            f"lambda:error_ratio:rate{window}", _rate(_FUNCTION, "aws_lambda_errors_total", window), invocations
        )
    # A throttled call is not counted as an invocation.
    throttles = _rate(_FUNCTION, "aws_lambda_throttles_total", _SHORT)
    calls = (throttles, _rate(_FUNCTION, "aws_lambda_invocations_total", _SHORT))
    yield _ratio(f"lambda:throttle_ratio:rate{_SHORT}", throttles, *calls)
    yield _mean("lambda:duration_seconds", _FUNCTION, "aws_lambda_duration_seconds")


def _tables() -> Iterator[RecordingRule]:
    for window in map(promql_duration, BURN_RATE_WINDOWS):
        throttled = _rate(_TABLE, "aws_dynamodb_throttled_requests_total", window)
        done = _rate(_TABLE, "aws_dynamodb_request_latency_seconds_count", window)
        yield _ratio(f"dynamodb:throttle_ratio:rate{window}", throttled, throttled, done)
    for what in ("read", "write"):
        consumed = _rate(_TABLE, f"aws_dynamodb_consumed_{what}_capacity_units_total", _SHORT)
        provisioned = f"sum by {_TABLE} (aws_dynamodb_provisioned_{what}_capacity_units)"
        yield _ratio(f"dynamodb:{what}_utilization:ratio{_SHORT}", consumed, provisioned)


def _hit_ratio(stem: str, by: str, hits: str, misses: str) -> Iterator[RecordingRule]:
    rates = (_rate(by, hits, _SHORT), _rate(by, misses, _SHORT))
    yield _ratio(f"{stem}:ratio{_SHORT}", rates[0], *rates)


def _rate(by: str, counter: str, window: str) -> str:
    return f"sum by {by} (rate({counter}[{window}]))"


def _ratio(record: str, part: str, *whole: str) -> RecordingRule:
    return RecordingRule(record=record, expr=ratio(part, *whole))


def ratio(part: str, *whole: str) -> str:
    """The ratio of `part` to the sum of `whole`; no result, rather than NaN, if the sum is 0."""
    return f"{part}\n/\n({' + '.join(whole)} > 0)"


def _mean(stem: str, by: str, summary: str) -> RecordingRule:
    return _ratio(f"{stem}:mean{_SHORT}", _rate(by, f"{summary}_sum", _SHORT), _rate(by, f"{summary}_count", _SHORT))
