"""Who is told of which alert, and which alerts are held back: the configuration of the user's Alertmanager."""

from __future__ import annotations

from collections.abc import Iterator

from basewatch.config import Channel, Config, PagerDutyChannel, Route
from basewatch.config.prometheus import Email
from basewatch.model import Severity
from generate.prometheus.promql import quoted
from generate.prometheus.rule_model import AlertSeverity, alert_severity, generated_yaml
from generate.prometheus.self_monitoring import COLLECTOR_DOWN, DOWN, WATCHDOG
from generate.prometheus.slo_burn_rates import BURN

_NOBODY, _WATCHDOG, _EMAIL = "null", "watchdog", "email"
# Names of resources and subjects come from whoever may make them; Slack reads &, < and > as commands.
_SAFE = 'reReplaceAll ">" "&gt;" | reReplaceAll "<" "&lt;"'
_ESCAPED = f'reReplaceAll "&" "&amp;" | {_SAFE}'
_TITLE = (
    '{{ .Status | toUpper }}{{ if eq .Status "firing" }} {{ .Alerts.Firing | len }}{{ end }}: '
    "{{ .CommonLabels.alertname }} ({{ .CommonLabels.severity }})"
)
_LINKS = (("dashboard_url", "Dashboard"), ("runbook_url", "What to do"))
_TEXT = (
    '{{ range $at, $alert := .Alerts }}{{ if lt $at 20 }}{{ if eq .Status "resolved" }}Resolved: {{ end }}'
    f"{{{{ .Annotations.summary | {_ESCAPED} }}}}"
    # A path alone is no link to Slack.
    + "".join(
        f'{{{{ if match "^https?://" .Annotations.{url} }}}} <{{{{ .Annotations.{url} }}}}|{said}>{{{{ end }}}}'
        for url, said in _LINKS
    )
    + "\n{{ end }}{{ end }}{{ if gt (len .Alerts) 20 }}and {{ len (slice .Alerts 20) }} more{{ end }}"
)


def alertmanager(config: Config) -> str:
    """The text of alertmanager.yml. Secrets are named by the files that hold them, never written down."""
    return generated_yaml(
        {
            "route": {
                "receiver": _NOBODY,
                "group_by": ["alertname", "aws_account_id", "aws_region", "slo"],
                "group_wait": "30s",
                "group_interval": "5m",
                "repeat_interval": "4h",
                "routes": list(_routes(config)),
            },
            "inhibit_rules": list(_inhibitions()),
            "receivers": [{"name": _NOBODY}, {"name": _WATCHDOG}, *_receivers(config)],
        }
    )


def _routes(config: Config) -> Iterator[dict[str, object]]:
    yield {"receiver": _WATCHDOG, "matchers": [f"alertname={quoted(WATCHDOG.name)}"], "repeat_interval": "5m"}
    # Basewatch tells of these itself; they are for looking at.
    yield {"receiver": _NOBODY, "matchers": ['notified_by="basewatch"']}
    for route in config.alerts.routes:
        yield {"receiver": route.channel, "matchers": _at_least(route), "continue": True}
    if config.prometheus.email:
        yield {"receiver": _EMAIL, "matchers": [_one_of(AlertSeverity.WARNING, AlertSeverity.INFO)], "continue": True}


def _at_least(route: Route) -> list[str]:
    told = {alert_severity(severity) for severity in Severity if severity.rank >= route.severity.rank}
    return [] if len(told) == len(AlertSeverity) else [_one_of(*(each for each in AlertSeverity if each in told))]


def _one_of(*urgencies: AlertSeverity) -> str:
    return f"severity=~{quoted('|'.join(each.value for each in urgencies))}"


def _inhibitions() -> Iterator[dict[str, object]]:
    """A blind collector says nothing of what it no longer sees, and a page says all that its ticket would."""
    place = ["collector", "aws_account_id", "aws_region"]
    named = f"alertname={quoted(COLLECTOR_DOWN.name)}"
    others = f"alertname!={quoted(COLLECTOR_DOWN.name)}"
    yield {"source_matchers": [named], "target_matchers": [others, 'collector=~".+"'], "equal": place}
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
            yield _receiver(channel, _secret_file(config, channel))
    if email := config.prometheus.email:
        yield {"name": _EMAIL, "email_configs": [_mail(email, f"{config.prometheus.secrets}/smtp")]}


def _secret_file(config: Config, channel: Channel) -> str:
    reference = channel.routing_key if isinstance(channel, PagerDutyChannel) else channel.webhook
    return reference.location if reference.scheme == "file" else f"{config.prometheus.secrets}/{channel.name}"


def _receiver(channel: Channel, secret: str) -> dict[str, object]:
    if isinstance(channel, PagerDutyChannel):
        endpoint = {"url": f"{channel.endpoint.rstrip('/')}/v2/enqueue"} if channel.endpoint else {}
        pagerduty = {
            "routing_key_file": secret,
            **endpoint,
            "severity": "{{ .CommonLabels.severity }}",
            "description": "{{ .CommonLabels.alertname }}: {{ (index .Alerts 0).Annotations.summary }}",
        }
        return {"name": channel.name, "pagerduty_configs": [pagerduty]}
    slack = {
        "api_url_file": secret,
        "channel": f"#{channel.name}",
        "send_resolved": True,
        "title": _TITLE,
        "text": _TEXT,
    }
    return {"name": channel.name, "slack_configs": [slack]}


def _mail(email: Email, password: str) -> dict[str, object]:
    login = {"auth_username": email.username, "auth_password_file": password} if email.username else {}
    return {
        "to": email.to,
        "from": email.sender,
        "smarthost": email.smarthost,
        **login,
        "send_resolved": True,
        "headers": {"Subject": _TITLE},
    }
