"""Every generated file: what it is generated from, and by which command.

basewatch generate | writes | from | committed by
---|---|---|---
`schema` | docs/*.schema.json | the models of configuration, findings and webhooks | `make docs`
`docs` | docs/checks.md, metrics.md, alerting-rules.md, runbooks/ | checks, collectors, alert templates | `make docs`
`rules` | deploy/prometheus/ | config.yaml, checks, collectors | `make deploy`
`alertmanager` | deploy/alertmanager/ | config.yaml | `make deploy`
`dashboards` | deploy/grafana/dashboards/ | config.yaml | `make deploy`

CI runs each command with `--check`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import cast

import orjson
import typer

from alerts.channels import CHANNEL_TYPES, webhook
from basewatch.atomic_files import READ_BY_ALL, replace_file
from basewatch.check import AnyCheck
from basewatch.collector import AnyCollector
from basewatch.config import Config, config_model
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
from generate.runbooks import runbooks
from reports import json_report


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratedFiles:
    """Files with the functions that write their text, and the commands that generate them.

    `make_target` generates the files that are committed in this repository.
    """

    command: str
    make_target: str
    texts: Mapping[str, Callable[[], str]]

    def write(self, folder: Path, *, check_only: bool) -> int:
        """Writes the files that are out of date into `folder` and returns 0.

        With `check_only`, nothing is written: each such file is reported with the command that repairs it, and the
        result is 1 if there is one.
        """
        texts = {folder / name: text() for name, text in self.texts.items()}
        stale = [path for path, text in texts.items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
        for path in stale:
            if check_only:
                repair = f"run `{self.make_target}` (it runs `{self.command}`)"
                typer.echo(f"{path} is out of date; {repair}", err=True)
            else:
                replace_file(path, texts[path].encode(), READ_BY_ALL)
                typer.echo(str(path))
        return 1 if check_only and stale else 0


def schema_files() -> GeneratedFiles:
    """The JSON Schemas: for editors, and for programs that read `check --format json`."""
    return GeneratedFiles(
        command="basewatch generate schema",
        make_target="make docs",
        texts={
            "config.schema.json": lambda: _json(schema()),
            "findings.schema.json": lambda: _json(json_report.schema()),
            "webhook.schema.json": lambda: _json(webhook.schema()),
        },
    )


def page_files() -> GeneratedFiles:
    """The reference pages. They describe what Basewatch ships; plug-ins have no influence."""
    return GeneratedFiles(
        command="basewatch generate docs",
        make_target="make docs",
        texts={
            "checks.md": lambda: checks_page(CHECKS),
            "metrics.md": lambda: metrics_page(COLLECTORS),
            "alerting-rules.md": lambda: alerting_rules(TEMPLATES),
            **{f"runbooks/{name}": text for name, text in runbooks(CHECKS).items()},
        },
    )


def rule_files(config: Config, checks: tuple[AnyCheck, ...], collectors: tuple[AnyCollector, ...]) -> GeneratedFiles:
    """The recording and alerting rules of a configuration, for Prometheus."""
    return GeneratedFiles(
        command="basewatch generate rules",
        make_target="make deploy",
        texts={"prometheus/basewatch.rules.yml": lambda: rules_file(groups(config, checks, collectors))},
    )


def alertmanager_files(config: Config) -> GeneratedFiles:
    """The routing of the alerts of these rules, for Alertmanager."""
    return GeneratedFiles(
        command="basewatch generate alertmanager",
        make_target="make deploy",
        texts={"alertmanager/alertmanager.yml": lambda: alertmanager(config)},
    )


def dashboard_files(config: Config) -> GeneratedFiles:
    """The dashboards of a configuration, for Grafana."""
    return GeneratedFiles(
        command="basewatch generate dashboards",
        make_target="make deploy",
        texts={
            f"grafana/dashboards/{name}": partial(_dashboard, build, config)
            for name, build in grafana.DASHBOARDS.items()
        },
    )


def schema() -> dict[str, JSON]:
    """The JSON Schema (2020-12) of one configuration file. References between parts are checked only at loading."""
    described = cast("dict[str, JSON]", config_model(CHANNEL_TYPES).model_json_schema(mode="validation"))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **described,
        "title": "Basewatch configuration",
    }


def _dashboard(build: Callable[[Config], Dashboard], config: Config) -> str:
    return _json(build(config).as_json())


def _json(document: Mapping[str, object]) -> str:
    return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()
