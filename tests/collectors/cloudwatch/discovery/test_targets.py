"""Discovered resources are collected, a failed discovery loses nothing, and everything is reported."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from threading import Event, Thread
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from basewatch.aws import AwsClient
from basewatch.collector import DescribedResource, DiscoverySpec
from basewatch.components import Function
from basewatch.errors import ObservationError
from basewatch.model import Reason
from collectors.cloudwatch.discovery.result import FORGET_AFTER
from tests.collectors.cloudwatch.discoverable_account import (
    ACTIVITY_SPECS,
    DENIED,
    FUNCTIONS,
    GRANTS,
    MODES,
    OPERATIONS,
    SPECS,
    THROTTLED,
    FakeAccount,
    arn,
    by,
    harness,
    made_up,
    metric,
    page,
    series_of,
)
from tests.wire import ACCOUNT, REGION, answered, refusal

PLACE = {"aws_account_id": ACCOUNT, "aws_region": REGION}
OTHER = "210987654321"


def each_mode(*modes: str) -> pytest.MarkDecorator:
    """Runs a test once for every discovery method."""
    return pytest.mark.parametrize("mode", modes or MODES)


@each_mode()
def test_undeclared_resources_are_discovered(mode: str) -> None:
    """All metrics of every function on every page are requested, beside the declared one."""
    seen = harness(by(mode), Function(name="declared"))
    assert seen.names == ("declared",)
    seen.answer(mode, page(mode, "b", "c", following="more"), page(mode, "a"))
    assert seen.discover() == ("declared", "a", "b", "c")
    assert {target.specs for target in seen.targets.current()} == {SPECS}
    assert seen.targets.gaps == ()
    assert seen.metric_value("discovery_resources", collector="made_up", by="declared") == 1
    assert seen.metric_value("discovery_resources", collector="made_up", by="discovered") == 3
    assert (
        seen.metric_value("discovery_last_success_timestamp_seconds", collector="made_up", **PLACE)
        == seen.at.timestamp()
    )


@each_mode()
def test_no_resources_is_a_successful_result(mode: str) -> None:
    """No resources is not an error: discovery succeeded, and the number is 0, not absent."""
    seen = harness(by(mode))
    seen.answer(mode, page(mode))
    assert seen.discover() == ()
    assert seen.targets.gaps == ()
    assert seen.metric_value("discovery_resources", collector="made_up", by="discovered") == 0
    assert seen.metric_value("discovery_last_success_timestamp_seconds", collector="made_up", **PLACE) is not None


@each_mode()
def test_a_denied_action_is_named(mode: str, caplog: pytest.LogCaptureFixture) -> None:
    """A denied query is a gap that names the IAM action, logged once; declared targets stay."""
    seen = harness(by(mode), Function(name="declared"))
    seen.answer(mode, DENIED)
    for _ in range(2):
        assert seen.discover() == ("declared",)
    (gap,) = seen.targets.gaps
    assert (gap.collector, gap.component, gap.reason) == ("made_up", "", Reason.DENIED)
    assert f"grant {GRANTS[mode]} to " in gap.remedy
    assert seen.metric_value("discovery_last_success_timestamp_seconds", collector="made_up", **PLACE) is None
    assert [GRANTS[mode] in record.getMessage() for record in caplog.records] == [True]


@each_mode()
@pytest.mark.parametrize("error", [DENIED, THROTTLED, refusal("InternalFailure", status=500)])
def test_a_failed_discovery_loses_nothing(mode: str, error: dict[str, Any]) -> None:
    """The known targets stay the same objects, the success time stays, and the next success clears the gap."""
    seen = harness(by(mode))
    seen.answer(mode, page(mode, "a", "b"))
    seen.discover()
    known, succeeded = seen.targets.current(), seen.at.timestamp()
    seen.answer(mode, error)
    seen.discover()
    assert seen.targets.current() is known
    assert [gap.collector for gap in seen.targets.gaps] == ["made_up"]
    assert seen.metric_value("discovery_last_success_timestamp_seconds", collector="made_up", **PLACE) == succeeded
    seen.answer(mode, page(mode, "a", "b"))
    assert seen.discover() == ("a", "b")
    assert seen.targets.gaps == ()


@each_mode()
def test_an_incomplete_listing_is_not_used(mode: str) -> None:
    """When the second page fails, nothing is removed, and nothing of the first page is added."""
    seen = harness(by(mode))
    seen.answer(mode, page(mode, "a", "b"))
    seen.discover()
    seen.answer(mode, page(mode, "b", "c", following="more"), DENIED)
    assert seen.discover() == ("a", "b")
    assert [gap.reason for gap in seen.targets.gaps] == [Reason.DENIED]


@each_mode("list", "tags")
def test_a_throttled_page_is_requested_again(mode: str) -> None:
    """One throttle costs one request and slows that API down; the listing continues where it was."""
    seen = harness(by(mode))
    seen.answer(mode, page(mode, "a", following="more"), THROTTLED, page(mode, "b"))
    assert seen.discover() == ("a", "b")
    api = OPERATIONS[mode].partition(":")[2]
    assert seen.rate_limits.limiter(ACCOUNT, REGION, api).rate_ratio < 1
    assert seen.metric_value("api_requests_total", api=api, **PLACE) == 3
    assert seen.metric_value("api_request_failures_total", api=api, code="ThrottlingException") == 1
    assert seen.metric_value("api_request_duration_seconds_count", api=api) == 3


@each_mode("list", "tags")
def test_a_repeated_token_is_an_error(mode: str) -> None:
    """A repeated token ends the listing with an error."""
    seen = harness(by(mode))
    seen.answer(mode, page(mode, "a", following="more"))
    assert seen.discover() == ()
    assert [gap.reason for gap in seen.targets.gaps] == [Reason.UNSUPPORTED]


@each_mode()
def test_a_resource_listed_twice_is_one_resource(mode: str) -> None:
    """A resource on two pages of a listing is one resource."""
    seen = harness(by(mode))
    seen.answer(mode, page(mode, "a", "a", following="more"), page(mode, "a"))
    assert seen.discover() == ("a",)
    assert seen.metric_value("discovery_resources", collector="made_up", by="discovered") == 1


@each_mode()
def test_resources_over_the_limit_are_reported(mode: str, caplog: pytest.LogCaptureFixture) -> None:
    """Previously collected resources stay when more appear; every series over the limit is counted once."""
    seen = harness(by(mode, at_most=2))
    seen.answer(mode, page(mode, "c", "d"))
    seen.discover()
    seen.answer(mode, page(mode, "a", "b", "c", "d"))
    for _ in range(2):
        assert seen.discover() == ("c", "d")
    assert seen.metric_value("series_dropped_total", collector="made_up", reason="limit") == 2 * len(SPECS)
    assert [record.getMessage() for record in caplog.records] == [
        "made_up: 2 resources exceed collectors.discover.at_most and are not collected"
    ]
    assert seen.metric_value("discovery_resources", collector="made_up", by="discovered") == 2


@each_mode()
def test_declared_resources_do_not_count_against_the_limit(mode: str) -> None:
    """The limit on discovered resources never excludes a declared one."""
    seen = harness(by(mode, at_most=1), Function(name="a"), Function(name="b"))
    seen.answer(mode, page(mode, "a", "b", "c"))
    assert seen.discover() == ("a", "b", "c")


def test_a_resource_of_two_entries_counts_once() -> None:
    """A resource that two entries find belongs to the first; the second entry's limit counts only others."""
    entries = [{"collector": "made_up", "by": mode, "at_most": 1} for mode in ("list", "describe")]
    seen = harness({"discover": entries, "skip_idle": False})
    seen.answer("list", page("list", "a"))
    seen.answer("describe", page("describe", "a", "b"))
    assert seen.discover() == ("a", "b")


