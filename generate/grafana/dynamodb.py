"""The dashboard of DynamoDB and DAX: what is consumed of what there is, what is throttled, how fast it answers."""

from __future__ import annotations

from basewatch.config import Config
from generate.grafana.dashboard_model import Dashboard, Panel, PanelQuery, Row
from generate.grafana.shared import LOCATION_FILTER, LOCATION_LABELS, STANDARD_WINDOW, gauge_expr, rate_expr, variables

_THIS = 'table_name=~"$resource"'
_NAME = "{{table_name}} {{index_name}}"
_OPERATION = "{{table_name}} {{operation}}"


def dashboard(config: Config) -> Dashboard:
    """A table's numbers exclude its indexes, so both may be added up."""
    return Dashboard(
        uid="basewatch-dynamodb",
        title=f"{config.platform.name} tables",
        description="Capacity, throttling and speed of every DynamoDB table, and how well DAX caches.",
        variables=variables("dynamodb", "Table"),
        rows=(
            Row(title="Capacity", panels=(_capacity("read"), _capacity("write"), _throttled())),
            Row(title="Speed and errors", panels=(_speed(), _refused(), _errors())),
            Row(title="DAX", panels=(_hits("item"), _hits("query"))),
        ),
    )


def _capacity(way: str) -> Panel:
    return Panel(
        title=f"{way.capitalize()} capacity units a second",
        queries=(
            PanelQuery(
                expr=rate_expr(f"aws_dynamodb_consumed_{way}_capacity_units_total", _THIS, STANDARD_WINDOW),
                legend=f"{_NAME} consumed",
            ),
            PanelQuery(
                expr=gauge_expr(f"aws_dynamodb_provisioned_{way}_capacity_units", _THIS), legend=f"{_NAME} provisioned"
            ),
        ),
        description="Tables that are paid by request have nothing provisioned.",
    )


def _throttled() -> Panel:
    return Panel(
        title="Throttle events a second",
        queries=tuple(
            PanelQuery(
                expr=rate_expr(f"aws_dynamodb_{way}_throttle_events_total", _THIS, STANDARD_WINDOW),
                legend=f"{_NAME} {way}",
            )
            for way in ("read", "write")
        ),
    )


def _speed() -> Panel:
    summary = "aws_dynamodb_request_latency_seconds"
    mean = f"{rate_expr(f'{summary}_sum', _THIS, STANDARD_WINDOW)} / {rate_expr(f'{summary}_count', _THIS, STANDARD_WINDOW)}"
    return Panel(
        title="Latency",
        unit="s",
        queries=(
            PanelQuery(expr=mean, legend=f"{_OPERATION} mean"),
            PanelQuery(
                expr=gauge_expr("aws_dynamodb_request_latency_max_seconds", _THIS), legend=f"{_OPERATION} longest"
            ),
        ),
    )


def _refused() -> Panel:
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
                legend="user, whole account",
            ),
        ),
    )


def _hits(what: str) -> Panel:
    hits, misses = (
        f"rate(aws_dax_{what}_cache_{kind}_total{{{LOCATION_FILTER}}}[{STANDARD_WINDOW}])"
        for kind in ("hits", "misses")
    )
    by = f"sum by ({LOCATION_LABELS}, cluster_id)"
    return Panel(
        title=f"{what.capitalize()} cache hits",
        unit="percentunit",
        queries=(PanelQuery(expr=f"{by} ({hits}) / {by} ({hits} + {misses})", legend="{{cluster_id}}"),),
    )
