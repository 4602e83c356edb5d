"""Over real HTTP, a collection loses nothing: every metric is a series or a gap."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from basewatch.collector import MetricTarget
from basewatch.errors import ObservationError
from basewatch.metrics import SETTLE_DELAY, CollectedMetrics, CollectionGap
from basewatch.model import Reason, Window
from collectors.cloudwatch.collect import collect
from collectors.cloudwatch.fetch import FetchResult
from collectors.cloudwatch.planner import Call
from collectors.cloudwatch.query_answer import Answer
from collectors.cloudwatch.source import MetricSource
from tests.collectors.cloudwatch.examples import ACCOUNT, NOON, REGION, spec, target
from tests.collectors.cloudwatch.fake import FakeCloudWatch, FakeSigner, refusal, source

AT = NOON + timedelta(seconds=20)
WINDOW = Window(start=AT - timedelta(minutes=10), end=AT)
SPECS = (spec("Invocations"), spec("Duration", "p95"), spec("Duration", "Sum"))
AUTH, BILLING = target("auth", SPECS), target("billing", SPECS)
CUSTOMERS = target("customers", [spec("Reads")], collector="dynamodb")


def collected(
    cloudwatch: FakeCloudWatch, *targets: MetricTarget, window: Window = WINDOW, gaps: tuple[CollectionGap, ...] = ()
) -> CollectedMetrics:
    """The collected metrics of these targets from one CloudWatch."""
    return collect(targets, gaps, window, at(source(FakeSigner(cloudwatch.url))))


def at(one: MetricSource) -> Callable[[str, str], MetricSource]:
    """The same source for every location."""
    return lambda _account_id, _region: one


def of(got: CollectedMetrics, name: str) -> list[float]:
    """The values of the one series with this name."""
    (series,) = [series for series in got.series if series.name == name]
    return [point.value for point in series.points]


def test_every_collector_shares_the_call(cloudwatch: FakeCloudWatch) -> None:
    """Functions and tables share one request."""
    got = collected(cloudwatch, AUTH, BILLING, CUSTOMERS)
    assert len(cloudwatch.requests) == 1
    assert (len(got.collected_series), got.gaps) == (3 + 3 + 1, ())
    assert {request.component: request.requests for request in got.provenance} == {
        each.resource.component: ("cloudwatch:GetMetricData r-1",) for each in (AUTH, BILLING, CUSTOMERS)
    }


def test_a_point_has_the_time_of_its_periods_end(cloudwatch: FakeCloudWatch) -> None:
    """The time of a point is the end of its period; a series has the labels of account, region and resource."""
    got = collected(cloudwatch, AUTH)
    assert of(got, "invocations_sum_1") == [float(minute) for minute in range(707, 717)]
    (reading,) = [reading for reading in got.collected_series if reading.series.name == "invocations_sum_1"]
    assert got.window.end == AT.replace(second=0) - SETTLE_DELAY
    assert reading.series.points[-1].period_end == got.window.end
    assert reading.series.points[0].period_end == got.window.start + timedelta(minutes=1)
    assert reading.series.labels == (("aws_account_id", ACCOUNT), ("aws_region", REGION), ("function_name", "auth"))


def test_consecutive_windows_share_no_point(cloudwatch: FakeCloudWatch) -> None:
    """Two consecutive runs read every minute once."""
    later = Window(start=WINDOW.end, end=WINDOW.end + timedelta(minutes=7))
    first, second = (collected(cloudwatch, AUTH, window=window) for window in (WINDOW, later))
    values = of(first, "invocations_sum_1") + of(second, "invocations_sum_1")
    assert values == [float(minute) for minute in range(707, 724)]


def test_periods_of_different_lengths_share_a_call(cloudwatch: FakeCloudWatch) -> None:
    """Five-minute periods share the call with one-minute ones; each has its own points, and no run repeats one."""
    mixed = target("auth", [spec(), spec(minutes=5)])
    later = Window(start=WINDOW.end, end=WINDOW.end + timedelta(minutes=7))
    runs = [collected(cloudwatch, mixed, window=each) for each in (WINDOW, later)]
    assert len(cloudwatch.requests) == 2
    assert [of(run, "invocations_sum_1") for run in runs] == [
        [float(minute) for minute in range(707, 717)],
        [float(minute) for minute in range(717, 724)],
    ]
    assert [of(run, "invocations_sum_5") for run in runs] == [[705.0, 710.0], [715.0]]


def test_a_denied_call_is_a_gap_of_every_metric(cloudwatch: FakeCloudWatch) -> None:
    """When CloudWatch denies, nothing is empty, and every gap has the reason and the remedy."""
    cloudwatch.answer_next(refusal("AccessDenied", 403))
    got = collected(cloudwatch, AUTH)
    assert got.collected_series == ()
    assert [(gap.collector, gap.component, gap.family, gap.reason) for gap in got.gaps] == [
        ("lambda", "function/auth", family, Reason.DENIED)
        for family in ("duration_p95_1", "duration_sum_1", "invocations_sum_1")
    ]
    assert all("cloudwatch:GetMetricData" in gap.remedy for gap in got.gaps)
    assert {(gap.source, gap.action) for gap in got.gaps} == {
        ("aws:123456789012/us-east-1", "cloudwatch:GetMetricData")
    }


def test_earlier_gaps_are_kept(cloudwatch: FakeCloudWatch) -> None:
    """A component without a location stays a gap beside the metrics of the others."""
    gap = CollectionGap(
        collector="lambda", component="function/nowhere", reason=Reason.DENIED, detail="no such account"
    )
    got = collected(cloudwatch, AUTH, gaps=(gap,))
    assert (len(got.collected_series), got.gaps) == (3, (gap,))


def test_a_location_without_a_source_is_a_gap(cloudwatch: FakeCloudWatch) -> None:
    """One account without a source does not stop the others; its components are a gap for each collector."""
    ours = source(FakeSigner(cloudwatch.url))

    def source_of(account_id: str, region: str) -> MetricSource:
        if account_id == "2":
            raise ObservationError(Reason.DENIED, "the role cannot be assumed", remedy="let it")
        return ours

    got = collect((AUTH, target("billing", SPECS, account="2")), (), WINDOW, source_of)
    assert {reading.component for reading in got.collected_series} == {"function/auth"}
    (gap,) = got.gaps
    assert (gap.component, gap.family, gap.reason, gap.remedy) == ("function/billing", "", Reason.DENIED, "let it")


@dataclass(slots=True)
class PromQLSource:
    """A source that is not CloudWatch: an endpoint with one PromQL expression for each query."""

    account_id: str = ACCOUNT
    region: str = REGION
    expressions: list[str] = field(default_factory=list[str])
    locked: bool = False

    @property
    def principal(self) -> str:
        """The identity of a reader, if it can sign in."""
        if self.locked:
            raise ObservationError(Reason.DENIED, "no credentials")
        return "reader"

    def fetch(self, call: Call) -> FetchResult:
        """One minute for every query."""
        self.expressions += [f"{query.spec.metric}{dict(query.target.resource.dimensions)}" for query in call.queries]
        start = call.window.end.timestamp() - 60
        return FetchResult(answers=(Answer([start], [42.0]),) * len(call.queries), requests=("GET /api/v1/query 1",))


def test_a_source_need_not_be_cloudwatch() -> None:
    """Any object with the protocol's methods is a source, with the same results."""
    promql = PromQLSource()
    got = collect((AUTH,), (), WINDOW, at(promql))
    assert of(got, "invocations_sum_1") == [42.0]
    assert promql.expressions[-1] == "Invocations{'FunctionName': 'auth'}"
    (request,) = got.provenance
    assert (request.source, request.principal, request.requests) == (
        f"aws:{ACCOUNT}/{REGION}",
        "reader",
        ("GET /api/v1/query 1",),
    )