@each_mode()
def test_a_resource_leaves_and_returns(mode: str) -> None:
    """A resource missing from a complete listing is no longer collected, until it is listed again."""
    seen = harness(by(mode))
    for names in (("a", "b"), ("b",), ("a", "b")):
        seen.answer(mode, page(mode, *names))
        assert seen.discover() == names


@each_mode()
def test_of_an_idle_resource_one_metric_is_requested(mode: str) -> None:
    """Of an idle resource only the activity metric is requested, until it is active again."""
    seen = harness(by(mode, gate=True))
    seen.answer(mode, page(mode, "a", "b"))
    for active, of_a in ((("a", "b"), SPECS), (("b",), ACTIVITY_SPECS), (("a", "b"), SPECS)):
        seen.answer("list", page("list", *active))
        assert seen.discover() == ("a", "b")
        assert (seen.specs_of("a"), seen.specs_of("b")) == (of_a, SPECS)
        idle = 0 if of_a is SPECS else 1
        assert seen.metric_value("discovery_idle_resources", collector="made_up") == idle
        assert seen.metric_value("discovery_resources", collector="made_up", by="discovered") == 2


@each_mode()
def test_of_a_declared_resource_everything_is_requested(mode: str) -> None:
    """All metrics of a declared resource are requested, whether or not it is active."""
    seen = harness(by(mode, gate=True), Function(name="declared"))
    seen.answer(mode, page(mode))
    seen.answer("list", page("list"))
    seen.discover()
    assert seen.specs_of("declared") == SPECS


