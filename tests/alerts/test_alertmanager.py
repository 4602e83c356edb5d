"""An Alertmanager keeps, groups and ends alerts that are posted to its API, even if it forgot or labels changed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from pydantic import ValidationError

from alerts.channels import CHANNEL_TYPES
from alerts.channels.alertmanager import KEY_LABEL, Alertmanager, alert_labels
from basewatch.config import config_model
from basewatch.errors import DeliveryError
from basewatch.model import Severity
from basewatch.notifier import Action
from demo.webhook_server import WebhookRequest, WebhookResponse, WebhookServer
from tests.alerts.samples import EXAMPLES
from tests.alerts.test_slack import free_port
from tests.fakes import NOON, message_of
from tests.generate.prometheus.platform import the_platform
from tests.generate.prometheus.running import an_alertmanager, eventually
from tests.workflows.scraping import PATIENT

FAILS, PASSES = EXAMPLES["fails"], EXAMPLES["passes again"]
WORSE = replace(FAILS, alert=replace(FAILS.alert, severity=Severity.LOW))
RESOLVE = replace(FAILS, action=Action.RESOLVE)


class FakeAlertmanager(WebhookServer):
    """Keeps alerts by their label sets, as Alertmanager does; `alerts` are those that have not ended at `now`."""

    def __init__(self) -> None:
        self.now, self._all = NOON, dict[str, dict[str, Any]]()
        super().__init__(self._respond)

    @property
    def alerts(self) -> list[dict[str, Any]]:
        """The alerts that fire."""
        return [each for each in self._all.values() if datetime.fromisoformat(each["endsAt"]) > self.now]

    def forget(self) -> None:
        """What a restart does."""
        self._all.clear()

    def _respond(self, request: WebhookRequest) -> WebhookResponse:
        if request.method == "GET":
            keys = unquote(request.path.partition("filter=")[2]).partition('"')[2].rstrip('"').split("|")
            found = [each for each in self.alerts if each["labels"][KEY_LABEL] in keys]
            return WebhookResponse(status=200, body=json.dumps(found), content_type="application/json")
        for alert in json.loads(request.body):
            assert all(alert["labels"].values())
            assert alert["startsAt"] <= alert["endsAt"]
            self._all[json.dumps(alert["labels"], sort_keys=True)] = alert
        return WebhookResponse(status=200, body="")


@pytest.fixture
def server() -> Iterator[FakeAlertmanager]:
    """A listening Alertmanager."""
    with FakeAlertmanager() as listening:
        yield listening


def alertmanager(*urls: str) -> Alertmanager:
    """A channel to these members."""
    return Alertmanager(name="am", urls=urls, hold=timedelta(days=7), timeout_seconds=1, clock=lambda: NOON)


def test_an_alert_fires_until_it_is_resolved(server: FakeAlertmanager) -> None:
    """The alert has a label for everything that routes may match, and its resolve ends it."""
    channel = alertmanager(server.url)
    channel.send(message_of(FAILS))
    (alert,) = server.alerts
    channel.send(message_of(RESOLVE))

    assert alert["labels"] == alert_labels(FAILS)
    assert alert["labels"]["severity"] == "critical"
    assert alert["endsAt"] == (NOON + timedelta(days=7)).isoformat()
    assert server.alerts == []


def test_a_changed_severity_leaves_no_second_alert(server: FakeAlertmanager) -> None:
    """Alertmanager knows alerts by all labels: the former set ends when another is posted, and every set at the end."""
    channel = alertmanager(server.url)
    channel.send(message_of(FAILS))
    channel.send(message_of(WORSE))
    severities = [each["labels"]["severity"] for each in server.alerts]
    channel.send(message_of(RESOLVE))

    assert severities == ["info"]
    assert server.alerts == []


def test_a_restarted_alertmanager_is_told_again(server: FakeAlertmanager) -> None:
    """What it forgot is posted again, and a resolve of what it does not know is no news."""
    channel = alertmanager(server.url)
    channel.send(message_of(FAILS))
    server.forget()
    channel.refresh([FAILS])
    again = len(server.alerts)
    server.forget()
    channel.send(message_of(RESOLVE))

    assert (again, server._all) == (1, {})


def test_one_member_of_a_cluster_is_enough(server: FakeAlertmanager) -> None:
    """A dead member delays nothing; if all are dead, the message is sent later."""
    dead = f"http://127.0.0.1:{free_port()}"
    alertmanager(dead, server.url).send(message_of(FAILS))
    with pytest.raises(DeliveryError, match="could not be reached") as caught:
        alertmanager(dead, dead).send(message_of(FAILS))

    assert len(server.alerts) == 1
    assert caught.value.retryable


def test_many_alerts_are_one_post(server: FakeAlertmanager) -> None:
    """A hundred alerts in one message all fire, and end by one message."""
    fires = [replace(FAILS, dedup_key=f"f1-{n}", alert=replace(FAILS.alert, subject=str(n))) for n in range(120)]
    alertmanager(server.url).send(message_of(*fires))
    firing = len(server.alerts)
    alertmanager(server.url).send(message_of(*(replace(each, action=Action.RESOLVE) for each in fires)))

    assert (firing, server.alerts) == (120, [])


def test_an_alert_that_would_end_between_two_passes_is_refused() -> None:
    """Alertmanager would show it as resolved while it lasts."""
    channel = {"name": "am", "kind": "alertmanager", "urls": ["http://localhost:9093"], "hold": "11h"}
    written = {
        "version": 1,
        "platform": {"name": "p", "environment": "e"},
        "components": {},
        "run": {"every": "6h"},
        "alerts": {"channels": [channel]},
    }
    with pytest.raises(ValidationError, match="the channel am keeps an open alert for 11h, and a pass comes every 6h"):
        config_model(CHANNEL_TYPES).model_validate(written)
    config_model(CHANNEL_TYPES).model_validate(written | {"alerts": {"channels": [channel | {"hold": "12h"}]}})


@pytest.mark.slow
def test_a_real_alertmanager_groups_and_resolves(tmp_path: Path) -> None:
    """It accepts an alert with a hostile subject, shows it in a group, notices a changed severity, and ends it."""
    with an_alertmanager(the_platform(), tmp_path) as url:
        now = datetime.now(UTC)
        fire = replace(FAILS, fired_at=now, alert=replace(FAILS.alert, subject='a"b\\{}=~|\u202e\n<x>'))
        channel = replace(alertmanager(url), clock=lambda: datetime.now(UTC))
        channel.send(message_of(fire))
        (shown,) = eventually(lambda: _alerts(url))
        grouped = PATIENT.request("GET", f"{url}/api/v2/alerts/groups").json()
        channel.send(message_of(replace(fire, alert=replace(fire.alert, severity=Severity.LOW))))
        eventually(lambda: [each["labels"]["severity"] for each in _alerts(url)] == ["info"])
        channel.send(message_of(replace(fire, action=Action.RESOLVE)))
        eventually(lambda: not _alerts(url))

    assert shown["labels"] == alert_labels(fire)
    assert [len(group["alerts"]) for group in grouped if group["alerts"]] != []


def _alerts(url: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = PATIENT.request("GET", f"{url}/api/v2/alerts").json()
    return found
