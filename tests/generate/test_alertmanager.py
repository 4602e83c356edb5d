"""The generated Alertmanager configuration routes each alert once, and inhibits alerts that add nothing."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import yaml
from syrupy.assertion import SnapshotAssertion

from alerts.channels import CHANNEL_TYPES
from basewatch.config import Config, config_model
from basewatch.errors import ConfigError
from demo.receivers import ROUTING_KEY, Receivers
from generate.alertmanager import alertmanager
from tests.generate.prometheus.platform import the_platform
from tests.generate.prometheus.running import an_alertmanager, eventually
from tests.programs import program
from tests.repository import ROOT
from tests.workflows.scraping import PATIENT

# Kinds that Alertmanager has no receiver for, and those that only newer versions than Debian's know.
WITHOUT_RECEIVER, TOO_NEW = {"github", "webhook"}, {"teams"}
PLACE = {"aws_account_id": "123456789012", "aws_region": "us-east-1"}


@pytest.fixture
def loaded(tmp_path: Path) -> Path:
    """The generated configuration, in a file."""
    path = tmp_path / "alertmanager.yml"
    path.write_text(alertmanager(the_platform()), encoding="utf-8")
    return path


def test_it_reads_as_people_read_it(snapshot: SnapshotAssertion) -> None:
    """The whole of it is as it was agreed."""
    assert alertmanager(the_platform()) == snapshot


def test_alertmanager_accepts_it(loaded: Path) -> None:
    """`amtool check-config` finds nothing to say against it."""
    ran = subprocess.run([program("amtool"), "check-config", str(loaded)], capture_output=True, check=False, text=True)
    assert ran.returncode == 0, ran.stderr


def test_alertmanager_accepts_a_receiver_of_every_kind_of_channel(tmp_path: Path) -> None:
    """The channels of the page on channels, which has one of each kind, are receivers that `amtool` accepts."""
    page = (ROOT / "docs" / "channels.md").read_text(encoding="utf-8")
    alerts = yaml.safe_load(page.partition("```yaml\n")[2].partition("```")[0])["alerts"]
    written = config_model(CHANNEL_TYPES).model_validate(the_platform().model_dump(mode="json") | {"alerts": alerts})
    channels = [each for each in written.alerts.channels if type(each).kind_name() not in WITHOUT_RECEIVER | TOO_NEW]
    names = {each.name for each in channels}
    routes = tuple(route for route in written.alerts.routes if route.channel in names)
    shown = written.alerts.model_copy(update={"channels": tuple(channels), "routes": routes})
    path = tmp_path / "alertmanager.yml"
    path.write_text(alertmanager(written.model_copy(update={"alerts": shown})), encoding="utf-8")
    ran = subprocess.run([program("amtool"), "check-config", str(path)], capture_output=True, check=False, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize("kind", sorted(WITHOUT_RECEIVER))
def test_a_kind_that_alertmanager_has_not_is_said_when_it_is_generated(kind: str) -> None:
    """The configuration is valid with such a channel; only `generate alertmanager` refuses a route to it."""
    page = (ROOT / "docs" / "channels.md").read_text(encoding="utf-8")
    alerts = yaml.safe_load(page.partition("```yaml\n")[2].partition("```")[0])["alerts"]
    channel = next(each for each in alerts["channels"] if each["kind"] == kind)
    only = {"channels": [channel], "routes": [{"channel": channel["name"]}]}
    written = config_model(CHANNEL_TYPES).model_validate(the_platform().model_dump(mode="json") | {"alerts": only})
    with pytest.raises(ConfigError, match=f"alerts.channels.{channel['name']}: Alertmanager "):
        alertmanager(written)


@pytest.mark.parametrize(
    ("labels", "receivers"),
    [
        ({"severity": "critical"}, "production-alerts,on-call"),
        ({"severity": "warning"}, "production-alerts,email"),
        ({"severity": "info"}, "production-alerts,email"),
        ({"alertname": "Watchdog", "severity": "info"}, "watchdog"),
        ({"severity": "critical", "notified_by": "basewatch"}, "null"),
    ],
)
def test_slack_gets_every_alert_and_pagerduty_the_critical_ones(
    loaded: Path, labels: Mapping[str, str], receivers: str
) -> None:
    """Each urgency reaches exactly these receivers, as `amtool config routes test` says."""
    command = [program("amtool"), "config", "routes", "test", f"--config.file={loaded}"]
    wanted = f"--verify.receivers={receivers}"
    ran = subprocess.run(
        [*command, wanted, *(f"{name}={value}" for name, value in labels.items())],
        capture_output=True,
        check=False,
        text=True,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_no_secret_is_written_down(loaded: Path) -> None:
    """A webhook and a key are named by their files: the one the reference names, or the channel's among the secrets."""
    document = yaml.safe_load(loaded.read_text(encoding="utf-8"))
    by_name = {receiver["name"]: receiver for receiver in document["receivers"]}
    assert by_name["on-call"]["pagerduty_configs"][0]["routing_key_file"] == "/run/secrets/pagerduty"
    slack = by_name["production-alerts"]["slack_configs"][0]
    assert slack["api_url_file"] == "/etc/alertmanager/secrets/production-alerts"
    assert "routing_key:" not in loaded.read_text(encoding="utf-8")
    assert "api_url:" not in loaded.read_text(encoding="utf-8")


