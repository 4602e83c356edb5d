"""Where a message leads: the runbook, the report, the dashboard, and the resource in the AWS console."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never
from urllib.parse import quote

from basewatch.alert import Alert, AlertKind
from basewatch.config.alerting import AlertLinks
from basewatch.notifier import Link

# The pages of alerts that are not about one check: generate.runbooks writes them.
UNSEEN_PAGE, BLIND_PAGE, HISTORY_PAGE = "unseen", "blind", "history-down"


def links_of(alert: Alert, run: str, templates: AlertLinks, dashboard: str, *, history_down: bool) -> tuple[Link, ...]:
    """The links of an alert, the one that helps first in front. `dashboard` is the URL of the findings' dashboard."""
    return tuple(_links(alert, run, templates, dashboard, history_down=history_down))


def _links(alert: Alert, run: str, templates: AlertLinks, dashboard: str, *, history_down: bool) -> Iterator[Link]:
    yield Link(label="Runbook", url=templates.runbooks.replace("{page}", _page(alert)))
    if history_down:
        yield Link(label="Runbook of the history", url=templates.runbooks.replace("{page}", HISTORY_PAGE))
    if templates.report:
        yield Link(label="Report", url=templates.report.replace("{run}", run))
    if dashboard.startswith(("https://", "http://")):
        joint = "&" if "?" in dashboard else "?"
        variable = f"{joint}var-component={quote(alert.component, safe='')}" if alert.component else ""
        yield Link(label="Dashboard", url=dashboard + variable)
    if console := _console(alert):
        yield Link(label="AWS console", url=console)


def _page(alert: Alert) -> str:
    match alert.kind:
        case AlertKind.FINDING:
            return alert.check
        case AlertKind.UNSEEN:
            several = {alert.check, *(member.check for member in alert.members)}
            return alert.check if several == {alert.check} and alert.check else UNSEEN_PAGE
        case AlertKind.BLIND:
            return BLIND_PAGE
        case _:
            assert_never(alert.kind)


_CONSOLES = {"cn": "console.amazonaws.cn", "us-gov": "console.amazonaws-us-gov.com"}
_PAGES = {
    "audit_bucket": "s3/buckets/{name}?region={region}",
    "aurora_cluster": "rds/home?region={region}#database:id={name};is-cluster=true",
    "table": "dynamodbv2/home?region={region}#table?name={name}",
    "function": "lambda/home?region={region}#/functions/{name}",
    "event_rule": "events/home?region={region}#/eventbus/default/rules/{name}",
    "backup_vault": "backup/home?region={region}#/backupvaults/details/{name}",
}


def _console(alert: Alert) -> str:
    """The page of the resource in the AWS console; empty for kinds without one that the name alone leads to."""
    kind, _, name = alert.component.partition("/")
    provider, _, place = alert.source.partition(":")
    region = place.partition("/")[2]
    if provider != "aws" or kind not in _PAGES or not region or name.startswith("arn:"):
        return ""
    host = next((host for partition, host in _CONSOLES.items() if region.startswith(f"{partition}-")), None)
    page = _PAGES[kind].format(name=quote(name, safe=""), region=quote(region, safe=""))
    return f"https://{host or f'{region}.console.aws.amazon.com'}/{page}"