def test_a_failed_sign_in_is_a_gap() -> None:
    """Without credentials every metric of the account is a gap, once for each component and collector."""
    sources = {"1": PromQLSource(account_id="1"), "2": PromQLSource(account_id="2", locked=True)}
    targets = (target("auth", SPECS, account="1"), target("billing", SPECS, account="2"))
    got = collect(targets, (), WINDOW, lambda account_id, _region: sources[account_id])
    assert [(gap.collector, gap.component, gap.reason) for gap in got.gaps] == [
        ("lambda", "function/billing", Reason.DENIED)
    ]
    assert {reading.component for reading in got.collected_series} == {"function/auth"}


def test_accounts_and_regions_are_queried_separately(cloudwatch: FakeCloudWatch) -> None:
    """Each account and region is queried once, and its series carry its labels."""
    sources = {number: source(FakeSigner(cloudwatch.url, account_id=number)) for number in ("1", "2")}
    targets = (
        target("auth", SPECS, account="1"),
        target("billing", SPECS, account="2"),
        target("customers", SPECS, account="1"),
    )
    got = collect(targets, (), WINDOW, lambda account_id, _region: sources[account_id])
    assert len(cloudwatch.requests) == 2
    accounts = {(reading.component, dict(reading.series.labels)["aws_account_id"]) for reading in got.collected_series}
    assert accounts == {("function/auth", "1"), ("function/billing", "2"), ("function/customers", "1")}
    assert {request.component: request.source for request in got.provenance}["function/billing"] == "aws:2/us-east-1"


def test_a_monitoring_account_answers_for_others_in_one_call(cloudwatch: FakeCloudWatch) -> None:
    """Metrics of several accounts are one call to their monitoring account, and carry their owner's labels."""
    targets = (AUTH, target("billing", [spec()], account="2"))
    got = collected(cloudwatch, *targets)
    (request,) = cloudwatch.requests
    assert [query.get("AccountId") for query in request["MetricDataQueries"]] == [None, None, None, "2"]
    assert {dict(series.labels)["aws_account_id"] for series in got.series} == {ACCOUNT, "2"}


def test_a_target_of_several_components_is_requested_once(cloudwatch: FakeCloudWatch) -> None:
    """An account-level metric that each of its tables declares is one query."""
    got = collected(cloudwatch, CUSTOMERS, CUSTOMERS)
    assert len(cloudwatch.requests[0]["MetricDataQueries"]) == len(got.collected_series) == 1


def test_a_window_without_a_complete_minute_is_a_gap(cloudwatch: FakeCloudWatch) -> None:
    """A window without a complete minute is a gap, and no request is sent."""
    got = collected(cloudwatch, AUTH, window=Window(start=AT, end=AT + timedelta(seconds=5)))
    assert cloudwatch.requests == []
    assert {gap.reason for gap in got.gaps} == {Reason.NOT_ENOUGH_DATA}
    assert got.collected_series == ()


def test_without_components_no_request_is_sent(cloudwatch: FakeCloudWatch) -> None:
    """A platform without measured components sends no request."""
    got = collected(cloudwatch)
    assert (got.collected_series, got.gaps, got.provenance, cloudwatch.requests) == ((), (), (), [])