def test_without_channels_no_one_is_notified() -> None:
    """Without channels and mail there are only the two receivers that notify no one, and the configuration is valid."""
    config = the_platform().model_copy(update={"alerts": type(the_platform().alerts)()})
    config = config.model_copy(update={"prometheus": type(config.prometheus)()})
    document = yaml.safe_load(alertmanager(config))
    assert [receiver["name"] for receiver in document["receivers"]] == ["null", "watchdog"]


class RunningAlertmanager:
    """An Alertmanager with Slack and PagerDuty on loopback, which gets alerts as Prometheus sends them."""

    def __init__(self, url: str, receivers: Receivers) -> None:
        self.url = url
        self.receivers = receivers

    def post(self, *alerts: Mapping[str, str], summary: str = "It is broken") -> None:
        """Posts alerts with these labels."""
        annotations = {"summary": summary, "dashboard_url": "https://g.example.com/d/x", "runbook_url": "docs/x.md"}
        body = [{"labels": dict(labels), "annotations": annotations} for labels in alerts]
        posted = PATIENT.request("POST", f"{self.url}/api/v2/alerts", body=json.dumps(body), headers=JSON)
        assert posted.status == 200, posted.data

    def inhibited(self, *awaited: str) -> set[str]:
        """The names and components of the alerts that others inhibit, once these are among them."""
        if awaited:
            eventually(lambda: set(awaited) <= self._inhibited())
        return self._inhibited()

    def _inhibited(self) -> set[str]:
        listed = PATIENT.request("GET", f"{self.url}/api/v2/alerts").json()
        return {
            f"{alert['labels']['alertname']} {alert['labels'].get('component', '')}".strip()
            for alert in listed
            if alert["status"]["inhibitedBy"]
        }


JSON = {"content-type": "application/json"}


def listening(folder: Path, receivers: Receivers) -> Config:
    """The platform, with channels that are the receivers here."""
    (folder / "slack").write_text(receivers.slack.webhook, encoding="utf-8")
    (folder / "pagerduty").write_text(ROUTING_KEY, encoding="utf-8")
    platform = the_platform().model_dump(mode="json")
    slack, pagerduty = platform["alerts"]["channels"]
    slack["webhook"], pagerduty["routing_key"] = f"file:{folder}/slack", f"file:{folder}/pagerduty"
    pagerduty["endpoint"] = receivers.pagerduty.url
    platform["prometheus"]["email"] = None
    return config_model(CHANNEL_TYPES).model_validate(platform)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAlertmanager]:
    """An Alertmanager that these tests share."""
    folder = tmp_path_factory.mktemp("alertmanager")
    with Receivers() as receivers, an_alertmanager(listening(folder, receivers), folder) as url:
        yield RunningAlertmanager(url, receivers)


def test_a_collector_that_is_down_inhibits_its_alerts(running: RunningAlertmanager) -> None:
    """CollectorDown inhibits alerts on the numbers of that collector there, and neither others' nor those elsewhere."""
    blind = {"alertname": "CollectorDown", "severity": "critical", "collector": "lambda", **PLACE}
    data = {"alertname": "LambdaErrors", "severity": "warning", "collector": "lambda"}
    running.post(
        blind,
        {**data, **PLACE, "component": "function/here"},
        {**data, **PLACE, "aws_region": "eu-west-1", "component": "function/elsewhere"},
        {**data, **PLACE, "collector": "aurora", "component": "another/collector"},
    )
    held = running.inhibited("LambdaErrors function/here")
    assert not {"LambdaErrors function/elsewhere", "LambdaErrors another/collector", "CollectorDown"} & held


def test_a_page_inhibits_its_ticket(running: RunningAlertmanager) -> None:
    """Of one objective only the page is sent, of another the ticket remains; so it is with two levels of one cause."""
    burn = {"alertname": "SloBudgetBurn", **PLACE}
    lag = {"alertname": "AuroraReplicaLag", "component": "aurora_cluster/main", **PLACE}
    running.post(
        {**burn, "slo": "a", "severity": "critical", "component": "api/a"},
        {**burn, "slo": "a", "severity": "warning", "component": "ticket/a"},
        {**burn, "slo": "b", "severity": "warning", "component": "ticket/b"},
        {**lag, "db_instance": "1", "severity": "critical"},
        {**lag, "db_instance": "1", "severity": "warning"},
        {**lag, "component": "aurora_cluster/other", "severity": "warning"},
    )
    held = running.inhibited("SloBudgetBurn ticket/a", "AuroraReplicaLag aurora_cluster/main")
    assert not {"SloBudgetBurn ticket/b", "AuroraReplicaLag aurora_cluster/other"} & held


def test_names_of_tenants_are_no_commands_to_slack(running: RunningAlertmanager) -> None:
    """A name with a mention in it arrives as text, and PagerDuty's page is the critical one alone."""
    running.post(
        {"alertname": "Loud", "severity": "critical", "component": "x"}, summary="<!channel> & <https://evil.example|x>"
    )
    running.post({"alertname": "Mild", "severity": "info", "component": "y"})
    slack = running.receivers.slack.messages
    texts = eventually(lambda: [m["attachments"][0]["text"] for m in slack if "Loud" in json.dumps(m)])
    eventually(lambda: [m for m in slack if "Mild" in json.dumps(m)])
    assert texts[0].startswith(
        "&lt;!channel&gt; &amp; &lt;https://evil.example|x&gt; <https://g.example.com/d/x|Dashboard>"
    )
    assert "What to do" not in texts[0]
    events = running.receivers.pagerduty.events
    eventually(lambda: [event for event in events if "Loud" in event["payload"]["summary"]])
    assert {event["payload"]["severity"] for event in events} == {"critical"}
