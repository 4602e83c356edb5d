"""Proves what discovery asks, in how few requests, and that it takes from an answer just what it asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, cast

import pytest

from basewatch.aws import AwsClient
from basewatch.collector import DescribedResource, DiscoverySpec
from basewatch.config.collection import CollectorSettings
from basewatch.errors import ObservationError
from basewatch.model import Reason
from basewatch.telemetry import ExporterMetrics
from collectors import COLLECTORS
from collectors.cloudwatch.declared_targets import Location
from collectors.cloudwatch.discovery.client import DiscoveryClient
from collectors.cloudwatch.discovery.list_metrics import DimensionNames, ListQuery
from collectors.cloudwatch.discovery.plan import (
    DiscoveryQuery,
    ResourceSearch,
    collector_discovery_methods,
    discovery_methods,
    discovery_queries,
    resource_searches,
    tag_lookups,
)
from collectors.cloudwatch.discovery.tagging_api import TagQuery
from collectors.cloudwatch.limiter import RateLimits
from tests.collectors.cloudwatch.discoverable_account import FUNCTIONS, HERE, arn, made_up, metric
from tests.wire import ACCOUNT, REGION

OTHER = "210987654321"
THIRD = "333333333333"
FUNCTION = frozenset({"FunctionName"})


@dataclass(slots=True)
class Recorder:
    """Answers with these pages, and remembers what it was asked."""

    pages: list[dict[str, Any]]
    asked: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def call(self, _service: str, _operation: str, **parameters: Any) -> dict[str, Any]:
        """The next page."""
        self.asked.append(parameters)
        return self.pages.pop(0)

    def asking(self) -> DiscoveryClient:
        """Somebody who asks here, and never waits."""
        limits = RateLimits(clock=lambda: 0.0, pause=lambda _seconds: None)
        return DiscoveryClient(
            location=HERE, aws=cast("AwsClient", self), rate_limits=limits, telemetry=ExporterMetrics()
        )


def listing(
    *owners: str, wanted: frozenset[DimensionNames] = frozenset({FUNCTION}), recently: bool = True
) -> ListQuery:
    """A listing of functions that are owned by these accounts, asked here."""
    return ListQuery(
        location=HERE,
        namespace="AWS/Lambda",
        owning_accounts=frozenset(owners or {ACCOUNT}),
        dimension_names=wanted,
        recently_active=recently,
    )


def some_searches(
    *discover: dict[str, Any], gate: bool = True, monitors: Mapping[str, str] = MappingProxyType({})
) -> tuple[ResourceSearch, ...]:
    """The searches of these entries, over two collectors that share a namespace."""
    indexes = DiscoverySpec(
        namespace="AWS/Lambda",
        activity_metric="Duration",
        dimensions=("FunctionName", "Resource"),
        from_dimensions=FUNCTIONS.from_dimensions,
        resource_type="lambda:version",
        dimensions_of_arn=FUNCTIONS.dimensions_of_arn,
    )
    return resource_searches(
        (made_up(name="one"), made_up(FUNCTIONS, indexes, name="two")),
        CollectorSettings.model_validate({"discover": discover, "gate": gate}),
        lambda each: Location(account_id=each.account or ACCOUNT, region=each.region or REGION),
        lambda account: monitors.get(account, account),
    )


def hunts(found: tuple[ResourceSearch, ...]) -> list[DiscoveryQuery]:
    """What has to be asked for the searches."""
    return list(discovery_queries(found, ()))


def test_only_what_was_active_lately_is_asked_for() -> None:
    """RecentlyActive takes PT3H and nothing else; no name is given, as any metric may be the sign of life."""
    aws = Recorder([{"Metrics": [metric("a")]}])
    found = listing().execute(aws.asking())
    assert aws.asked == [{"Namespace": "AWS/Lambda", "RecentlyActive": "PT3H"}]
    assert found == {(ACCOUNT, FUNCTION): {frozenset({("FunctionName", "a")})}}


def test_without_a_gate_everything_is_asked_for() -> None:
    """CloudWatch then lists what had data within two weeks."""
    aws = Recorder([{"Metrics": []}])
    assert listing(recently=False).execute(aws.asking()) == {}
    assert "RecentlyActive" not in aws.asked[0]


def test_any_metric_is_a_sign_of_life() -> None:
    """A table that is only written to has no reads; each page is asked for with the token of the one before."""
    aws = Recorder([{"Metrics": [metric("a", "Duration")], "NextToken": "t"}, {"Metrics": [metric("b", "Errors")]}])
    found = listing().execute(aws.asking())
    assert [asked.get("NextToken") for asked in aws.asked] == [None, "t"]
    assert found == {(ACCOUNT, FUNCTION): {frozenset({("FunctionName", name)}) for name in "ab"}}


def test_only_exactly_the_dimensions_are_taken() -> None:
    """A metric with one dimension more, or none, is of something else."""
    account_wide = {"MetricName": "Invocations", "Dimensions": []}
    aws = Recorder([{"Metrics": [metric("a", Resource="a:prod"), account_wide, metric("b")]}])
    assert listing().execute(aws.asking()) == {(ACCOUNT, FUNCTION): {frozenset({("FunctionName", "b")})}}


def test_a_monitoring_account_is_asked_for_one_owner_by_name() -> None:
    """When one linked account alone is wanted, the others' metrics are not listed, and not taken if they were."""
    aws = Recorder([{"Metrics": [metric("a"), metric("b")], "OwningAccounts": [OTHER, THIRD]}])
    found = listing(OTHER).execute(aws.asking())
    assert aws.asked[0]["IncludeLinkedAccounts"] is True
    assert aws.asked[0]["OwningAccount"] == OTHER
    assert {owner for owner, _ in found} == {OTHER}


