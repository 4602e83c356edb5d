"""Alerts use the promised thresholds, have the severity of the check, and notify of each problem once."""

from __future__ import annotations

from typing import Any

import pytest

from alerts.channels import CHANNEL_TYPES
from basewatch.config import Config, config_model
from basewatch.errors import ConfigError
from generate.prometheus.rule_model import AlertRule
from tests.generate.prometheus.platform import alerts, records, the_groups, the_platform


def changed(**sections: Any) -> Config:
    """The platform with other sections, as written in the configuration."""
    platform = the_platform().model_dump(mode="json")
    for name, section in sections.items():
        platform[name] = {**platform[name], **section} if isinstance(section, dict) else section
    return config_model(CHANNEL_TYPES).model_validate(platform)


def with_components(**kinds: Any) -> Config:
    """The platform with other components of these kinds."""
    return changed(components=kinds)


def named(name: str, config: Config, **labels: str) -> list[AlertRule]:
    """The alerts of a name with these labels."""
    found = [alert for alert in alerts(the_groups(config)) if alert.alert == name]
    return [alert for alert in found if labels.items() <= alert.labels.items()]


@pytest.mark.parametrize(
    ("name", "expr", "sustained"),
    [
        ("ApiLatencyHigh", "> 0.5", "0:05:00"),
        ("ProxyPoolNearlyFull", "> 0.9", "0:01:00"),
        ("ApiServerErrors", "> 10", "0:03:00"),
        ("BackupMissing", 'check="backup.dump.freshness",component="dump_backups/dumps",status="FAIL"', "0:00:00"),
    ],
)
@pytest.mark.parametrize("promised", [True, False])
def test_default_thresholds_are_the_certified_ones(
    name: str,
    expr: str,
    sustained: str,
    promised: bool,  # noqa: FBT001  # pytest hands it so
) -> None:
    """The certified alerts exist with the certified thresholds, with and without a promise."""
    platform = the_platform().model_dump(mode="json")["components"]
    if not promised:
        for kind, promises in {"apis": ("p95_below", "server_errors_below", "client_errors_below")}.items():
            platform[kind] = [{k: v for k, v in it.items() if k not in promises} for it in platform[kind]]
        del platform["aurora_clusters"][0]["proxy"]["pool_use_below"]
        del platform["databases"][0]["audit"]["failed_logins_below"]
    found = named(name, with_components(**platform))
    assert [(str(alert.sustained)) for alert in found if expr in alert.expr] == [sustained]


def test_a_promise_is_its_own_threshold() -> None:
    """A promised limit and duration replace the expected ones; `checks` sets the severity."""
    cluster = {**the_platform().model_dump(mode="json")["components"]["aurora_clusters"][0], "cpu_below": "70% for 2m"}
    [alert] = named("AuroraCpuHigh", with_components(aurora_clusters=[cluster]))
    assert alert.expr.endswith("> 0.7")
    assert (str(alert.sustained), alert.labels["severity"]) == ("0:02:00", "warning")
    assert alert.annotations["summary"].endswith("promised below 70% for 2m")
    [alert] = named("AuroraCpuHigh", changed(checks={"service.aurora.cpu": {"severity": "critical"}}))
    assert alert.labels["severity"] == "critical"
    assert alert.annotations["summary"].endswith("expected below 90% for 15m")


def test_a_slower_tier_has_longer_windows() -> None:
    """With a refresh every 20 minutes, rate windows are one hour, and a limit must be crossed for 40 minutes."""
    [alert] = named("DynamoThrottled", changed(collectors={"standard": "20m"}))
    assert "[1h]" in alert.expr
    assert str(alert.sustained) == "0:40:00"


def test_a_failed_collector_alerts_before_its_series_expire() -> None:
    """CollectorDown fires while the last values are still exposed, so no alert on them seems resolved."""
    [down] = named("CollectorDown", changed(collectors={"max_staleness": "6m"}))[:1]
    assert str(down.sustained) == "0:03:00"


