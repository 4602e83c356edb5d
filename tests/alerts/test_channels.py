"""The configured channels are opened, or the program stops and says what is missing."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

import pytest

from alerts import channels, notifiers
from alerts.channels import CHANNEL_TYPES
from alerts.channels.pagerduty import PagerDuty
from alerts.channels.slack import Slack
from basewatch.errors import ConfigError
from basewatch.notifier import Channel
from basewatch.secrets import SecretNotFoundError
from demo.receivers import Receivers
from tests.fakes import ALERTS
from tests.repository import ROOT


def test_every_channel_is_opened() -> None:
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


def test_every_kind_of_channel_is_registered() -> None:
    """A channel class of this package is one of the kinds, or no configuration could name it."""
    for module in iter_modules(channels.__path__):
        import_module(f"alerts.channels.{module.name}")
    for kind in Channel.__subclasses__():
        assert kind in CHANNEL_TYPES or not kind.__module__.startswith("alerts."), (
            f"{kind.__module__}.{kind.__name__} is not registered: "
            "add it to CHANNEL_TYPES in alerts/channels/__init__.py"
        )


@pytest.mark.parametrize("kind", CHANNEL_TYPES, ids=lambda kind: kind.kind_name())
def test_every_kind_of_channel_is_documented_and_tested(kind: type[Channel]) -> None:
    """The page on channels shows each kind, and each has a test file beside these."""
    example = f"kind: {kind.kind_name()}"
    assert example in (ROOT / "docs" / "channels.md").read_text(encoding="utf-8"), (
        f"docs/channels.md does not show `{example}`: add a channel of this kind to its first example"
    )
    tests = ROOT / "tests" / "alerts" / f"test_{kind.__module__.rpartition('.')[2]}.py"
    assert tests.is_file(), f"the channel has no tests: create {tests.relative_to(ROOT)}"
