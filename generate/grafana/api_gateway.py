"""The dashboard of API Gateway: requests, errors, latency and the part of the integration."""

from __future__ import annotations

from basewatch.config import Config
from generate.grafana.dashboard_model import Dashboard, Panel, PanelQuery, Row
from generate.grafana.shared import FAST_WINDOW, gauge_expr, latency, rate_expr, variables

_THIS = 'api=~"$resource"'
_NAME = "{{api}} {{stage}}"


def dashboard(config: Config) -> Dashboard:
    """Promised limits are drawn as lines."""
    promised_seconds = (api.p95_below.value.total_seconds() for api in config.components.apis if api.p95_below)
    requests = rate_expr("aws_apigateway_requests_total", _THIS, FAST_WINDOW)
    promised = tuple(
        PanelQuery(expr=f"vector({seconds:g})", legend=f"promised p95 {seconds:g} s", limit=True)
        for seconds in sorted(set(promised_seconds))
    )
    return Dashboard(
        uid="basewatch-api",
        title=f"{config.platform.name} API",
        description="Requests, errors and duration of every API stage.",
        variables=variables("api_gateway", "API"),
        rows=(
            Row(
                title="Requests and errors",
                panels=(
                    Panel(title="Requests", unit="reqps", queries=(PanelQuery(expr=requests, legend=_NAME),)),
                    Panel(
                        title="Server error ratio",
                        unit="percentunit",
                        queries=(_error_ratio("aws_apigateway_server_errors_total", requests),),
                    ),
                    Panel(
                        title="Client error ratio",
                        unit="percentunit",
                        queries=(_error_ratio("aws_apigateway_client_errors_total", requests),),
                    ),
                ),
            ),
            Row(
                title="Duration",
                panels=(
                    latency("Latency", "aws_apigateway_latency_seconds", _THIS, _NAME, FAST_WINDOW, *promised),
                    Panel(
                        title="Integration latency (p95)",
                        unit="s",
                        queries=(
                            PanelQuery(
                                expr=gauge_expr(
                                    "aws_apigateway_integration_latency_seconds", f'{_THIS},quantile="0.95"'
                                ),
                                legend=_NAME,
                            ),
                        ),
                    ),
                    Panel(
                        title="Cache hit ratio",
                        unit="percentunit",
                        queries=(PanelQuery(expr=_hits(), legend=_NAME),),
                        description="Only for stages with a cache.",
                    ),
                ),
            ),
        ),
    )


def _error_ratio(errors: str, requests: str) -> PanelQuery:
    return PanelQuery(expr=f"{rate_expr(errors, _THIS, FAST_WINDOW)} / {requests}", legend=_NAME)


def _hits() -> str:
    hits = rate_expr("aws_apigateway_cache_hits_total", _THIS, "15m")
    return f"{hits} / ({hits} + {rate_expr('aws_apigateway_cache_misses_total', _THIS, '15m')})"