def test_undeclared_components_have_no_rules() -> None:
    """A platform of one API has alerts on it and on Basewatch, and none on databases, queues or functions."""
    only: dict[str, list[dict[str, str]]] = {kind: [] for kind in the_platform().model_dump(mode="json")["components"]}
    only["apis"] = [{"name": "lonely", "stage": "prod"}]
    config = changed(components=only, collectors={"discover": []})
    found = {alert.alert for alert in alerts(the_groups(config))}
    assert {"ApiLatencyHigh", "CollectorDown", "Watchdog"} <= found
    assert not [name for name in found if name.startswith(("Aurora", "Lambda", "Dynamo", "Proxy", "Slo", "Backup"))]
    assert {record.record.partition(":")[0] for record in records(the_groups(config))} == {"api"}


def test_a_shorter_budget_has_lower_burn_rates() -> None:
    """The burn rates of a 7-day budget are 3.36 over one hour, and 1 over one and three days."""
    slo = {"name": "week", "of": "api/front", "sli": "availability", "objective": "99.9%", "window": "7d"}
    found = named("SloBudgetBurn", with_components(slos=[slo]))
    limits = [alert.expr.partition(" > ")[2].partition("\n")[0] for alert in found]
    assert limits == ["0.00336", "0.0014", "0.001", "0.001"]


def test_a_burn_rate_above_every_bad_ratio_has_no_alert() -> None:
    """An objective of 90% has no alert that would need 144% bad events; lower burn rates have alerts."""
    slo = {"name": "lenient", "of": "api/front", "sli": "availability", "objective": "90%"}
    assert [alert.labels["window"] for alert in named("SloBudgetBurn", with_components(slos=[slo]))] == [
        "6h",
        "1d",
        "3d",
    ]


def test_a_short_window_holds_three_refreshes() -> None:
    """The short window is 30 minutes for a refresh of five minutes, and 5 minutes for a refresh of one minute."""
    [alert] = named("SloBudgetBurn", the_platform(), slo="orders-throttling", window="1h")
    assert "ratio_rate30m" in alert.expr
    [alert] = named("SloBudgetBurn", the_platform(), slo="front-availability", window="1h")
    assert "ratio_rate5m" in alert.expr


def test_an_objective_without_a_metric_is_refused() -> None:
    """An objective that no metric measures is a configuration error, not a rule that never fires."""
    slo = {"name": "odd", "of": "queue/mails", "sli": "availability", "objective": "99%"}
    with pytest.raises(ConfigError, match="odd"):
        the_groups(with_components(slos=[slo]))


@pytest.mark.parametrize("key", ["runbook_url", "dashboard_url"])
def test_a_link_has_only_known_placeholders(key: str) -> None:
    """The error names the unknown placeholder and the known one."""
    with pytest.raises(ValueError, match=r"unknown placeholder 'tenant'; the placeholders are \{(alert|uid)\}"):
        changed(prometheus={key: "https://example.com/{tenant}"})


def test_verdicts_are_notified_once() -> None:
    """With `direct`, alerts on verdicts carry `notified_by`; with `prometheus`, alerts on live metrics replace them."""
    direct = changed(alerts={"verdicts": "direct"})
    assert named("FindingFailed", direct) == []
    assert {alert.labels.get("notified_by") for alert in named("BackupMissing", direct)} == {"basewatch"}
    prometheus = the_platform()
    assert {alert.labels.get("notified_by") for alert in named("BackupMissing", prometheus)} == {None}
    left_out = named("FindingFailed", prometheus)[0].expr
    for check in ("service.api.latency", "backup.dump.freshness", "service.slo.burn"):
        assert check.replace(".", "[.]") in left_out
    assert "tenancy" not in left_out


def test_every_check_that_is_left_out_of_verdicts_has_its_own_alert() -> None:
    """Every check that FindingFailed excludes has an alert on live metrics."""
    groups = the_groups()
    [failed, *_] = [alert for alert in alerts(groups) if alert.alert == "FindingFailed"]
    left_out = failed.expr.partition('check!~"')[2].partition('"')[0].replace("[.]", ".").split("|")
    alerted = {alert.labels.get("check") for alert in alerts(groups) if alert.alert != "FindingFailed"}
    assert set(left_out) <= alerted
    assert len(left_out) > 10
