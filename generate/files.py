"""Files made from the code, which CI compares with what is committed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import cast

import orjson
import typer

from basewatch.check import AnyCheck
from basewatch.collector import AnyCollector
from basewatch.config import Config
from basewatch.model import JSON
from checks import CHECKS
from collectors import COLLECTORS
from generate import grafana
from generate.alertmanager import alertmanager
from generate.checks_page import checks_page
from generate.grafana.dashboard_model import Dashboard
from generate.metrics_page import metrics_page
from generate.prometheus.rule_model import rules_file
from generate.prometheus.rules import TEMPLATES, groups
from generate.prometheus.rules_page import alerting_rules
from reports import json_report


def schema() -> dict[str, JSON]:
    """The JSON Schema (2020-12) of one configuration file; what links its parts is checked by loading alone."""
    described = cast("dict[str, JSON]", Config.model_json_schema(mode="validation"))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **described,
        "title": "Basewatch configuration",
    }


def _json(document: Mapping[str, object]) -> str:
    return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()


SCHEMAS: Mapping[str, Callable[[], str]] = {
    "config.schema.json": lambda: _json(schema()),
    "findings.schema.json": lambda: _json(json_report.schema()),
}
PAGES: Mapping[str, Callable[[], str]] = {
    "checks.md": lambda: checks_page(CHECKS),
    "metrics.md": lambda: metrics_page(COLLECTORS),
    "alerting-rules.md": lambda: alerting_rules(TEMPLATES),
}


def rule_files(
    config: Config, checks: tuple[AnyCheck, ...], collectors: tuple[AnyCollector, ...]
) -> Mapping[str, Callable[[], str]]:
    """The rules of a configuration, for Prometheus."""
    return {"prometheus/basewatch.rules.yml": lambda: rules_file(groups(config, checks, collectors))}


def alertmanager_files(config: Config) -> Mapping[str, Callable[[], str]]:
    """Who is told of the alerts of these rules, for Alertmanager."""
    return {"alertmanager/alertmanager.yml": lambda: alertmanager(config)}


def dashboard_files(config: Config) -> Mapping[str, Callable[[], str]]:
    """The dashboards of a configuration, for Grafana."""
    return {
        f"grafana/dashboards/{name}": partial(_dashboard, make, config) for name, make in grafana.DASHBOARDS.items()
    }


def _dashboard(make: Callable[[Config], Dashboard], config: Config) -> str:
    return _json(make(config).as_json())


def write_or_compare(folder: Path, files: Mapping[str, Callable[[], str]], *, compare: bool) -> int:
    """Writes the files that are not current into `folder`; with `compare` names them instead and answers 1."""
    texts = {folder / name: make() for name, make in files.items()}
    stale = [path for path, text in texts.items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
    for path in stale:
        if compare:
            typer.echo(f"{path} is not what the code says; generate it again", err=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(texts[path], encoding="utf-8")
            typer.echo(str(path))
    return 1 if compare and stale else 0
