"""The dashboard of Aurora and RDS Proxy: utilization, saturation, latency and errors."""

from __future__ import annotations

from basewatch.config import Config
from generate.grafana.dashboard_model import Dashboard, Panel, PanelQuery, Row
from generate.grafana.shared import (
    ACCOUNT,
    FAST_WINDOW,
    LOCATION_FILTER,
    REGION,
    STANDARD_WINDOW,
    gauge_expr,
    rate_expr,
    variables,
)

_THIS = 'db_instance=~"$resource"'
_NAME = "{{db_instance}}"
_PROXY = 'proxy_name=~".+"'


def dashboard(config: Config) -> Dashboard:
    """Utilization of the instances, then latency and errors, then the proxies."""
    return Dashboard(
        uid="basewatch-aurora",
        title=f"{config.platform.name} Aurora",
        description="Utilization, saturation and errors of every instance and proxy.",
        variables=(ACCOUNT, REGION, *variables("aurora", "Instance")[2:]),
        rows=(_utilization(), _latency_and_errors(), _proxies()),
    )


def _utilization() -> Row:
    return Row(
        title="Utilization",
        panels=(
            _panel("CPU", "percentunit", "aws_rds_cpu_utilization_ratio"),
            Panel(
                title="Active sessions",
                stacked=True,
                queries=(
                    PanelQuery(expr=gauge_expr("aws_rds_db_load_cpu_active_sessions", _THIS), legend=f"{_NAME} on CPU"),
                    PanelQuery(
                        expr=gauge_expr("aws_rds_db_load_non_cpu_active_sessions", _THIS), legend=f"{_NAME} waiting"
                    ),
                ),
                description="Above the number of vCPUs, sessions wait for CPU.",
            ),
            _panel("Connections", "short", "aws_rds_database_connections"),
            _panel("Capacity in ACUs", "short", "aws_rds_serverless_capacity_acus"),
            _panel("Used ratio of the maximum capacity", "percentunit", "aws_rds_acu_utilization_ratio"),
            _panel("Freeable memory", "bytes", "aws_rds_freeable_memory_bytes"),
        ),
    )


def _latency_and_errors() -> Row:
    return Row(
        title="Latency and errors",
        panels=(
            Panel(
                title="Latency",
                unit="s",
                queries=tuple(
                    PanelQuery(expr=gauge_expr(f"aws_rds_{what}_latency_seconds", _THIS), legend=f"{_NAME} {what}")
                    for what in ("read", "write", "commit")
                ),
            ),
            _panel("Replica lag", "s", "aws_rds_replica_lag_seconds"),
            _panel("Buffer cache hit ratio", "percentunit", "aws_rds_buffer_cache_hit_ratio"),
            _panel("Deadlocks a second", "short", "aws_rds_deadlocks_per_second"),
            _panel("Transaction ids used", "short", "aws_rds_max_used_transaction_ids"),
            Panel(
                title="Volume size",
                unit="bytes",
                queries=(PanelQuery(expr=f"aws_rds_volume_used_bytes{{{LOCATION_FILTER}}}", legend="{{db_cluster}}"),),
            ),
        ),
    )


def _proxies() -> Row:
    name = "{{proxy_name}}"
    borrowed = gauge_expr("aws_rds_proxy_borrowed_connections", _PROXY)
    return Row(
        title="Proxies",
        panels=(
            Panel(
                title="Database connections",
                queries=(
                    PanelQuery(expr=borrowed, legend=f"{name} borrowed"),
                    PanelQuery(expr=gauge_expr("aws_rds_proxy_database_connections", _PROXY), legend=f"{name} open"),
                    PanelQuery(
                        expr=gauge_expr("aws_rds_proxy_max_database_connections", _PROXY), legend=f"{name} maximum"
                    ),
                    PanelQuery(expr=gauge_expr("aws_rds_proxy_pinned_sessions", _PROXY), legend=f"{name} pinned"),
                ),
            ),
            Panel(
                title="Borrow latency and query response latency",
                unit="s",
                queries=(
                    PanelQuery(
                        expr=gauge_expr("aws_rds_proxy_borrow_latency_seconds", _PROXY), legend=f"{name} borrow"
                    ),
                    PanelQuery(
                        expr=gauge_expr("aws_rds_proxy_query_response_latency_seconds", _PROXY),
                        legend=f"{name} response",
                    ),
                ),
            ),
            Panel(
                title="Failures a second",
                queries=(
                    PanelQuery(
                        expr=rate_expr("aws_rds_proxy_auth_failures_total", _PROXY, STANDARD_WINDOW),
                        legend=f"{name} authentication",
                    ),
                    PanelQuery(
                        expr=rate_expr("aws_rds_proxy_connection_setup_failures_total", _PROXY, STANDARD_WINDOW),
                        legend=f"{name} connection",
                    ),
                ),
            ),
            Panel(
                title="Queries",
                unit="reqps",
                queries=(PanelQuery(expr=rate_expr("aws_rds_proxy_queries_total", _PROXY, FAST_WINDOW), legend=name),),
            ),
        ),
    )


def _panel(title: str, unit: str, gauge: str) -> Panel:
    return Panel(title=title, unit=unit, queries=(PanelQuery(expr=gauge_expr(gauge, _THIS), legend=_NAME),))
