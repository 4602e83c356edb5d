"""The configured channels are built, or the program stops with what is missing."""

from __future__ import annotations

import pytest

from alerts import notifiers
from alerts.pagerduty import PagerDuty
from alerts.slack import Slack
from basewatch.errors import ConfigError
from basewatch.secrets import SecretNotFoundError
from demo.receivers import Receivers
from tests.fakes import ALERTS


def test_every_channel_is_built() -> None:
    """Each configured channel becomes a notifier of its name, pointed where the environment says."""
    with Receivers() as receivers:
        slack, pager = notifiers(ALERTS, receivers.environment)

    assert isinstance(slack, Slack)
    assert isinstance(pager, PagerDuty)
    assert [slack.name, pager.name] == ["production-alerts", "on-call"]
    assert pager.endpoint == receivers.environment["PAGERDUTY_EVENTS_URL"]


def test_without_an_override_events_go_to_pagerduty() -> None:
    """The vendor's endpoint, or the configured one, is used unless the environment names another."""
    environ = {"SLACK_WEBHOOK_URL": "https://hooks.slack.com/services/T/B/x", "PAGERDUTY_ROUTING_KEY": "k" * 32}
    _, pager = notifiers(ALERTS, environ)

    assert isinstance(pager, PagerDuty)
    assert pager.endpoint is None


def test_a_missing_secret_stops_the_program() -> None:
    """A channel without its secret is an error that names the variable."""
    with pytest.raises(SecretNotFoundError, match="PAGERDUTY_ROUTING_KEY"):
        notifiers(ALERTS, {"SLACK_WEBHOOK_URL": "https://hooks.slack.com/services/T/B/x"})


def test_a_webhook_that_is_no_url_stops_the_program() -> None:
    """A token in the webhook's place is an error, which does not repeat it."""
    with pytest.raises(ConfigError, match="is not a URL") as caught:
        notifiers(ALERTS, {"SLACK_WEBHOOK_URL": "xoxb-hunter2", "PAGERDUTY_ROUTING_KEY": "k" * 32})

    assert "hunter2" not in str(caught.value)
