"""The configured channels are opened, or the program stops and says what is missing."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

import pytest

from alerts import channels, notifiers
from alerts.channels import CHANNEL_TYPES
from alerts.channels.pagerduty import PagerDuty
from alerts.channels.slack import Slack
from basewatch.config import config_model
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


SECRETS = {
    "SHORT": "k" * 31,
    "LINES": "abc\r\nX-Injected: y",
    "CLEAR": "http://evil.example/hunter2",
    "SPACE": "https://a b/hunter2",
    "ODD": "whsec_" + "!" * 60,
    "TOKEN": "hunter2",
}
BROKEN: dict[str, dict[str, object]] = {
    "a short routing key": {"kind": "pagerduty", "routing_key": "env:SHORT"},
    "a routing key of two lines": {"kind": "pagerduty", "routing_key": "env:LINES"},
    "a webhook in the clear": {"kind": "slack", "webhook": "env:CLEAR"},
    "a webhook with a space": {"kind": "slack", "webhook": "env:SPACE"},
    "a workflow in the clear": {"kind": "teams", "webhook": "env:CLEAR"},
    "a token of two lines": {"kind": "github", "repository": "acme/ops", "token": "env:LINES"},
    "a token in the clear": {"kind": "github", "repository": "a/b", "token": "env:TOKEN", "api": "http://ghe.example"},
    "a secret that is no base64": {"kind": "webhook", "url": "https://x.example", "secret": "env:ODD"},
}


@pytest.mark.parametrize("settings", BROKEN)
def test_a_channel_that_cannot_work_stops_the_start(settings: str) -> None:
    """What can be seen without sending is an error that names the channel, and repeats no secret."""
    written = {
        "version": 1,
        "platform": {"name": "p", "environment": "e"},
        "components": {},
        "alerts": {"channels": [{"name": "broken-one", **BROKEN[settings]}]},
    }
    config = config_model(CHANNEL_TYPES).model_validate(written)
    with pytest.raises(ConfigError, match=r"^alerts\.channels\.broken-one: ") as caught:
        notifiers(config.alerts, SECRETS)
    assert not [secret for secret in SECRETS.values() if secret in str(caught.value)]


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