def test_a_monitoring_account_is_asked_once_for_several_owners() -> None:
    """Owners stand beside their metrics, one for each."""
    aws = Recorder([{"Metrics": [metric("a"), metric("b")], "OwningAccounts": [ACCOUNT, OTHER]}])
    found = listing(ACCOUNT, OTHER).execute(aws.asking())
    assert "OwningAccount" not in aws.asked[0]
    assert {owner for owner, _ in found} == {ACCOUNT, OTHER}


def test_owners_that_do_not_fit_their_metrics_are_not_believed() -> None:
    """A metric is never ascribed to a wrong account."""
    aws = Recorder([{"Metrics": [metric("a"), metric("b")], "OwningAccounts": [OTHER]}])
    with pytest.raises(ObservationError, match="2 metrics of 1 owners") as caught:
        listing(ACCOUNT, OTHER).execute(aws.asking())
    assert caught.value.reason is Reason.UNSUPPORTED


def test_tagged_resources_come_a_hundred_at_a_time() -> None:
    """A page may hold fewer and still have one after it; all tags have to fit."""
    page = {"ResourceTagMappingList": [{"ResourceARN": arn("a"), "Tags": [{"Key": "t", "Value": "1"}]}]}
    aws = Recorder([{**page, "PaginationToken": "more"}, {"ResourceTagMappingList": [], "PaginationToken": ""}])
    tagging = TagQuery(location=HERE, tags=(("t", "1"), ("u", "2")), resource_types=frozenset({"lambda:function"}))
    assert tagging.execute(aws.asking()) == {arn("a"): {"t": "1"}}
    assert aws.asked[0] == {
        "ResourcesPerPage": 100,
        "ResourceTypeFilters": ["lambda:function"],
        "TagFilters": [{"Key": "t", "Values": ["1"]}, {"Key": "u", "Values": ["2"]}],
    }
    assert aws.asked[1]["PaginationToken"] == "more"


def test_more_types_than_a_request_takes_are_asked_in_turn() -> None:
    """A hundred types fit into one request."""
    aws = Recorder([{"ResourceTagMappingList": []}, {"ResourceTagMappingList": []}])
    TagQuery(location=HERE, tags=(), resource_types=frozenset(f"s:{n:03}" for n in range(101))).execute(aws.asking())
    assert [len(asked["ResourceTypeFilters"]) for asked in aws.asked] == [100, 1]


def test_a_namespace_is_listed_once() -> None:
    """However many collectors and ways need to know what is active in it."""
    found = some_searches(*({"collector": name, "by": way} for name in ("one", "two") for way in ("list", "tags")))
    listings = [hunt for hunt in hunts(found) if isinstance(hunt, ListQuery)]
    assert [len(one.dimension_names) for one in listings] == [2]


