"""A discovered resource has the same series as if it were declared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basewatch.aws import AwsClient
from basewatch.collector import AnyCollector, DiscoverySpec
from basewatch.errors import ObservationError
from basewatch.model import Reason
from collectors import COLLECTORS
from collectors.lambda_functions import LAMBDA
from tests.collectors.samples import DISCOVERIES, declared, dimension_values, discovered

each_discovery = pytest.mark.parametrize(
    ("collector", "discovery"),
    DISCOVERIES,
    ids=[f"{collector.name}-{'-'.join(discovery.dimensions) or 'account'}" for collector, discovery in DISCOVERIES],
)


class CannedResponses:
    """An AWS that answers every call and every listing with one page."""

    def __init__(self, **page: Any) -> None:
        self._page = page

    def pages(self, _service: str, _operation: str, **_parameters: Any) -> Iterator[dict[str, Any]]:
        """The one page."""
        yield self._page

    def call(self, _service: str, _operation: str, **_parameters: Any) -> dict[str, Any]:
        """The one page."""
        return self._page


def answering(**page: Any) -> AwsClient:
    """A client of such an AWS."""
    return cast("AwsClient", CannedResponses(**page))


@each_discovery
def test_a_discovered_resource_has_exactly_its_dimensions(collector: AnyCollector, discovery: DiscoverySpec) -> None:
    """Queries have exactly the discovered dimensions, and specs that the collector declares."""
    resource, specs = discovered(discovery)
    assert dict(resource.dimensions) == dimension_values(discovery)
    assert (resource.component, resource.arn, resource.tags) == ("", "", ())
    assert set(specs) <= set(collector.specs)
    assert {spec.namespace for spec in specs} == {discovery.namespace}


@each_discovery
def test_the_activity_metric_is_requested_anyway(collector: AnyCollector, discovery: DiscoverySpec) -> None:
    """The activity metric is among the metrics that are requested anyway."""
    del collector
    _, specs = discovered(discovery)
    assert discovery.activity_metric in {spec.metric for spec in specs}


@each_discovery
def test_other_dimensions_are_not_measured(collector: AnyCollector, discovery: DiscoverySpec) -> None:
    """A metric with one dimension more or less belongs to another kind of resource."""
    del collector
    found = dimension_values(discovery)
    assert discovery.from_dimensions({**found, "Version": "1"}) is None
    for name in found:
        assert discovery.from_dimensions({other: value for other, value in found.items() if other != name}) is None


def test_a_discovered_resource_equals_its_declared_one() -> None:
    """A discovered resource equals its declared one, except for the component."""
    for collector in COLLECTORS:
        for resource, specs in declared(collector):
            found = [
                measured
                for discovery in collector.discovery_specs
                if set(discovery.dimensions) == {name for name, _ in resource.dimensions}
                and (measured := discovery.from_dimensions(dict(resource.dimensions))) is not None
            ]
            assert found == [(replace(resource, component=""), specs)]


@pytest.mark.parametrize(
    ("collector", "arn", "dimensions"),
    [
        ("lambda", "arn:aws:lambda:eu-west-1:123456789012:function:auth", {"FunctionName": "auth"}),
        ("lambda", "arn:aws:lambda:eu-west-1:123456789012:function:auth:live", None),
        ("lambda", "arn:aws:lambda:eu-west-1:123456789012:layer:auth", None),
        ("aurora", "arn:aws-us-gov:rds:us-gov-west-1:123456789012:db:db-1", {"DBInstanceIdentifier": "db-1"}),
        ("aurora", "arn:aws:rds:us-east-1:123456789012:cluster:db", {"DBClusterIdentifier": "db"}),
        ("aurora", "arn:aws:rds:us-east-1:123456789012:cluster-snapshot:db", None),
        ("rds_proxy", "arn:aws:rds:us-east-1:123456789012:db-proxy:prx-0a1b2c", None),
        (
            "api_gateway",
            "arn:aws:apigateway:us-east-1::/apis/a1b2c3d4e5/stages/$default",
            {"ApiId": "a1b2c3d4e5", "Stage": "$default"},
        ),
        ("api_gateway", "arn:aws:apigateway:us-east-1::/restapis/x1/stages/prod", None),
        ("api_gateway", "arn:aws:apigateway:us-east-1::/apis/a1b2c3d4e5", None),
        ("dynamodb", "arn:aws:dynamodb:us-east-1:123456789012:table/customers", {"TableName": "customers"}),
        ("dynamodb", "arn:aws:dynamodb:us-east-1:123456789012:table/customers/stream/2026", None),
        ("dax", "arn:aws:dax:us-east-1:123456789012:cache/cache", {"ClusterId": "cache"}),
        ("sqs", "arn:aws:sqs:us-east-1:123456789012:letters.fifo", {"QueueName": "letters.fifo"}),
        ("events", "arn:aws:events:us-east-1:123456789012:rule/hourly", {"RuleName": "hourly"}),
        ("events", "arn:aws:events:us-east-1:123456789012:rule/own-bus/hourly", None),
        ("backup", "arn:aws:backup:us-east-1:123456789012:backup-vault:vault", {"BackupVaultName": "vault"}),
        ("backup", "no arn at all", None),
    ],
)
def test_an_arn_maps_to_dimensions(collector: str, arn: str, dimensions: dict[str, str] | None) -> None:
    """ARNs map to CloudWatch dimensions, or to None for another kind of resource."""
    found = [
        names
        for each, discovery in DISCOVERIES
        if each.name == collector and (names := discovery.dimensions_of_arn(arn)) is not None
    ]
    assert found == ([] if dimensions is None else [dimensions])


@given(st.integers(1, 900))
def test_allowed_lateness_covers_the_timeout(timeout: int) -> None:
    """The allowed lateness of a described function covers its timeout in whole minutes, and at least five."""
    function = {"FunctionName": "auth", "FunctionArn": "arn:auth", "Timeout": timeout}
    describe = LAMBDA.discovery_specs[0].describe
    assert describe is not None
    (found,) = describe(answering(Functions=[function]))
    assert found.allowed_lateness is not None
    assert timedelta(seconds=timeout) <= found.allowed_lateness
    assert timedelta(minutes=5) <= found.allowed_lateness <= timedelta(minutes=15)
    assert found.allowed_lateness % timedelta(minutes=1) == timedelta()


@pytest.mark.parametrize(
    ("collector", "page"),
    [
        ("lambda", {}),
        ("lambda", {"Functions": ["auth"]}),
        ("lambda", {"Functions": [{"FunctionName": "auth", "FunctionArn": "arn:auth"}]}),
        ("aurora", {"DBInstances": None, "DBClusters": None}),
        ("aurora", {"DBInstances": [{"Engine": "aurora-postgresql"}], "DBClusters": []}),
        ("aurora", {"DBInstances": [{"Engine": 3}], "DBClusters": []}),
        ("rds_proxy", {"DBProxies": [{}]}),
        ("api_gateway", {"items": {"id": "x"}, "Items": []}),
        ("api_gateway", {"items": [], "Items": [{"ApiId": "x"}]}),
        ("dynamodb", {"TableNames": [1]}),
        ("dax", {}),
        ("sqs", {"QueueUrls": "https://queue"}),
        ("events", {"Rules": [{"Name": "hourly"}]}),
        ("backup", {"BackupVaultList": [{"BackupVaultName": None}]}),
    ],
)
def test_a_malformed_response_is_an_error(collector: str, page: dict[str, Any]) -> None:
    """A missing or malformed part of an AWS response raises an error and is never taken for an empty listing."""
    describes = [found.describe for each, found in DISCOVERIES if each.name == collector and found.describe]
    with pytest.raises(ObservationError) as refused:
        _ = [list(describe(answering(**page))) for describe in describes]
    assert refused.value.reason in (Reason.NOT_ENOUGH_DATA, Reason.UNSUPPORTED)


def test_other_engines_are_left_out() -> None:
    """The RDS API also lists databases that are not Aurora."""
    instance = {"Engine": "postgres", "DBInstanceIdentifier": "old", "DBInstanceArn": "arn:old"}
    (describe,) = (found.describe for _, found in DISCOVERIES if found.dimensions == ("DBInstanceIdentifier",))
    assert describe is not None
    assert list(describe(answering(DBInstances=[instance]))) == []
