"""The dashboard of Basewatch itself: whether what the others show is fresh and whole, and what it costs."""

from __future__ import annotations

from basewatch.config import Config
from generate.grafana.dashboard_model import Dashboard, Panel, PanelQuery, Row
from generate.grafana.shared import ACCOUNT, LOCATION_FILTER, REGION

_NAME = "{{collector}} {{aws_account_id}} {{aws_region}}"
_MONTH = 30 * 24 * 3600


def dashboard(config: Config) -> Dashboard:
    """What AWS is asked, what came of it, and what it costs."""
    budget = config.collectors.budget
    limit = (PanelQuery(expr=f"vector({budget:g})", legend="budget", limit=True),) if budget else ()
    return Dashboard(
        uid="basewatch-exporter",
        title="Basewatch",
        description="Freshness, completeness and cost of what Basewatch collects.",
        variables=(ACCOUNT, REGION),
        rows=(
            Row(
                title="Fresh and whole?",
                panels=(
                    Panel(
                        title="Collectors that got everything",
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
                                expr=f"time() - basewatch_collector_newest_datapoint_timestamp_seconds{{{LOCATION_FILTER}}}",
                                legend=_NAME,
                            ),
                        ),
                    ),
                    _gauge("Refresh", "s", "basewatch_collector_refresh_duration_seconds"),
                    _gauge("Series shown", "short", "basewatch_collector_series"),
                    _gauge("Series that could not be got", "short", "basewatch_collector_stale_series"),
                ),
            ),
            Row(
                title="Asked of AWS",
                panels=(
                    _rate("Requests", "reqps", "basewatch_api_requests_total", "{{api}}", "sum by (api)"),
                    _rate("Refused", "reqps", "basewatch_api_request_failures_total", "{{api}} {{code}}"),
                    _rate("Waiting for limits", "s", "basewatch_api_throttle_wait_seconds_total", "{{api}}"),
                    Panel(
                        title="Duration of requests (p99)",
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
                        "Corrections", "short", "basewatch_collector_corrections_total", "{{collector}} {{direction}}"
                    ),
                ),
            ),
            Row(
                title="Cost and access",
                panels=(
                    Panel(
                        title="Dollars a month, at the rate of the last hour",
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