def test_tags_are_asked_for_once_for_all_types() -> None:
    """Searches for the same tags in the same place share their pages; other tags are another question."""
    acme, other = {"tenant": "acme"}, {"tenant": "other"}
    found = some_searches(
        {"collector": "one", "by": "tags", "tags": acme},
        {"collector": "two", "by": "tags", "tags": acme},
        {"collector": "two", "by": "tags", "tags": other},
        gate=False,
    )
    assert [sorted(hunt.resource_types) for hunt in hunts(found) if isinstance(hunt, TagQuery)] == [
        ["lambda:function", "lambda:version"],
        ["lambda:function", "lambda:version"],
    ]
    assert len(hunts(found)) == 2


def test_accounts_that_one_account_monitors_are_listed_together() -> None:
    """One chain for all of them; an account that nobody monitors is asked itself."""
    entries = ({"collector": "one", "by": "list", "account": account} for account in (ACCOUNT, OTHER, THIRD))
    found = some_searches(*entries, monitors={OTHER: ACCOUNT})
    listings = [hunt for hunt in hunts(found) if isinstance(hunt, ListQuery)]
    assert {(one.location.account_id, one.owning_accounts) for one in listings} == {
        (ACCOUNT, frozenset({ACCOUNT, OTHER})),
        (THIRD, frozenset({THIRD})),
    }


def test_regions_are_asked_one_by_one() -> None:
    """CloudWatch and the tagging API know their own region alone."""
    entries = ({"collector": "one", "by": "list", "region": region} for region in ("us-east-1", "eu-west-1"))
    assert len(hunts(some_searches(*entries))) == 2


def test_activity_is_not_asked_for_where_nothing_depends_on_it() -> None:
    """Without a gate, describing is all; not even when another collector lists the namespace."""
    found = some_searches({"collector": "one", "by": "describe"}, {"collector": "two", "by": "list"}, gate=False)
    assert [search.list_query is None for search in found] == [True, False, False]


def test_a_way_is_taken_by_the_sorts_that_have_it() -> None:
    """A sort without a resource type cannot be found by tags, and one that nobody describes not by describing."""
    bare = DiscoverySpec(
        namespace="n", activity_metric="m", dimensions=("d",), from_dimensions=FUNCTIONS.from_dimensions
    )
    assert discovery_methods(bare) == {"list"}
    assert discovery_methods(FUNCTIONS) == {"list", "tags", "describe"}
    assert collector_discovery_methods(made_up(bare, FUNCTIONS)) == {"list", "tags", "describe"}


def test_no_tags_are_asked_for_where_none_are_told() -> None:
    """Without collectors.tags the tagging API is left alone."""
    found = some_searches({"collector": "one", "by": "list"})
    assert tag_lookups((made_up(name="one"),), CollectorSettings(), (), found) == ()
    (labelling,) = tag_lookups((made_up(name="one"),), CollectorSettings(tags=("tenant",)), (), found)
    assert labelling.tag_query == TagQuery(location=HERE, tags=(), resource_types=frozenset({"lambda:function"}))


@pytest.mark.parametrize("collector", COLLECTORS, ids=lambda collector: collector.name)
def test_every_collector_can_be_discovered(collector: Any) -> None:
    """Each sign of life is a metric of the collector's own, so that what is idle can be seen to return."""
    assert collector.discoveries
    for discovery in collector.discoveries:
        measured = discovery.measured(dict.fromkeys(discovery.dimensions, "x"))
        if measured is not None:
            assert {spec.namespace for spec in measured[1]} == {discovery.namespace}
            assert discovery.alive in {spec.metric for spec in measured[1]}


def test_what_is_described_is_asked_of_the_service() -> None:
    """Everything that the service lists, in its order."""

    def two(_aws: AwsClient) -> Iterator[DescribedResource]:
        yield DescribedResource(dimensions={"FunctionName": "b"})
        yield DescribedResource(dimensions={"FunctionName": "a"})

    described = DiscoverySpec(
        namespace="n", activity_metric="m", dimensions=(), from_dimensions=FUNCTIONS.from_dimensions, describe=two
    )
    (search,) = resource_searches(
        (made_up(described),),
        CollectorSettings.model_validate({"discover": [{"collector": "made_up", "by": "describe"}], "gate": False}),
        lambda _each: HERE,
        lambda account: account,
    )
    (hunt,) = search.discovery_queries
    assert [
        one.dimensions["FunctionName"]
        for one in hunt.execute(Recorder([]).asking())
        if isinstance(one, DescribedResource)
    ] == [
        "b",
        "a",
    ]
