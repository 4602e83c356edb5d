"""The Grafana dashboards, written from the configuration; Grafana reads them by file provisioning."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from basewatch.config import Config
from workflows.grafana import api, aurora, exporter, findings, functions, objectives, tables
from workflows.grafana.model import Dashboard

DASHBOARDS: Mapping[str, Callable[[Config], Dashboard]] = {
    "slo.json": objectives.dashboard,
    "api.json": api.dashboard,
    "lambda.json": functions.dashboard,
    "aurora.json": aurora.dashboard,
    "dynamodb.json": tables.dashboard,
    "exporter.json": exporter.dashboard,
    "findings.json": findings.dashboard,
}
