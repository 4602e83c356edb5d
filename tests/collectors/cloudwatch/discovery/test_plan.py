"""Discovery sends the fewest requests, and takes from the responses exactly what it needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, cast

import pytest

from basewatch.aws import AwsClient
from basewatch.collector import AnyCollector, DescribedResource, DiscoverySpec
from basewatch.config.collection import CollectorSettings
from basewatch.errors import ObservationError
from basewatch.model import Reason
from basewatch.telemetry import ExporterMetrics
from collectors import COLLECTORS
from collectors.cloudwatch.declared_targets import Location
from collectors.cloudwatch.discovery.plan import (
    ResourceSearch,
    collector_discovery_methods,
    discovery_methods,
    discovery_queries,
    resource_searches,
    tag_lookups,
)
from collectors.cloudwatch.discovery.queries import DimensionNames, DiscoveryClient, DiscoveryQuery, ListQuery, TagQuery
from collectors.cloudwatch.throttling import RateLimits
from tests.collectors.cloudwatch.discoverable_account import FUNCTIONS, HERE, arn, made_up, metric
from tests.wire import ACCOUNT, REGION

OTHER = "210987654321"
THIRD = "333333333333"
FUNCTION = frozenset({"FunctionName"})


@dataclass(slots=True)
class RecordingAws:
    """Answers with these pages and records the requests."""

    pages: list[dict[str, Any]]
    requests: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def call(self, _service: str, _operation: str, **parameters: Any) -> dict[str, Any]:
        """The next page."""
        self.requests.append(parameters)
        return self.pages.pop(0)

    def asking(self) -> DiscoveryClient:
        """A client of these pages that never waits."""
        limits = RateLimits(clock=lambda: 0.0, sleep=lambda _seconds: None)
        return DiscoveryClient(
            location=HERE, aws=cast("AwsClient", self), rate_limits=limits, telemetry=ExporterMetrics()
        )


def listing(
    *owners: str, wanted: frozenset[DimensionNames] = frozenset({FUNCTION}), recently: bool = True
) -> ListQuery:
    """A ListMetrics query for functions owned by these accounts."""
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
        CollectorSettings.model_validate({"discover": discover, "skip_idle": gate}),
        lambda each: Location(account_id=each.account or ACCOUNT, region=each.region or REGION),
        lambda account: monitors.get(account, account),
    )


def queries_of(found: tuple[ResourceSearch, ...]) -> list[DiscoveryQuery]:
    """The queries of the searches."""
    return list(discovery_queries(found, ()))


def test_idle_skip_lists_recently_active_metrics() -> None:
    """RecentlyActive is PT3H; no metric name is given, because any metric shows activity."""
    aws = RecordingAws([{"Metrics": [metric("a")]}])
    found = listing().execute(aws.asking())
    assert aws.requests == [{"Namespace": "AWS/Lambda", "RecentlyActive": "PT3H"}]
    assert found == {(ACCOUNT, FUNCTION): {frozenset({("FunctionName", "a")})}}


def test_without_idle_skip_all_metrics_are_listed() -> None:
    """CloudWatch then lists metrics with data within two weeks."""
    aws = RecordingAws([{"Metrics": []}])
    assert listing(recently=False).execute(aws.asking()) == {}
    assert "RecentlyActive" not in aws.requests[0]


def test_any_metric_shows_activity() -> None:
    """A table that is only written to has no reads; each page is requested with the previous page's token."""
    aws = RecordingAws([{"Metrics": [metric("a", "Duration")], "NextToken": "t"}, {"Metrics": [metric("b", "Errors")]}])
    found = listing().execute(aws.asking())
    assert [request.get("NextToken") for request in aws.requests] == [None, "t"]
    assert found == {(ACCOUNT, FUNCTION): {frozenset({("FunctionName", name)}) for name in "ab"}}