@each_mode("tags", "describe")
def test_with_unknown_activity_everything_is_requested(mode: str) -> None:
    """Without cloudwatch:ListMetrics all metrics are requested, and the gap names the action."""
    seen = harness(by(mode, gate=True))
    seen.answer(mode, page(mode, "a"))
    seen.answer("list", DENIED)
    seen.discover()
    assert seen.specs_of("a") == SPECS
    assert ["grant cloudwatch:ListMetrics" in gap.remedy for gap in seen.targets.gaps] == [True]


@each_mode("tags", "describe")
def test_a_failed_activity_query_changes_nothing(mode: str) -> None:
    """A throttled ListMetrics changes no resource's activity."""
    seen = harness(by(mode, gate=True))
    seen.answer(mode, page(mode, "a", "b"))
    seen.answer("list", page("list", "a"))
    seen.discover()
    seen.answer("list", THROTTLED)
    seen.discover()
    assert (seen.specs_of("a"), seen.specs_of("b")) == (SPECS, ACTIVITY_SPECS)


def test_an_idle_resource_without_an_activity_metric_is_counted() -> None:
    """When the activity metric is not among the specs, nothing is requested, and the resource counts as idle."""
    silent = DiscoverySpec(
        namespace="AWS/Lambda",
        activity_metric="Duration",
        dimensions=("FunctionName",),
        from_dimensions=FUNCTIONS.from_dimensions,
        describe=FUNCTIONS.describe,
    )
    seen = harness(by("describe", gate=True), collectors=(made_up(silent),))
    seen.answer("describe", page("describe", "a"))
    seen.answer("list", page("list"))
    assert seen.discover() == ()
    assert seen.metric_value("discovery_idle_resources", collector="made_up") == 1


def test_a_resource_without_activity_is_dropped_after_two_weeks() -> None:
    """A resource known only from CloudWatch is dropped when CloudWatch drops it."""
    seen = harness(by("list", gate=True))
    seen.answer("list", page("list", "a"))
    seen.discover()
    seen.answer("list", page("list"))
    assert seen.discover(FORGET_AFTER - timedelta(seconds=1)) == ("a",)
    assert seen.discover(timedelta(seconds=1)) == ()
    assert seen.metric_value("discovery_idle_resources", collector="made_up") == 0


def test_an_active_resource_replaces_an_idle_one() -> None:
    """Within the limit, active resources come first."""
    seen = harness(by("list", gate=True, at_most=1))
    seen.answer("list", page("list", "a"))
    seen.discover()
    seen.answer("list", page("list", "b"))
    assert seen.discover() == ("b",)


