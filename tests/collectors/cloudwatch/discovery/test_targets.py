"""Proves that what is discovered is asked about, that nothing known is lost by a bad look, and that all is said."""

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
from collectors.cloudwatch.discovery.activity import FORGET_AFTER
from tests.collectors.cloudwatch.discoverable_account import (
    ALIVE,
    ASKS,
    DENIED,
    FUNCTIONS,
    GRANTS,
    MODES,
    SPECS,
    THROTTLED,
    Account,
    arn,
    by,
    made_up,
    metric,
    page,
    series_of,
    watched,
)
from tests.wire import ACCOUNT, REGION, answered, refusal

PLACE = {"aws_account_id": ACCOUNT, "aws_region": REGION}
OTHER = "210987654321"


def each_mode(*modes: str) -> pytest.MarkDecorator:
    """Runs a test once for every way to discover."""
    return pytest.mark.parametrize("mode", modes or MODES)


@each_mode()
def test_what_nobody_declared_is_found(mode: str) -> None:
    """Every function on every page is asked for everything, beside the declared one."""
    seen = watched(by(mode), Function(name="declared"))
    assert seen.names == ("declared",)
    seen.answer(mode, page(mode, "b", "c", following="more"), page(mode, "a"))
    assert seen.discover() == ("declared", "a", "b", "c")
    assert {target.specs for target in seen.targets.current()} == {SPECS}
    assert seen.targets.gaps == ()
    assert seen.told("discovery_resources", collector="made_up", by="declared") == 1
    assert seen.told("discovery_resources", collector="made_up", by="discovered") == 3
    assert seen.told("discovery_last_success_timestamp_seconds", collector="made_up", **PLACE) == seen.at.timestamp()


@each_mode()
def test_nothing_to_find_is_a_fact(mode: str) -> None:
    """Zero resources are no error: the look succeeded, and the number is 0, not absent."""
    seen = watched(by(mode))
    seen.answer(mode, page(mode))
    assert seen.discover() == ()
    assert seen.targets.gaps == ()
    assert seen.told("discovery_resources", collector="made_up", by="discovered") == 0
    assert seen.told("discovery_last_success_timestamp_seconds", collector="made_up", **PLACE) is not None


@each_mode()
def test_a_reader_who_may_not_is_told_what_to_grant(mode: str, caplog: pytest.LogCaptureFixture) -> None:
    """A denied look is a gap that names the IAM action, logged once; what is declared is still asked."""
    seen = watched(by(mode), Function(name="declared"))
    seen.answer(mode, DENIED)
    for _ in range(2):
        assert seen.discover() == ("declared",)
    (gap,) = seen.targets.gaps
    assert (gap.collector, gap.component, gap.reason) == ("made_up", "", Reason.DENIED)
    assert f"grant {GRANTS[mode]} to " in gap.remedy
    assert seen.told("discovery_last_success_timestamp_seconds", collector="made_up", **PLACE) is None
    assert [GRANTS[mode] in record.getMessage() for record in caplog.records] == [True]


@each_mode()
@pytest.mark.parametrize("error", [DENIED, THROTTLED, refusal("InternalFailure", status=500)])
def test_a_failed_look_loses_nothing(mode: str, error: dict[str, Any]) -> None:
    """What was known stays the very same, success stands still, and the next good look clears the gap."""
    seen = watched(by(mode))
    seen.answer(mode, page(mode, "a", "b"))
    seen.discover()
    known, succeeded = seen.targets.current(), seen.at.timestamp()
    seen.answer(mode, error)
    seen.discover()
    assert seen.targets.current() is known
    assert [gap.collector for gap in seen.targets.gaps] == ["made_up"]
    assert seen.told("discovery_last_success_timestamp_seconds", collector="made_up", **PLACE) == succeeded
    seen.answer(mode, page(mode, "a", "b"))
    assert seen.discover() == ("a", "b")
    assert seen.targets.gaps == ()