def test_only_exact_dimensions_match() -> None:
    """A metric with one dimension more or less belongs to another resource."""
    account_wide = {"MetricName": "Invocations", "Dimensions": []}
    aws = RecordingAws([{"Metrics": [metric("a", Resource="a:prod"), account_wide, metric("b")]}])
    assert listing().execute(aws.asking()) == {(ACCOUNT, FUNCTION): {frozenset({("FunctionName", "b")})}}


def test_a_monitoring_account_is_queried_for_one_owner() -> None:
    """For one linked account, its id is sent, and metrics of other accounts are ignored."""
    aws = RecordingAws([{"Metrics": [metric("a"), metric("b")], "OwningAccounts": [OTHER, THIRD]}])
    found = listing(OTHER).execute(aws.asking())
    assert aws.requests[0]["IncludeLinkedAccounts"] is True
    assert aws.requests[0]["OwningAccount"] == OTHER
    assert {owner for owner, _ in found} == {OTHER}


def test_a_monitoring_account_is_queried_once_for_several_owners() -> None:
    """Owning accounts are read from the parallel list."""
    aws = RecordingAws([{"Metrics": [metric("a"), metric("b")], "OwningAccounts": [ACCOUNT, OTHER]}])
    found = listing(ACCOUNT, OTHER).execute(aws.asking())
    assert "OwningAccount" not in aws.requests[0]
    assert {owner for owner, _ in found} == {ACCOUNT, OTHER}


def test_mismatched_owners_are_an_error() -> None:
    """A metric is never assigned to a wrong account."""
    aws = RecordingAws([{"Metrics": [metric("a"), metric("b")], "OwningAccounts": [OTHER]}])
    with pytest.raises(ObservationError, match="2 metrics but 1 owning accounts") as caught:
        listing(ACCOUNT, OTHER).execute(aws.asking())
    assert caught.value.reason is Reason.UNSUPPORTED


def test_tagged_resources_are_paged() -> None:
    """A page may have fewer resources and still be followed by another; all tags must match."""
    page = {"ResourceTagMappingList": [{"ResourceARN": arn("a"), "Tags": [{"Key": "t", "Value": "1"}]}]}
    aws = RecordingAws([{**page, "PaginationToken": "more"}, {"ResourceTagMappingList": [], "PaginationToken": ""}])
    tagging = TagQuery(location=HERE, tags=(("t", "1"), ("u", "2")), resource_types=frozenset({"lambda:function"}))
    assert tagging.execute(aws.asking()) == {arn("a"): {"t": "1"}}
    assert aws.requests[0] == {
        "ResourcesPerPage": 100,
        "ResourceTypeFilters": ["lambda:function"],
        "TagFilters": [{"Key": "t", "Values": ["1"]}, {"Key": "u", "Values": ["2"]}],
    }
    assert aws.requests[1]["PaginationToken"] == "more"


def test_many_resource_types_take_several_requests() -> None:
    """A request takes up to 100 resource types."""
    aws = RecordingAws([{"ResourceTagMappingList": []}, {"ResourceTagMappingList": []}])
    TagQuery(location=HERE, tags=(), resource_types=frozenset(f"s:{n:03}" for n in range(101))).execute(aws.asking())
    assert [len(request["ResourceTypeFilters"]) for request in aws.requests] == [100, 1]


def test_a_namespace_is_listed_once() -> None:
    """One ListMetrics query serves all collectors and methods of a namespace."""
    found = some_searches(*({"collector": name, "by": way} for name in ("one", "two") for way in ("list", "tags")))
    listings = [query for query in queries_of(found) if isinstance(query, ListQuery)]
    assert [len(one.dimension_names) for one in listings] == [2]


def test_searches_with_equal_tags_share_a_query() -> None:
    """Searches with the same tags in the same location share a query; other tags are another query."""
    acme, other = {"tenant": "acme"}, {"tenant": "other"}
    found = some_searches(
        {"collector": "one", "by": "tags", "tags": acme},
        {"collector": "two", "by": "tags", "tags": acme},
        {"collector": "two", "by": "tags", "tags": other},
        gate=False,
    )
    assert [sorted(query.resource_types) for query in queries_of(found) if isinstance(query, TagQuery)] == [
        ["lambda:function", "lambda:version"],
        ["lambda:function", "lambda:version"],
    ]
    assert len(queries_of(found)) == 2


