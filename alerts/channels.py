"""Builds the configured channels, ready to send; a channel that cannot work stops the program here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

from basewatch.config import Alerts, Channel, PagerDutyChannel, SlackChannel
from basewatch.errors import ConfigError, Problem
from basewatch.notifier import Notifier
from basewatch.secrets import Secret, SecretStore, resolve

# Where PagerDuty's events go instead, whatever the configuration says: the demo, a proxy.
PAGERDUTY_EVENTS_URL = "PAGERDUTY_EVENTS_URL"


def notifiers(alerts: Alerts, environ: Mapping[str, str], store: SecretStore | None = None) -> tuple[Notifier, ...]:
    """A notifier for each configured channel; `environ` and `store` are where secrets are looked up.

    Raises: SecretNotFoundError, ConfigError when a secret cannot be what the channel needs.
    """
    return tuple(_notifier(channel, environ, store) for channel in alerts.channels)


def _notifier(channel: Channel, environ: Mapping[str, str], store: SecretStore | None) -> Notifier:
    match channel:
        case SlackChannel():
            from alerts.slack import Slack  # noqa: PLC0415  # each vendor's client is loaded only where it is used

            webhook = resolve(channel.webhook, environ, store)
            _must_be_url(webhook, channel.name)
            return Slack(name=channel.name, webhook=webhook)
        case PagerDutyChannel():
            from alerts.pagerduty import PagerDuty  # noqa: PLC0415  # see above

            routing_key = resolve(channel.routing_key, environ, store)
            endpoint = environ.get(PAGERDUTY_EVENTS_URL) or channel.endpoint
            return PagerDuty(name=channel.name, routing_key=routing_key, endpoint=endpoint)
        case _:
            assert_never(channel)


def _must_be_url(secret: Secret, channel: str) -> None:
    if not secret.reveal().startswith(("https://", "http://")):
        raise ConfigError(
            Problem(
                message=f"{secret} is not a URL",
                key=f"alerts.channels.{channel}",
                remedy="an incoming webhook's URL starts with https://hooks.slack.com/services/",
            )
        )