@each_mode()
def test_half_a_listing_is_none(mode: str) -> None:
    """When the second page cannot be had, nothing is gone, and nothing of the first page is new."""
    seen = watched(by(mode))
    seen.answer(mode, page(mode, "a", "b"))
    seen.discover()
    seen.answer(mode, page(mode, "b", "c", following="more"), DENIED)
    assert seen.discover() == ("a", "b")
    assert [gap.reason for gap in seen.targets.gaps] == [Reason.DENIED]


@each_mode("list", "tags")
def test_a_throttled_page_is_asked_for_again(mode: str) -> None:
    """Being throttled once costs a request and slows that API down; the listing goes on where it was."""
    seen = watched(by(mode))
    seen.answer(mode, page(mode, "a", following="more"), THROTTLED, page(mode, "b"))
    assert seen.discover() == ("a", "b")
    api = ASKS[mode].partition(":")[2]
    assert seen.limits.limiter(ACCOUNT, REGION, api).rate_ratio < 1
    assert seen.told("api_requests_total", api=api, **PLACE) == 3
    assert seen.told("api_request_failures_total", api=api, code="ThrottlingException") == 1
    assert seen.told("api_request_duration_seconds_count", api=api) == 3


@each_mode("list", "tags")
def test_a_listing_that_goes_in_circles_is_not_believed(mode: str) -> None:
    """A token that comes back ends the look instead of going on for ever."""
    seen = watched(by(mode))
    seen.answer(mode, page(mode, "a", following="more"))
    assert seen.discover() == ()
    assert [gap.reason for gap in seen.targets.gaps] == [Reason.UNSUPPORTED]


@each_mode()
def test_what_is_listed_twice_is_one(mode: str) -> None:
    """A resource on two pages, as listings may have it, is one resource."""
    seen = watched(by(mode))
    seen.answer(mode, page(mode, "a", "a", following="more"), page(mode, "a"))
    assert seen.discover() == ("a",)
    assert seen.told("discovery_resources", collector="made_up", by="discovered") == 1


@each_mode()
def test_more_than_at_most_are_left_out_and_that_is_said(mode: str, caplog: pytest.LogCaptureFixture) -> None:
    """What was asked about stays when more turn up; every series left out is counted, once."""
    seen = watched(by(mode, at_most=2))
    seen.answer(mode, page(mode, "c", "d"))
    seen.discover()
    seen.answer(mode, page(mode, "a", "b", "c", "d"))
    for _ in range(2):
        assert seen.discover() == ("c", "d")
    assert seen.told("series_dropped_total", collector="made_up", reason="limit") == 2 * len(SPECS)
    assert [record.getMessage() for record in caplog.records] == [
        "made_up: 2 more resources than collectors.discover.at_most are left out"
    ]
    assert seen.told("discovery_resources", collector="made_up", by="discovered") == 2


@each_mode()
def test_the_declared_do_not_count_against_at_most(mode: str) -> None:
    """A bound on what is discovered never costs anything that is declared."""
    seen = watched(by(mode, at_most=1), Function(name="a"), Function(name="b"))
    seen.answer(mode, page(mode, "a", "b", "c"))
    assert seen.discover() == ("a", "b", "c")


def test_what_two_entries_find_counts_once() -> None:
    """The first entry has it, and the bound of the second is for what is new."""
    entries = [{"collector": "made_up", "by": mode, "at_most": 1} for mode in ("list", "describe")]
    seen = watched({"discover": entries, "gate": False})
    seen.answer("list", page("list", "a"))
    seen.answer("describe", page("describe", "a", "b"))
    assert seen.discover() == ("a", "b")


@each_mode()
def test_a_resource_goes_and_comes_back(mode: str) -> None:
    """What a whole listing does not hold is no longer asked about, until it is listed again."""
    seen = watched(by(mode))
    for names in (("a", "b"), ("b",), ("a", "b")):
        seen.answer(mode, page(mode, *names))
        assert seen.discover() == names


