"""Each service's describe calls find its resources with exactly the declared IAM actions, on an emulated account."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta

import pytest

from basewatch.aws import AwsClient
from basewatch.aws.session import AwsSession
from basewatch.collector import DescribedResource
from basewatch.errors import ObservationError
from basewatch.model import Reason
from demo.emulated_aws import EmulatedAws
from demo.synthetic_metrics import PREFIX
from tests.collectors.samples import DISCOVERIES

ACCOUNT, REGION = "123456789012", "us-east-1"
DESCRIBED = [(collector, found) for collector, found in DISCOVERIES if found.describe]


@pytest.fixture(scope="module")
def furnished(box_cloud: EmulatedAws) -> Iterator[EmulatedAws]:
    """The account with one more of every resource that the box lacks, until the module is done."""
    http, tables, dax = (box_cloud.client(name) for name in ("apigatewayv2", "dynamodb", "dax"))
    sqs, events, backup = (box_cloud.client(name) for name in ("sqs", "events", "backup"))
    edge, socket = (
        http.create_api(Name=name, ProtocolType=protocol, RouteSelectionExpression="$request.body.action")["ApiId"]
        for name, protocol in (("edge", "HTTP"), ("socket", "WEBSOCKET"))
    )
    for api in (edge, socket):
        http.create_stage(ApiId=api, StageName="live", Tags={"team": "web"})
    tables.create_table(
        TableName="indexed",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("id", "mail")],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by-mail",
                "KeySchema": [{"AttributeName": "mail", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    dax.create_cluster(
        ClusterName="cache",
        NodeType="dax.t3.small",
        ReplicationFactor=1,
        IamRoleArn=f"arn:aws:iam::{ACCOUNT}:role/securebase-production-lambda",
    )
    queue = sqs.create_queue(QueueName="letters.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    events.put_rule(Name="hourly", ScheduleExpression="rate(1 hour)")
    backup.create_backup_vault(BackupVaultName="vault")
    yield box_cloud
    for api in (edge, socket):
        http.delete_api(ApiId=api)
    tables.delete_table(TableName="indexed")
    dax.delete_cluster(ClusterName="cache")
    # The emulator removes it after it was described a few times, and then the next caller of all gets an error.
    with suppress(dax.exceptions.ClusterNotFoundFault):
        for _ in range(20):
            dax.describe_clusters(ClusterNames=["cache"])
    sqs.delete_queue(QueueUrl=queue)
    events.delete_rule(Name="hourly")
    backup.delete_backup_vault(BackupVaultName="vault")


@pytest.fixture
def looking(furnished: EmulatedAws) -> AwsClient:
    """The account as seen by the watcher's role."""
    return AwsSession.open(ACCOUNT, REGION, "basewatch-reader", environ=furnished.environment).open_client()


def found(aws: AwsClient, *dimensions: str) -> list[DescribedResource]:
    """The resources described by the discovery spec with these dimensions."""
    (describe,) = (each.describe for _, each in DESCRIBED if each.dimensions == dimensions)
    assert describe is not None
    return list(describe(aws))


def test_functions_are_found_with_how_long_they_may_run(looking: AwsClient) -> None:
    """Timeouts of 30 and of 300 seconds both give an allowed lateness of five minutes."""
    functions = {each.dimensions["FunctionName"]: each for each in found(looking, "FunctionName")}
    assert set(functions) == {f"{PREFIX}-{name}" for name in ("auth-v2", "billing-worker", "metrics-aggregation")}
    auth = functions[f"{PREFIX}-auth-v2"]
    assert auth.arn == f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{PREFIX}-auth-v2"
    assert {each.allowed_lateness for each in functions.values()} == {timedelta(minutes=5)}


def test_aurora_is_found(looking: AwsClient) -> None:
    """Instances, clusters and proxies have the names that CloudWatch uses."""
    instances = [each.dimensions["DBInstanceIdentifier"] for each in found(looking, "DBInstanceIdentifier")]
    assert instances == [f"{PREFIX}-1", f"{PREFIX}-2"]
    assert [each.dimensions for each in found(looking, "DBClusterIdentifier")] == [{"DBClusterIdentifier": PREFIX}]
    assert [each.dimensions for each in found(looking, "ProxyName")] == [{"ProxyName": f"{PREFIX}-proxy"}]


def test_stages_of_both_kinds_of_api_are_found(looking: AwsClient) -> None:
    """A REST API has its name, an HTTP API its id; a WebSocket API is omitted."""
    assert [each.dimensions for each in found(looking, "ApiName", "Stage")] == [{"ApiName": PREFIX, "Stage": "prod"}]
    (http,) = found(looking, "ApiId", "Stage")
    assert http.dimensions["Stage"] == "live"
    assert http.tags == {"team": "web"}


def test_tables_and_their_indexes_are_found(looking: AwsClient) -> None:
    """Every table is found, and every index with both names."""
    tables = {each.dimensions["TableName"] for each in found(looking, "TableName")}
    assert tables == {
        "indexed",
        *(f"{PREFIX}-{name}" for name in ("customers", "api-keys", "invoices", "usage-metrics")),
        *(f"{PREFIX}-{name}" for name in ("cache", "sessions", "metrics")),
    }
    (index,) = found(looking, "TableName", "GlobalSecondaryIndexName")
    assert index.dimensions == {"TableName": "indexed", "GlobalSecondaryIndexName": "by-mail"}
    assert index.arn == ""


@pytest.mark.parametrize(
    ("dimension", "name"),
    [("ClusterId", "cache"), ("QueueName", "letters.fifo"), ("RuleName", "hourly"), ("BackupVaultName", "vault")],
)
def test_other_resources_are_found(looking: AwsClient, dimension: str, name: str) -> None:
    """A cache, a queue, a rule and a vault have the names that CloudWatch uses."""
    assert name in {each.dimensions[dimension] for each in found(looking, dimension)}


@pytest.mark.parametrize(
    ("collector", "discovery"),
    DESCRIBED,
    ids=[f"{each.name}-{'-'.join(found.dimensions) or 'account'}" for each, found in DESCRIBED],
)
def test_a_listing_needs_exactly_its_declared_actions(looking: AwsClient, collector: object, discovery: object) -> None:
    """The calls sent to AWS need exactly the actions in `needs`."""
    del collector
    ((describe, needs),) = [(each.describe, each.needs) for _, each in DESCRIBED if each is discovery]
    assert describe is not None
    list(describe(looking))
    assert {request.partition(" ")[0] for request in looking.requests} == set(needs)


def test_a_denied_listing_is_an_error(furnished: EmulatedAws, looking: AwsClient) -> None:
    """Without the right to list, the listing fails with an error."""
    furnished.deny("lambda:ListFunctions")
    try:
        with pytest.raises(ObservationError) as refused:
            found(looking, "FunctionName")
    finally:
        furnished.allow("lambda:ListFunctions")
    assert refused.value.reason is Reason.DENIED