@each_mode()
def test_a_discovered_resource_stays_the_declared_one(mode: str) -> None:
    """It keeps its component, and gets the ARN and the lateness that its service describes."""
    seen = harness(by(mode, exported_tags=["tenant"]), Function(name="a"))
    seen.answer("tags", page("tags"))
    seen.answer(mode, page(mode, "a", tags={"tenant": "acme", "secret": "x"}))
    seen.discover()
    (target,) = seen.targets.current()
    assert target.resource.component == "function/a"
    assert target.resource.arn == ("" if mode == "list" else arn("a"))
    assert target.resource.tags == ((("tenant", "acme"),) if mode == "tags" else ())
    assert target.resource.allowed_lateness == (timedelta(minutes=7) if mode == "describe" else None)
    assert seen.metric_value("discovery_resources", collector="made_up", by="discovered") == 0


@each_mode()
def test_targets_are_the_same_object_until_something_changes(mode: str) -> None:
    """Identity shows that nothing has changed, so that no plan is built again."""
    seen = harness(by(mode))
    seen.answer(mode, page(mode, "a", "b"))
    seen.discover()
    before = seen.targets.current()
    seen.discover()
    assert seen.targets.current() is before
    seen.answer(mode, page(mode, "a", "b", "c"))
    seen.discover()
    assert seen.targets.current() is not before
    assert seen.targets.current()[0] is before[0]


@each_mode()
def test_an_unmeasured_resource_is_skipped(mode: str) -> None:
    """A resource that the collector does not measure is not counted."""
    seen = harness(by(mode, at_most=1))
    seen.answer(mode, page(mode, "internal-a", "z"))
    assert seen.discover() == ("z",)
    assert seen.metric_value("series_dropped_total", collector="made_up", reason="limit") is None


def test_tags_of_declared_resources_are_exported() -> None:
    """Only the exported tags, by name, of every collected resource, without any discovery configured."""
    seen = harness({"exported_tags": ["tier", "tenant"]}, Function(name="a"))
    seen.answer("tags", page("tags", "a", "b", tags={"tenant": "acme", "secret": "x", "tier": "gold"}))
    assert seen.discover() == ("a",)
    (target,) = seen.targets.current()
    assert target.resource.tags == (("tenant", "acme"), ("tier", "gold"))
    assert target.resource.arn == arn("a")


def test_a_denied_tag_lookup_changes_nothing() -> None:
    """A denied GetResources removes no tag, and names the action."""
    seen = harness({"exported_tags": ["tenant"]}, Function(name="a"))
    seen.answer("tags", page("tags", "a", tags={"tenant": "acme"}))
    seen.discover()
    seen.answer("tags", DENIED)
    seen.discover()
    assert seen.targets.current()[0].resource.tags == (("tenant", "acme"),)
    assert ["grant tag:GetResources" in gap.remedy for gap in seen.targets.gaps] == [True]


def test_without_discovery_no_request_is_sent() -> None:
    """A configuration without discovery and exported tags sends no request."""
    seen = harness({}, Function(name="a"))
    assert seen.discover() == ("a",)
    assert seen.account.wire.asked == []


def test_a_broken_collector_stops_no_other(caplog: pytest.LogCaptureFixture) -> None:
    """An exception in a collector's code is a gap of that collector alone."""

    def broken(_aws: AwsClient) -> Iterator[DescribedResource]:
        raise KeyError("Functions")

    bad = DiscoverySpec(
        namespace="AWS/Lambda",
        activity_metric="Invocations",
        dimensions=("FunctionName",),
        from_dimensions=FUNCTIONS.from_dimensions,
        describe=broken,
    )
    both = {"discover": [{"collector": each, "by": "describe"} for each in ("bad", "made_up")], "skip_idle": False}
    seen = harness(both, collectors=(made_up(bad, name="bad"), made_up()))
    seen.answer("describe", page("describe", "a"))
    assert seen.discover() == ("a",)
    assert [(gap.collector, gap.reason) for gap in seen.targets.gaps] == [("bad", Reason.BUG)]
    assert "KeyError" in caplog.text


