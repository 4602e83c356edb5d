"""The dashboard of DynamoDB and DAX: capacity, throttling, latency, errors and cache hits."""

from __future__ import annotations

from basewatch.config import Config
from generate.grafana.dashboard_model import Dashboard, Panel, PanelQuery, Row
from generate.grafana.shared import LOCATION_FILTER, LOCATION_LABELS, STANDARD_WINDOW, gauge_expr, rate_expr, variables

_THIS = 'table_name=~"$resource"'
_NAME = "{{table_name}} {{index_name}}"
_OPERATION = "{{table_name}} {{operation}}"


def dashboard(config: Config) -> Dashboard:
    """The metrics of a table exclude its indexes, so both can be added."""
    return Dashboard(
        uid="basewatch-dynamodb",
        title=f"{config.platform.name} tables",
        description="Capacity, throttling and latency of every DynamoDB table, and the hit ratio of DAX.",
        variables=variables("dynamodb", "Table"),
        rows=(
            Row(title="Capacity", panels=(_capacity("read"), _capacity("write"), _throttle_events())),
            Row(title="Latency and errors", panels=(_latency(), _throttled_requests(), _errors())),
            Row(title="DAX", panels=(_hit_ratio("item"), _hit_ratio("query"))),
        ),
    )


def _capacity(what: str) -> Panel:
    return Panel(
        title=f"{what.capitalize()} capacity units a second",
        queries=(
            PanelQuery(
                expr=rate_expr(f"aws_dynamodb_consumed_{what}_capacity_units_total", _THIS, STANDARD_WINDOW),
                legend=f"{_NAME} consumed",
            ),
            PanelQuery(
                expr=gauge_expr(f"aws_dynamodb_provisioned_{what}_capacity_units", _THIS), legend=f"{_NAME} provisioned"
            ),
        ),
        description="On-demand tables have no provisioned capacity.",
    )


def _throttle_events() -> Panel:
    return Panel(
        title="Throttle events a second",
        queries=tuple(
            PanelQuery(
                expr=rate_expr(f"aws_dynamodb_{what}_throttle_events_total", _THIS, STANDARD_WINDOW),
                legend=f"{_NAME} {what}",
            )
            for what in ("read", "write")
        ),
    )


def _latency() -> Panel:
    summary = "aws_dynamodb_request_latency_seconds"
    total, count = (rate_expr(f"{summary}_{part}", _THIS, STANDARD_WINDOW) for part in ("sum", "count"))
    mean = f"{total} / {count}"
    return Panel(
        title="Latency",
        unit="s",
        queries=(
            PanelQuery(expr=mean, legend=f"{_OPERATION} mean"),
            PanelQuery(
                expr=gauge_expr("aws_dynamodb_request_latency_max_seconds", _THIS), legend=f"{_OPERATION} maximum"
            ),
        ),
    )


def _throttled_requests() -> Panel:
    throttled = rate_expr("aws_dynamodb_throttled_requests_total", _THIS, STANDARD_WINDOW)
    return Panel(title="Throttled requests a second", queries=(PanelQuery(expr=throttled, legend=_OPERATION),))


def _errors() -> Panel:
    return Panel(
        title="Errors a second",
        queries=(
            PanelQuery(
                expr=rate_expr("aws_dynamodb_system_errors_total", _THIS, STANDARD_WINDOW),
                legend=f"{_OPERATION} system",
            ),
            PanelQuery(
                expr=f"rate(aws_dynamodb_user_errors_total{{{LOCATION_FILTER}}}[{STANDARD_WINDOW}])",
                legend="user errors of the account",
            ),
        ),
    )


def _hit_ratio(what: str) -> Panel:
    hits, misses = (
        f"rate(aws_dax_{what}_cache_{kind}_total{{{LOCATION_FILTER}}}[{STANDARD_WINDOW}])"
        for kind in ("hits", "misses")
    )
    by = f"sum by ({LOCATION_LABELS}, cluster_id)"
    return Panel(
        title=f"{what.capitalize()} cache hit ratio",
        unit="percentunit",
        queries=(PanelQuery(expr=f"{by} ({hits}) / {by} ({hits} + {misses})", legend="{{cluster_id}}"),),
    )