def test_monitored_accounts_share_a_query() -> None:
    """One query for all accounts of a monitoring account; an account without one is queried itself."""
    entries = ({"collector": "one", "by": "list", "account": account} for account in (ACCOUNT, OTHER, THIRD))
    found = some_searches(*entries, monitors={OTHER: ACCOUNT})
    listings = [query for query in queries_of(found) if isinstance(query, ListQuery)]
    assert {(one.location.account_id, one.owning_accounts) for one in listings} == {
        (ACCOUNT, frozenset({ACCOUNT, OTHER})),
        (THIRD, frozenset({THIRD})),
    }


def test_each_region_has_its_own_query() -> None:
    """CloudWatch and the tagging API are regional."""
    entries = ({"collector": "one", "by": "list", "region": region} for region in ("us-east-1", "eu-west-1"))
    assert len(queries_of(some_searches(*entries))) == 2


def test_activity_is_listed_only_where_it_matters() -> None:
    """Without idle skip, only the describe call is made, even when another collector lists the namespace."""
    found = some_searches({"collector": "one", "by": "describe"}, {"collector": "two", "by": "list"}, gate=False)
    assert [search.list_query is None for search in found] == [True, False, False]


def test_a_method_applies_to_the_kinds_that_support_it() -> None:
    """A kind without a resource type cannot be found by tags, and one without describe calls not by describing."""
    bare = DiscoverySpec(
        namespace="n", activity_metric="m", dimensions=("d",), from_dimensions=FUNCTIONS.from_dimensions
    )
    assert discovery_methods(bare) == {"list"}
    assert discovery_methods(FUNCTIONS) == {"list", "tags", "describe"}
    assert collector_discovery_methods(made_up(bare, FUNCTIONS)) == {"list", "tags", "describe"}


def test_without_exported_tags_there_is_no_tag_lookup() -> None:
    """Without exported tags, the tagging API is not used."""
    found = some_searches({"collector": "one", "by": "list"})
    assert tag_lookups((made_up(name="one"),), CollectorSettings(), (), found) == ()
    (labelling,) = tag_lookups((made_up(name="one"),), CollectorSettings(exported_tags=("tenant",)), (), found)
    assert labelling.tag_query == TagQuery(location=HERE, tags=(), resource_types=frozenset({"lambda:function"}))


@pytest.mark.parametrize("collector", COLLECTORS, ids=lambda collector: collector.name)
def test_every_collector_can_be_discovered(collector: AnyCollector) -> None:
    """Each activity metric is a metric of the collector, so that an idle resource can be seen to return."""
    assert collector.discovery_specs
    for discovery in collector.discovery_specs:
        measured = discovery.from_dimensions(dict.fromkeys(discovery.dimensions, "x"))
        if measured is not None:
            assert {spec.namespace for spec in measured[1]} == {discovery.namespace}
            assert discovery.activity_metric in {spec.metric for spec in measured[1]}


def test_described_resources_come_from_the_service() -> None:
    """Every described resource is returned, in order."""

    def two(_aws: AwsClient) -> Iterator[DescribedResource]:
        yield DescribedResource(dimensions={"FunctionName": "b"})
        yield DescribedResource(dimensions={"FunctionName": "a"})

    described = DiscoverySpec(
        namespace="n", activity_metric="m", dimensions=(), from_dimensions=FUNCTIONS.from_dimensions, describe=two
    )
    (search,) = resource_searches(
        (made_up(described),),
        CollectorSettings.model_validate(
            {"discover": [{"collector": "made_up", "by": "describe"}], "skip_idle": False}
        ),
        lambda _each: HERE,
        lambda account: account,
    )
    (query,) = search.discovery_queries
    assert [
        one.dimensions["FunctionName"]
        for one in query.execute(RecordingAws([]).asking())
        if isinstance(one, DescribedResource)
    ] == [
        "b",
        "a",
    ]