def test_a_component_without_an_account_is_a_gap() -> None:
    """A component without a location is a gap from the start, and stays one."""

    class Nowhere(FakeAccount):
        def location(self, component: object) -> Any:
            raise ObservationError(Reason.UNSUPPORTED, "no account", remedy="add aws")

    seen = harness(by("list"), Function(name="a"), account=Nowhere())
    assert [(gap.component, gap.remedy) for gap in seen.targets.gaps] == [("function/a", "add aws")]
    seen.answer("list", page("list"))
    seen.discover()
    assert [gap.component for gap in seen.targets.gaps] == ["function/a"]


def test_targets_can_be_read_during_discovery() -> None:
    """A slow discovery blocks no reader."""
    going, go_on = Event(), Event()

    def slow(_aws: AwsClient) -> Iterator[DescribedResource]:
        going.set()
        assert go_on.wait(600)
        yield DescribedResource(dimensions={"FunctionName": "a"})

    found = DiscoverySpec(
        namespace="AWS/Lambda",
        activity_metric="Invocations",
        dimensions=(),
        from_dimensions=FUNCTIONS.from_dimensions,
        describe=slow,
    )
    seen = harness(by("describe"), Function(name="declared"), collectors=(made_up(found),))
    look = Thread(target=seen.discover)
    look.start()
    assert going.wait(600)
    during = seen.names
    go_on.set()
    look.join(10)
    assert [during, seen.names] == [("declared",), ("declared", "a")]


NAMES = st.lists(st.sampled_from("abcdef"), max_size=5)
# One session for all examples: creating one takes longer than everything else.
SHARED = FakeAccount()


@settings(max_examples=50)
@given(declared=st.sets(st.sampled_from("abcdef")), listed=NAMES, tagged=NAMES, described=NAMES)
def test_no_two_targets_become_one_series(
    declared: set[str], listed: list[str], tagged: list[str], described: list[str]
) -> None:
    """However often a resource is declared and found, Prometheus sees each of its series once."""
    every = {"discover": [{"collector": "made_up", "by": mode} for mode in MODES], "skip_idle": False}
    seen = harness(every, *(Function(name=name) for name in sorted(declared)), account=SHARED)
    for mode, names in zip(MODES, (listed, tagged, described), strict=True):
        seen.answer(mode, page(mode, *names))
    seen.discover()
    series = series_of(seen.targets.current())
    assert len(series) == len(set(series))
    assert set(seen.names) == declared | {*listed, *tagged, *described}


def test_a_series_of_two_collectors_is_requested_once() -> None:
    """A series that two collectors would export is requested by the first."""
    seen = harness({}, Function(name="a"), collectors=(made_up(name="one"), made_up(name="two")))
    assert [target.collector for target in seen.targets.current()] == ["one"]


def test_metrics_of_linked_accounts_have_their_owners() -> None:
    """One query to the monitoring account covers all; each metric belongs to the owner in the parallel list."""
    discover = [{"collector": "made_up", "by": "list", "account": one} for one in (ACCOUNT, OTHER)]
    seen = harness({"discover": discover}, account=FakeAccount(monitors={OTHER: ACCOUNT}))
    metrics = [metric("mine"), metric("theirs"), metric("strangers")]
    owners = [ACCOUNT, OTHER, "999999999999"]
    seen.answer("list", answered(Metrics=metrics, OwningAccounts=owners))
    seen.discover()
    assert {(one.account_id, one.resource.labels[0][1]) for one in seen.targets.current()} == {
        (ACCOUNT, "mine"),
        (OTHER, "theirs"),
    }
    assert len(seen.requests("list")) == 1
    assert {place.account_id for place in seen.account.requested} == {ACCOUNT}


def test_functions_with_equal_names_in_two_accounts_differ() -> None:
    """Account and region are part of a resource's identity."""
    there = {"discover": [{"collector": "made_up", "by": "describe", "account": OTHER}], "skip_idle": False}
    seen = harness(there, Function(name="a"))
    seen.answer("describe", page("describe", "a"))
    seen.discover()
    assert [(one.account_id, one.resource.component) for one in seen.targets.current()] == [
        (ACCOUNT, "function/a"),
        (OTHER, ""),
    ]