@each_mode()
def test_an_idle_resource_is_asked_for_little(mode: str) -> None:
    """Without recent activity only the metric is asked that shows it, until it returns; the resource stays known."""
    seen = watched(by(mode, gate=True))
    seen.answer(mode, page(mode, "a", "b"))
    for active, of_a in ((("a", "b"), SPECS), (("b",), ALIVE), (("a", "b"), SPECS)):
        seen.answer("list", page("list", *active))
        assert seen.discover() == ("a", "b")
        assert (seen.asked_of("a"), seen.asked_of("b")) == (of_a, SPECS)
        idle = 0 if of_a is SPECS else 1
        assert seen.told("discovery_idle_resources", collector="made_up") == idle
        assert seen.told("discovery_resources", collector="made_up", by="discovered") == 2


@each_mode()
def test_a_declared_resource_is_asked_for_everything_however_idle(mode: str) -> None:
    """Promises are made of what is declared, so its activity does not matter."""
    seen = watched(by(mode, gate=True), Function(name="declared"))
    seen.answer(mode, page(mode))
    seen.answer("list", page("list"))
    seen.discover()
    assert seen.asked_of("declared") == SPECS


@each_mode("tags", "describe")
def test_unknown_activity_asks_for_everything(mode: str) -> None:
    """Without cloudwatch:ListMetrics nobody can tell what is idle: all is asked, and the gap says what to grant."""
    seen = watched(by(mode, gate=True))
    seen.answer(mode, page(mode, "a"))
    seen.answer("list", DENIED)
    seen.discover()
    assert seen.asked_of("a") == SPECS
    assert ["grant cloudwatch:ListMetrics" in gap.remedy for gap in seen.targets.gaps] == [True]


@each_mode("tags", "describe")
def test_activity_that_cannot_be_told_is_as_it_was(mode: str) -> None:
    """A throttled ListMetrics makes nothing idle, and wakes nothing up."""
    seen = watched(by(mode, gate=True))
    seen.answer(mode, page(mode, "a", "b"))
    seen.answer("list", page("list", "a"))
    seen.discover()
    seen.answer("list", THROTTLED)
    seen.discover()
    assert (seen.asked_of("a"), seen.asked_of("b")) == (SPECS, ALIVE)


def test_an_idle_resource_without_a_metric_to_ask_is_still_known() -> None:
    """Where the sign of life is no metric that is asked for, nothing is asked, and it is counted as idle."""
    silent = DiscoverySpec(
        namespace="AWS/Lambda",
        activity_metric="Duration",
        dimensions=("FunctionName",),
        from_dimensions=FUNCTIONS.from_dimensions,
        describe=FUNCTIONS.describe,
    )
    seen = watched(by("describe", gate=True), collectors=(made_up(silent),))
    seen.answer("describe", page("describe", "a"))
    seen.answer("list", page("list"))
    assert seen.discover() == ()
    assert seen.told("discovery_idle_resources", collector="made_up") == 1


def test_what_is_silent_for_two_weeks_is_forgotten() -> None:
    """What only CloudWatch knew of is forgotten when CloudWatch forgets it."""
    seen = watched(by("list", gate=True))
    seen.answer("list", page("list", "a"))
    seen.discover()
    seen.answer("list", page("list"))
    assert seen.discover(FORGET_AFTER - timedelta(seconds=1)) == ("a",)
    assert seen.discover(timedelta(seconds=1)) == ()
    assert seen.told("discovery_idle_resources", collector="made_up") == 0


def test_an_active_resource_takes_the_place_of_an_idle_one() -> None:
    """Within at_most those that are in use come first."""
    seen = watched(by("list", gate=True, at_most=1))
    seen.answer("list", page("list", "a"))
    seen.discover()
    seen.answer("list", page("list", "b"))
    assert seen.discover() == ("b",)


