"""The kinds of notification channel, a module for each, and the configured channels as notifiers."""

from __future__ import annotations

from collections.abc import Mapping

from alerts.channels.alertmanager import AlertmanagerChannel
from alerts.channels.email import EmailChannel
from alerts.channels.github import GitHubChannel
from alerts.channels.pagerduty import PagerDutyChannel
from alerts.channels.slack import SlackChannel
from alerts.channels.slack_bot import SlackBotChannel
from alerts.channels.sns import SnsChannel
from alerts.channels.teams import TeamsChannel
from alerts.channels.webhook import WebhookChannel
from basewatch.config import Alerts
from basewatch.notifier import Channel, Notifier
from basewatch.secrets import SecretStore

CHANNEL_TYPES: tuple[type[Channel], ...] = (
    SlackChannel,
    SlackBotChannel,
    PagerDutyChannel,
    EmailChannel,
    AlertmanagerChannel,
    TeamsChannel,
    GitHubChannel,
    SnsChannel,
    WebhookChannel,
)


def notifiers(alerts: Alerts, environ: Mapping[str, str], store: SecretStore | None = None) -> tuple[Notifier, ...]:
    """A notifier for each configured channel; `environ` and `store` resolve the secrets.

    Raises: SecretNotFoundError; ConfigError, when a secret cannot be what the channel needs. Both stop start-up.
    """
    return tuple(channel.notifier(environ, store) for channel in alerts.channels)
