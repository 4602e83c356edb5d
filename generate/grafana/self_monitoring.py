"""The dashboard of Basewatch itself: freshness, completeness, AWS requests, cost and credentials."""

from __future__ import annotations

from basewatch.config import Config
from generate.grafana.dashboard_model import Dashboard, Panel, PanelQuery, Row
from generate.grafana.shared import ACCOUNT, LOCATION_FILTER, REGION

_NAME = "{{collector}} {{aws_account_id}} {{aws_region}}"
_MONTH = 30 * 24 * 3600


def dashboard(config: Config) -> Dashboard:
    """Freshness first, then AWS requests, then cost and credentials."""
    budget = config.collectors.budget
    newest = f"basewatch_collector_newest_datapoint_timestamp_seconds{{{LOCATION_FILTER}}}"
    limit = (PanelQuery(expr=f"vector({budget:g})", legend="budget", limit=True),) if budget else ()
    return Dashboard(
        uid="basewatch-exporter",
        title="Basewatch",
        description="Freshness, completeness and cost of what Basewatch collects.",
        variables=(ACCOUNT, REGION),
        rows=(
            Row(
                title="Freshness and completeness",
                panels=(
                    Panel(
                        title="Collector up",
                        kind="table",
                        width=12,
                        red_below=1,
                        queries=(PanelQuery(expr=f"basewatch_collector_up{{{LOCATION_FILTER}}}"),),
                    ),
                    Panel(
                        title="Age of the newest datapoint",
                        unit="s",
                        width=12,
                        queries=(
                            PanelQuery(
                                expr=f"time() - {newest}",
                                legend=_NAME,
                            ),
                        ),
                    ),
                    _gauge("Refresh duration", "s", "basewatch_collector_refresh_duration_seconds"),
                    _gauge("Series", "short", "basewatch_collector_series"),
                    _gauge("Stale series", "short", "basewatch_collector_stale_series"),
                ),
            ),
            Row(
                title="AWS requests",
                panels=(
                    _rate("Requests", "reqps", "basewatch_api_requests_total", "{{api}}", "sum by (api)"),
                    _rate("Failed requests", "reqps", "basewatch_api_request_failures_total", "{{api}} {{code}}"),
                    _rate("Waiting for rate limits", "s", "basewatch_api_throttle_wait_seconds_total", "{{api}}"),
                    Panel(
                        title="Request duration (p99)",
                        unit="s",
                        queries=(
                            PanelQuery(
                                expr="histogram_quantile(0.99, sum by (api, le) "
                                "(rate(basewatch_api_request_duration_seconds_bucket[15m])))",
                                legend="{{api}}",
                            ),
                        ),
                    ),
                    _rate("Series dropped", "short", "basewatch_series_dropped_total", "{{collector}} {{reason}}"),
                    _rate(
                        "Counter corrections",
                        "short",
                        "basewatch_collector_corrections_total",
                        "{{collector}} {{direction}}",
                    ),
                ),
            ),
            Row(
                title="Cost and access",
                panels=(
                    Panel(
                        title="Cost a month, at the rate of the last hour",
                        unit="currencyUSD",
                        queries=(
                            PanelQuery(
                                expr=f"sum by (reading) (rate(basewatch_estimated_cost_dollars_total[1h])) * {_MONTH}",
                                legend="{{reading}}",
                            ),
                            *limit,
                        ),
                    ),
                    Panel(
                        title="Interval of each tier",
                        unit="s",
                        queries=(PanelQuery(expr="basewatch_tier_interval_seconds", legend="{{tier}} {{which}}"),),
                    ),
                    Panel(
                        title="Credentials expire in",
                        unit="s",
                        queries=(
                            PanelQuery(
                                expr=f"basewatch_credentials_expiry_timestamp_seconds{{{LOCATION_FILTER}}} - time()",
                                legend="{{aws_account_id}} {{aws_region}}",
                            ),
                        ),
                    ),
                ),
            ),
        ),
    )


def _gauge(title: str, unit: str, name: str) -> Panel:
    return Panel(title=title, unit=unit, queries=(PanelQuery(expr=f"{name}{{{LOCATION_FILTER}}}", legend=_NAME),))


def _rate(title: str, unit: str, counter: str, legend: str, by: str = "") -> Panel:
    growth = f"rate({counter}[15m])"
    return Panel(
        title=title, unit=unit, queries=(PanelQuery(expr=f"{by} ({growth})" if by else growth, legend=legend),)
    )