@each_mode()
def test_a_discovered_resource_that_is_declared_is_the_declared_one(mode: str) -> None:
    """It keeps its component; its service's ARN, and how late it may be, are learnt by the way."""
    seen = watched(by(mode, tags=["tenant"]), Function(name="a"))
    seen.answer("tags", page("tags"))
    seen.answer(mode, page(mode, "a", tags={"tenant": "acme", "secret": "x"}))
    seen.discover()
    (target,) = seen.targets.current()
    assert target.resource.component == "function/a"
    assert target.resource.arn == ("" if mode == "list" else arn("a"))
    assert target.resource.tags == ((("tenant", "acme"),) if mode == "tags" else ())
    assert target.resource.allowed_lateness == (timedelta(minutes=7) if mode == "describe" else None)
    assert seen.told("discovery_resources", collector="made_up", by="discovered") == 0


@each_mode()
def test_targets_are_the_same_object_until_something_changes(mode: str) -> None:
    """Whoever plans by the targets can tell by identity that there is nothing to plan anew."""
    seen = watched(by(mode))
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
def test_what_is_not_to_be_measured_is_passed_over(mode: str) -> None:
    """A collector may refuse resources of its namespace, and they count nowhere."""
    seen = watched(by(mode, at_most=1))
    seen.answer(mode, page(mode, "internal-a", "z"))
    assert seen.discover() == ("z",)
    assert seen.told("series_dropped_total", collector="made_up", reason="limit") is None


def test_tags_are_told_of_the_declared_too() -> None:
    """Allowed tags alone, by name, of whatever is asked about, without any discovery being configured."""
    seen = watched({"tags": ["tier", "tenant"]}, Function(name="a"))
    seen.answer("tags", page("tags", "a", "b", tags={"tenant": "acme", "secret": "x", "tier": "gold"}))
    assert seen.discover() == ("a",)
    (target,) = seen.targets.current()
    assert target.resource.tags == (("tenant", "acme"), ("tier", "gold"))
    assert target.resource.arn == arn("a")


def test_tags_that_cannot_be_had_are_as_they_were() -> None:
    """A denied GetResources takes no tag away, and says what to grant."""
    seen = watched({"tags": ["tenant"]}, Function(name="a"))
    seen.answer("tags", page("tags", "a", tags={"tenant": "acme"}))
    seen.discover()
    seen.answer("tags", DENIED)
    seen.discover()
    assert seen.targets.current()[0].resource.tags == (("tenant", "acme"),)
    assert ["grant tag:GetResources" in gap.remedy for gap in seen.targets.gaps] == [True]


def test_without_discovery_nobody_is_asked() -> None:
    """A configuration that discovers nothing and tells no tags costs no request."""
    seen = watched({}, Function(name="a"))
    assert seen.discover() == ("a",)
    assert seen.account.wire.asked == []


def test_a_collector_that_breaks_stops_no_other(caplog: pytest.LogCaptureFixture) -> None:
    """What a collector's own code raises is a gap of that collector alone."""

    def broken(_aws: AwsClient) -> Iterator[DescribedResource]:
        raise KeyError("Functions")

    bad = DiscoverySpec(
        namespace="AWS/Lambda",
        activity_metric="Invocations",
        dimensions=("FunctionName",),
        from_dimensions=FUNCTIONS.from_dimensions,
        describe=broken,
    )
    both = {"discover": [{"collector": each, "by": "describe"} for each in ("bad", "made_up")], "gate": False}
    seen = watched(both, collectors=(made_up(bad, name="bad"), made_up()))
    seen.answer("describe", page("describe", "a"))
    assert seen.discover() == ("a",)
    assert [(gap.collector, gap.reason) for gap in seen.targets.gaps] == [("bad", Reason.BUG)]
    assert "KeyError" in caplog.text


