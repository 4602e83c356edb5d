"""Runs, SLOs, resources and the catalogue watch are exported as documented."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from basewatch.collector import MetricSpec, MetricTarget, Resource
from basewatch.components import Slo
from basewatch.family import MetricType
from basewatch.model import Status
from basewatch.series import Point, Series
from collectors import COLLECTORS
from exposition.own_metrics import (
    MAX_READING_AGE,
    OWN_FAMILIES,
    WatchStatus,
    attempt_blocks,
    latest_readings,
    resource_block,
    run_blocks,
    slo_blocks,
    watch_blocks,
)
from tests.exposition.scraped import page_of, parsed, value_of
from tests.fakes import NOON, a_finding, a_run

MINUTE = timedelta(minutes=1)
LATER = NOON + MINUTE


def test_a_run_exports_its_findings_and_its_times() -> None:
    """The findings of the last run are exported, with its end and its duration."""
    found = (a_finding(), a_finding(Status.PASS, subject="x"), a_finding(Status.UNVERIFIED, subject="y"))
    page = page_of(*run_blocks(a_run(*found)))
    counts = {status: value_of(page, "basewatch_findings", status=status.value) for status in Status}
    assert counts == {Status.PASS: 1, Status.FAIL: 1, Status.UNVERIFIED: 1, Status.NOT_APPLICABLE: 0}
    assert value_of(page, "basewatch_run_last_success_timestamp_seconds") == NOON.timestamp()
    assert value_of(page, "basewatch_run_duration_seconds") == 20
    labels = {"check": "backup.aurora.rpo", "component": "aurora_cluster/securebase-production", "severity": "critical"}
    assert value_of(page, "basewatch_finding_status", status="FAIL", **labels) == 1
    assert value_of(page, "basewatch_finding_status", status="PASS", subject="x", **labels) == 1


def test_the_next_run_is_exported() -> None:
    """A run that does not start can be detected: its due time is exported when the previous run starts."""
    page = page_of(*attempt_blocks(NOON, timedelta(hours=6)))
    assert value_of(page, "basewatch_run_last_timestamp_seconds") == NOON.timestamp()
    assert value_of(page, "basewatch_run_next_expected_timestamp_seconds") == NOON.timestamp() + 6 * 3600


def test_evidence_age_is_that_of_the_oldest() -> None:
    """One time per check: when the oldest evidence of its findings was observed."""
    run = a_run(
        a_finding(), a_finding(subject="x"), a_finding(check="tenancy.coverage"), a_finding(check="no.evidence")
    )
    old, new = (
        replace(run.evidence[0], digest=digest * 64, observed_at=at) for digest, at in (("1", NOON), ("2", LATER))
    )
    rests_on = (new.digest, old.digest, new.digest, "")
    findings = tuple(replace(each, evidence=digest) for each, digest in zip(run.findings, rests_on, strict=True))
    page = page_of(*run_blocks(replace(run, evidence=(new, old), findings=findings)))
    ages = {
        key: value for key, value in parsed(page).items() if key[0] == "basewatch_evidence_oldest_timestamp_seconds"
    }
    assert ages == {
        ("basewatch_evidence_oldest_timestamp_seconds", frozenset({("check", "backup.aurora.rpo")})): NOON.timestamp(),
        ("basewatch_evidence_oldest_timestamp_seconds", frozenset({("check", "tenancy.coverage")})): LATER.timestamp(),
    }


def test_objectives_are_exported_with_their_windows() -> None:
    """Objective, window and threshold are exported, so that they can be compared with measurements."""
    available = Slo(name="auth", of="function/auth", sli="availability", objective=0.999)
    fast = Slo.model_validate({"name": "api", "of": "api/main", "sli": "latency", "objective": 0.99, "below": "500ms"})
    page = page_of(*slo_blocks([available, fast]))
    auth, api = ({"slo": slo.name, "component": slo.of, "sli": slo.sli} for slo in (available, fast))
    assert value_of(page, "basewatch_slo_objective_ratio", **auth) == 0.999
    assert value_of(page, "basewatch_slo_window_seconds", **api) == timedelta(days=30).total_seconds()
    assert value_of(page, "basewatch_slo_threshold_seconds", **api) == 0.5
    assert value_of(page, "basewatch_slo_threshold_seconds", **auth) is None


def target(name: str, *more: tuple[str, str], arn: str = "", tags: dict[str, str] | None = None) -> MetricTarget:
    """A measured table with these labels beside its name."""
    labels = (("table_name", name), *more)
    resource = Resource(component="", dimensions=(), labels=labels, arn=arn, tags=tuple((tags or {}).items()))
    return MetricTarget(
        collector="dynamodb", account_id="123456789012", region="us-east-1", resource=resource, specs=()
    )


def test_a_resource_is_exported_once_with_the_configured_tags() -> None:
    """All dimensions of one table are one resource; only the configured tags are exported."""
    targets = (
        target("orders", ("operation", "GetItem")),
        target("orders", arn="arn:orders", tags={"tenant-id": 'a"b', "secret": "s"}),
        target("other"),
    )
    account = replace(targets[0], resource=replace(targets[0].resource, labels=()))
    place = {"aws_account_id": "123456789012", "aws_region": "us-east-1", "service": "dynamodb"}
    orders = {"resource": "orders", "table_name": "orders", "arn": "arn:orders", "tag_tenant_id": 'a"b'}
    other = {"resource": "other", "table_name": "other"}
    assert parsed(page_of(resource_block((*targets, account), ["tenant-id"]))) == {
        ("aws_resource_info", frozenset((place | labels).items())): 1 for labels in (orders, other)
    }


def test_the_watch_exports_its_polls() -> None:
    """The number of polls and the last success are exported; without a success there is no time."""
    watched = (
        WatchStatus(database="main", polls=7, changes=2, last_poll=NOON, up=True),
        WatchStatus(database="reports"),
    )
    page = page_of(*watch_blocks(watched))
    assert value_of(page, "basewatch_tenancy_fingerprint_polls_total", database="main") == 7
    assert value_of(page, "basewatch_tenancy_fingerprint_changes_total", database="main") == 2
    assert value_of(page, "basewatch_tenancy_last_poll_timestamp_seconds", database="main") == NOON.timestamp()
    assert value_of(page, "basewatch_tenancy_watch_up", database="reports") == 0
    assert value_of(page, "basewatch_tenancy_last_poll_timestamp_seconds", database="reports") is None


def a_spec(kind: MetricType, family: str, *, suffix: str = "") -> MetricSpec:
    """A spec of which only the Prometheus side matters."""
    return MetricSpec(family=family, type=kind, help="It.", namespace="N", metric="M", statistic="S", suffix=suffix)


def a_series(name: str, *values: float, end: datetime = NOON) -> Series:
    """A series of one value a minute, the last at `end`."""
    points = tuple(Point(period_end=end - MINUTE * ago, value=value) for ago, value in enumerate(reversed(values)))
    return Series(name=name, labels=(("quantile", "0.95"),), period=MINUTE, points=points)


def test_a_pass_exports_gauges_and_no_counters() -> None:
    """A pass exports its latest gauge values and no counters, because those would restart with each pass."""
    specs = (
        a_spec(MetricType.GAUGE, "now"),
        a_spec(MetricType.GAUGE, "stale"),
        a_spec(MetricType.GAUGE, "nothing"),
        a_spec(MetricType.COUNTER, "errors_total"),
        a_spec(MetricType.SUMMARY, "seconds"),
        a_spec(MetricType.SUMMARY, "seconds", suffix="_sum"),
    )
    series = (
        a_series("now", 7, 9),
        a_series("stale", 7, end=NOON - MAX_READING_AGE - MINUTE),
        a_series("nothing"),
        a_series("errors_total", 1, 2),
        a_series("seconds", 0.5),
        a_series("seconds_sum", 12),
    )
    shown = {name: value for (name, _), value in parsed(page_of(*latest_readings(specs, series, NOON))).items()}
    assert shown == {"now": 9, "seconds": 0.5}


def test_every_own_family_has_a_unique_name_and_help_text() -> None:
    """Every documented family exists; names are unique, and each has a help text."""
    names = [family.name for family in OWN_FAMILIES]
    assert len(set(names)) == len(names)
    assert all(family.help.endswith(".") for family in OWN_FAMILIES)
    assert not set(names) & {spec.family for collector in COLLECTORS for spec in collector.specs}
