"""The configuration of the user's Alertmanager: routes, receivers, and inhibition rules."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from basewatch.config import Config, Route
from basewatch.config.prometheus import Email
from basewatch.model import Severity
from basewatch.notifier import ALERTMANAGER_TITLE
from basewatch.secrets import Reference
from generate.prometheus.promql import quoted
from generate.prometheus.rule_model import AlertSeverity, alert_severity, generated_yaml
from generate.prometheus.self_monitoring import COLLECTOR_DOWN, DOWN, WATCHDOG
from generate.prometheus.slo_burn_rates import BURN

_NO_RECEIVER, _WATCHDOG, _EMAIL = "null", "watchdog", "email"


def alertmanager(config: Config) -> str:
    """The text of alertmanager.yml. It names the files of secrets, and contains no secret."""
    return generated_yaml(
        {
            "route": {
                "receiver": _NO_RECEIVER,
                "group_by": ["alertname", "aws_account_id", "aws_region", "slo"],
                "group_wait": "30s",
                "group_interval": "5m",
                "repeat_interval": "4h",
                "routes": list(_routes(config)),
            },
            "inhibit_rules": list(_inhibitions()),
            "receivers": [{"name": _NO_RECEIVER}, {"name": _WATCHDOG}, *_receivers(config)],
        }
    )


def _routes(config: Config) -> Iterator[dict[str, object]]:
    yield {"receiver": _WATCHDOG, "matchers": [f"alertname={quoted(WATCHDOG.name)}"], "repeat_interval": "5m"}
    # Basewatch sends these itself; in Alertmanager they are only displayed.
    yield {"receiver": _NO_RECEIVER, "matchers": ['notified_by="basewatch"']}
    for route in config.alerts.routes:
        # What these filter by, and the age of an alert, is known to Basewatch alone.
        if route.checks or route.components or route.labels or route.older_than or route.digest:
            continue
        yield {"receiver": route.channel, "matchers": _at_least(route), "continue": True}
    if config.prometheus.email:
        yield {"receiver": _EMAIL, "matchers": [_one_of(AlertSeverity.WARNING, AlertSeverity.INFO)], "continue": True}


def _at_least(route: Route) -> list[str]:
    severities = {alert_severity(severity) for severity in Severity if severity.rank >= route.severity.rank}
    if len(severities) == len(AlertSeverity):
        return []
    return [_one_of(*(each for each in AlertSeverity if each in severities))]


def _one_of(*severities: AlertSeverity) -> str:
    return f"severity=~{quoted('|'.join(each.value for each in severities))}"


def _inhibitions() -> Iterator[dict[str, object]]:
    """A collector that is down inhibits the alerts on its metrics; a page inhibits the ticket of the same cause."""
    location = ["collector", "aws_account_id", "aws_region"]
    named = f"alertname={quoted(COLLECTOR_DOWN.name)}"
    others = f"alertname!={quoted(COLLECTOR_DOWN.name)}"
    yield {"source_matchers": [named], "target_matchers": [others, 'collector=~".+"'], "equal": location}
    down = f"alertname={quoted(DOWN.name)}"
    yield {"source_matchers": [down], "target_matchers": ['collector=~".+"']}
    pages, burns = f"severity={quoted(AlertSeverity.CRITICAL.value)}", f"alertname={quoted(BURN.name)}"
    milder = _one_of(AlertSeverity.WARNING, AlertSeverity.INFO)
    yield {"source_matchers": [burns, pages], "target_matchers": [burns, milder], "equal": ["slo"]}
    same = ["alertname", "component", "aws_account_id", "aws_region", "db_instance"]
    known = 'component=~".+"'
    not_burns = f"alertname!={quoted(BURN.name)}"
    yield {
        "source_matchers": [pages, known, not_burns],
        "target_matchers": [milder, known, not_burns],
        "equal": same,
    }


def _receivers(config: Config) -> Iterator[dict[str, object]]:
    routed = {route.channel for route in config.alerts.routes}
    for channel in config.alerts.channels:
        if channel.name in routed:
            secret_file = partial(_secret_file, config, channel.name)
            yield {"name": channel.name, **channel.alertmanager_receiver(secret_file)}
    if email := config.prometheus.email:
        yield {"name": _EMAIL, "email_configs": [_mail(email, f"{config.prometheus.secrets}/smtp")]}


def _secret_file(config: Config, channel: str, secret: Reference) -> str:
    return secret.location if secret.scheme == "file" else f"{config.prometheus.secrets}/{channel}"


def _mail(email: Email, password: str) -> dict[str, object]:
    login = {"auth_username": email.username, "auth_password_file": password} if email.username else {}
    return {
        "to": email.to,
        "from": email.sender,
        "smarthost": email.smarthost,
        **login,
        "send_resolved": True,
        "headers": {"Subject": ALERTMANAGER_TITLE},
    }
