"""Proves over real HTTP that a collection loses nothing: every metric is a reading or a gap."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from basewatch.collector import AnyCollector, Collector, MetricSpec, Resource
from basewatch.components import AuroraCluster, Component, Function, Table
from basewatch.errors import CouldNotLook
from basewatch.family import MetricType
from basewatch.metrics import Collected
from basewatch.model import Reason, Window
from collectors import COLLECTORS
from collectors.cloudwatch.collect import collect
from collectors.cloudwatch.planner import SETTLE
from collectors.cloudwatch.source import MetricSource
from tests.collectors.cloudwatch.fake import FakeCloudWatch, FakeSigner, Waiting, refusal

NOON = datetime(2026, 5, 4, 12, 0, 20, tzinfo=UTC)
WINDOW = Window(start=NOON - timedelta(minutes=10), end=NOON)
AUTH, BILLING, CUSTOMERS = Function(name="auth"), Function(name="billing"), Table(name="customers")


def collected(cloudwatch: FakeCloudWatch, *components: Component, window: Window = WINDOW) -> Collected:
    """What all our collectors get of these components from one CloudWatch."""
    source = FakeSigner(cloudwatch.url)
    return collect(COLLECTORS, components, window, lambda _component: source, Waiting().patience())


def of(got: Collected, name: str, **labels: str) -> list[float]:
    """The values of the one series with this name and these labels."""
    (series,) = [
        series for series in got.series if series.name == name and labels.items() <= dict(series.labels).items()
    ]
    return [point.value for point in series.points]


def test_every_collector_shares_the_call(cloudwatch: FakeCloudWatch) -> None:
    """Functions and tables are asked for together, in one request."""
    got = collected(cloudwatch, AUTH, BILLING, CUSTOMERS)
    assert len(cloudwatch.asked) == 1
    assert (len(got.readings), got.gaps) == (9 + 9 + 4, ())
    assert {asked.component: asked.requests for asked in got.asked} == {
        thing.ref: ("cloudwatch:GetMetricData r-1",) for thing in (AUTH, BILLING, CUSTOMERS)
    }


def test_values_are_in_base_units_and_periods_end(cloudwatch: FakeCloudWatch) -> None:
    """Milliseconds arrive as seconds, and a point is known by the end of its period."""
    got = collected(cloudwatch, AUTH)
    assert of(got, "aws_lambda_invocations_total") == [float(minute) for minute in range(707, 717)]
    p95 = of(got, "aws_lambda_duration_seconds", quantile="0.95")
    assert p95 == pytest.approx([minute / 1000 for minute in range(707, 717)])
    (reading,) = [reading for reading in got.readings if reading.series.name == "aws_lambda_errors_total"]
    assert got.window.end == (NOON - SETTLE).replace(second=0)
    assert reading.series.points[-1].period_end == got.window.end
    assert reading.series.points[0].period_end == got.window.start + timedelta(minutes=1)
    assert dict(reading.series.labels) == {
        "aws_account_id": "123456789012",
        "aws_region": "us-east-1",
        "function_name": "auth",
    }


def test_windows_that_meet_share_no_point(cloudwatch: FakeCloudWatch) -> None:
    """Two runs after each other see every minute once."""
    later = Window(start=WINDOW.end, end=WINDOW.end + timedelta(minutes=7))
    first, second = (collected(cloudwatch, AUTH, window=window) for window in (WINDOW, later))
    values = of(first, "aws_lambda_errors_total") + of(second, "aws_lambda_errors_total")
    assert values == [float(minute) for minute in range(707, 724)]


def test_periods_of_different_length_end_where_their_windows_do(cloudwatch: FakeCloudWatch) -> None:
    """Five-minute periods share the call with minutes; each keeps its own points, and no run sees one twice."""
    (minutes, fives) = (
        MetricSpec(
            family=f"every_{length}",
            type=MetricType.GAUGE,
            help="",
            namespace="N",
            metric="M",
            statistic="Sum",
            period=timedelta(minutes=length),
        )
        for length in (1, 5)
    )
    resource = Resource(component=AUTH.ref, dimensions=(("FunctionName", "auth"),), labels=())
    mixed: AnyCollector = Collector(
        name="mixed",
        component=Function,
        resources=lambda _function: iter([(resource, (minutes, fives))]),
        specs=(minutes, fives),
    )
    source, later = FakeSigner(cloudwatch.url), Window(start=WINDOW.end, end=WINDOW.end + timedelta(minutes=7))
    runs = [collect([mixed], [AUTH], each, lambda _: source, Waiting().patience()) for each in (WINDOW, later)]
    assert len(cloudwatch.asked) == 2
    assert [of(run, "every_1") for run in runs] == [
        [float(minute) for minute in range(707, 717)],
        [float(minute) for minute in range(717, 724)],
    ]
    assert [of(run, "every_5") for run in runs] == [[705.0, 710.0], [715.0]]


def test_a_refusal_becomes_a_gap_of_every_metric(cloudwatch: FakeCloudWatch) -> None:
    """When CloudWatch refuses, nothing is empty and everything says why and what to do."""
    cloudwatch.then(refusal("AccessDenied", 403))
    got = collected(cloudwatch, AUTH)
    assert got.readings == ()
    assert {(gap.collector, gap.component, gap.reason) for gap in got.gaps} == {("lambda", AUTH.ref, Reason.DENIED)}
    assert len(got.gaps) == 9
    assert all("cloudwatch:GetMetricData" in gap.remedy for gap in got.gaps)


def test_a_component_without_an_account_is_a_gap(cloudwatch: FakeCloudWatch) -> None:
    """One component that has no session does not stop the others."""
    source = FakeSigner(cloudwatch.url)

    def source_of(component: Component) -> MetricSource:
        if component is BILLING:
            raise CouldNotLook(Reason.DENIED, "the role cannot be assumed", remedy="let it")
        return source

    got = collect(COLLECTORS, (AUTH, BILLING), WINDOW, source_of, Waiting().patience())
    assert {reading.component for reading in got.readings} == {AUTH.ref}
    (gap,) = got.gaps
    assert (gap.component, gap.family, gap.reason, gap.remedy) == (BILLING.ref, "", Reason.DENIED, "let it")


@dataclass(slots=True)
class Locked(FakeSigner):
    """An account that cannot be signed in to."""

    def endpoint(self, service: str) -> str:
        """Refuse."""
        raise CouldNotLook(Reason.DENIED, f"no credentials for {service}")


def test_an_account_that_cannot_be_signed_in_to_is_a_gap(cloudwatch: FakeCloudWatch) -> None:
    """Without credentials every metric of the account is unknown, once per component and collector."""
    cluster = AuroraCluster.model_validate(
        {"name": "db", "instances": ["i"], "backup": {"retention": "1d", "rpo": "1h"}}
    )
    sources: dict[str, MetricSource] = {
        AUTH.ref: Locked(cloudwatch.url, account_id="2"),
        cluster.ref: FakeSigner(cloudwatch.url),
    }
    got = collect(COLLECTORS, (AUTH, cluster), WINDOW, lambda component: sources[component.ref], Waiting().patience())
    assert [(gap.collector, gap.component, gap.reason) for gap in got.gaps] == [("lambda", AUTH.ref, Reason.DENIED)]
    assert {reading.component for reading in got.readings} == {cluster.ref}


def test_accounts_and_regions_are_asked_apart(cloudwatch: FakeCloudWatch) -> None:
    """Each account and region is asked once, and its series carry its name."""
    sources: dict[str, MetricSource] = {
        AUTH.ref: FakeSigner(cloudwatch.url, account_id="1"),
        BILLING.ref: FakeSigner(cloudwatch.url, account_id="2"),
        CUSTOMERS.ref: FakeSigner(cloudwatch.url, account_id="1"),
    }
    components = (AUTH, BILLING, CUSTOMERS)
    got = collect(COLLECTORS, components, WINDOW, lambda component: sources[component.ref], Waiting().patience())
    assert len(cloudwatch.asked) == 2
    accounts = {(reading.component, dict(reading.series.labels)["aws_account_id"]) for reading in got.readings}
    assert accounts == {(AUTH.ref, "1"), (BILLING.ref, "2"), (CUSTOMERS.ref, "1")}
    assert {asked.component: asked.source for asked in got.asked}[BILLING.ref] == "aws:2/us-east-1"


def test_a_window_without_a_complete_minute_is_a_gap(cloudwatch: FakeCloudWatch) -> None:
    """Too short a window is not an empty one, and CloudWatch is not asked."""
    got = collected(cloudwatch, AUTH, window=Window(start=NOON, end=NOON + timedelta(seconds=5)))
    assert cloudwatch.asked == []
    assert {gap.reason for gap in got.gaps} == {Reason.NOT_ENOUGH_DATA}
    assert got.readings == ()


def test_nothing_declared_asks_nothing(cloudwatch: FakeCloudWatch) -> None:
    """A platform without measured components makes no call."""
    got = collected(cloudwatch)
    assert (got.readings, got.gaps, got.asked, cloudwatch.asked) == ((), (), (), [])