def test_a_component_without_an_account_is_a_gap() -> None:
    """What cannot be placed is said from the beginning, and remains said."""

    class Nowhere(Account):
        def location(self, component: object) -> Any:
            raise ObservationError(Reason.UNSUPPORTED, "no account", remedy="add aws")

    seen = watched(by("list"), Function(name="a"), account=Nowhere())
    assert [(gap.component, gap.remedy) for gap in seen.targets.gaps] == [("function/a", "add aws")]
    seen.answer("list", page("list"))
    seen.discover()
    assert [gap.component for gap in seen.targets.gaps] == ["function/a"]


def test_the_targets_can_be_asked_while_discovery_looks() -> None:
    """A look that takes long keeps nobody waiting."""
    going, go_on = Event(), Event()

    def slow(_aws: AwsClient) -> Iterator[DescribedResource]:
        going.set()
        assert go_on.wait(10)
        yield DescribedResource(dimensions={"FunctionName": "a"})

    found = DiscoverySpec(
        namespace="AWS/Lambda",
        activity_metric="Invocations",
        dimensions=(),
        from_dimensions=FUNCTIONS.from_dimensions,
        describe=slow,
    )
    seen = watched(by("describe"), Function(name="declared"), collectors=(made_up(found),))
    look = Thread(target=seen.discover)
    look.start()
    assert going.wait(10)
    during = seen.names
    go_on.set()
    look.join(10)
    assert [during, seen.names] == [("declared",), ("declared", "a")]


NAMES = st.lists(st.sampled_from("abcdef"), max_size=5)
# One for all examples: making a session takes longer than everything else.
SHARED = Account()


@settings(max_examples=50)
@given(declared=st.sets(st.sampled_from("abcdef")), listed=NAMES, tagged=NAMES, described=NAMES)
def test_no_two_targets_become_one_series(
    declared: set[str], listed: list[str], tagged: list[str], described: list[str]
) -> None:
    """However often a resource is declared and found, Prometheus sees each of its series once."""
    every = {"discover": [{"collector": "made_up", "by": mode} for mode in MODES], "gate": False}
    seen = watched(every, *(Function(name=name) for name in sorted(declared)), account=SHARED)
    for mode, names in zip(MODES, (listed, tagged, described), strict=True):
        seen.answer(mode, page(mode, *names))
    seen.discover()
    series = series_of(seen.targets.current())
    assert len(series) == len(set(series))
    assert set(seen.names) == declared | {*listed, *tagged, *described}


def test_a_series_that_two_collectors_would_make_is_made_once() -> None:
    """What would be a duplicate is asked for by the collector that comes first."""
    seen = watched({}, Function(name="a"), collectors=(made_up(name="one"), made_up(name="two")))
    assert [target.collector for target in seen.targets.current()] == ["one"]


def test_metrics_of_linked_accounts_have_their_owners() -> None:
    """A monitoring account is asked once for all it sees; each metric belongs to the owner that stands beside it."""
    discover = [{"collector": "made_up", "by": "list", "account": one} for one in (ACCOUNT, OTHER)]
    seen = watched({"discover": discover}, account=Account(monitors={OTHER: ACCOUNT}))
    metrics = [metric("mine"), metric("theirs"), metric("strangers")]
    owners = [ACCOUNT, OTHER, "999999999999"]
    seen.answer("list", answered(Metrics=metrics, OwningAccounts=owners))
    seen.discover()
    assert {(one.account_id, one.resource.labels[0][1]) for one in seen.targets.current()} == {
        (ACCOUNT, "mine"),
        (OTHER, "theirs"),
    }
    assert len(seen.requests("list")) == 1
    assert {place.account_id for place in seen.account.asked} == {ACCOUNT}


def test_a_function_of_the_same_name_in_another_account_is_another() -> None:
    """Account and region are part of what a resource is."""
    there = {"discover": [{"collector": "made_up", "by": "describe", "account": OTHER}], "gate": False}
    seen = watched(there, Function(name="a"))
    seen.answer("describe", page("describe", "a"))
    seen.discover()
    assert [(one.account_id, one.resource.component) for one in seen.targets.current()] == [
        (ACCOUNT, "function/a"),
        (OTHER, ""),
    ]
