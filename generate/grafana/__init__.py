"""Grafana dashboards, generated from the configuration; Grafana loads them by file provisioning."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from basewatch.config import Config
from generate.grafana import api_gateway, aurora, dynamodb, findings, lambda_functions, self_monitoring, slo
from generate.grafana.dashboard_model import Dashboard

DASHBOARDS: Mapping[str, Callable[[Config], Dashboard]] = {
    "slo.json": slo.dashboard,
    "api_gateway.json": api_gateway.dashboard,
    "lambda.json": lambda_functions.dashboard,
    "aurora.json": aurora.dashboard,
    "dynamodb.json": dynamodb.dashboard,
    "self_monitoring.json": self_monitoring.dashboard,
    "findings.json": findings.dashboard,
}
