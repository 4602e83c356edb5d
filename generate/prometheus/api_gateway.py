"""Cause alerts of API Gateway. The promises of an API have their alerts in promise_alerts.py."""

from __future__ import annotations

from collections.abc import Iterator

from basewatch.components import Api
from generate.prometheus.recording import ratio
from generate.prometheus.rule_context import AlertTemplate, RuleContext
from generate.prometheus.rule_model import AlertRule, AlertSeverity
from generate.prometheus.thresholds import PERCENT, enough_events, ratio_limit, thresholds

SURGE = AlertTemplate(
    name="ApiClientErrorSurge",
    severity=AlertSeverity.INFO,
    fires_when="More than 5% of an API's requests end in a client error, and the ratio is twice that of yesterday",
    remedy="Look for a changed client, a deployment that broke a client, an expired key, or a client that tries keys",
    dashboard="basewatch-api",
)
TEMPLATES = (SURGE,)

_REFUSED, _REQUESTS = "aws_apigateway_client_errors_total", "aws_apigateway_requests_total"


def api_cause_alerts(context: RuleContext, api: Api) -> Iterator[AlertRule]:
    """A surge of client errors."""
    for limit in thresholds(context, api, _REFUSED, None, ratio_limit("5% for 10m")):
        at = limit.series_source
        now = ratio(at.rate(_REFUSED), at.rate(_REQUESTS))
        before = ratio(at.rate(_REFUSED, offset=" offset 1d"), at.rate(_REQUESTS, offset=" offset 1d"))
        expr = (
            f"(\n{now}\n) > {limit.value}\nand\n(\n{now}\n) > 2 * (\n{before}\n)\nand\n{enough_events(at, _REQUESTS)}"
        )
        yield limit.alert_rule(SURGE, expr, f"{PERCENT} of the requests end in a client error")
