"""CloudWatch metrics of DynamoDB tables, indexes, operations, and of the account."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from basewatch.aws import AwsClient
from basewatch.aws.response import required
from basewatch.collector import (
    Collector,
    DescribedResource,
    DiscoverySpec,
    MeasuredResource,
    RefreshTier,
    Resource,
    Unit,
)
from basewatch.components import Table
from collectors.cloudwatch.discovery.describe import account_level, arn_pattern, for_dimensions, objects, strings
from collectors.specs import Namespace

_DYNAMODB = Namespace(name="AWS/DynamoDB")
_FIVE_MINUTES = timedelta(minutes=5)

# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
# A table's own metrics exclude its indexes, so the sum over both is correct.
_CAPACITY = (
    _DYNAMODB.counter("aws_dynamodb_consumed_read_capacity_units_total", "ConsumedReadCapacityUnits"),
    _DYNAMODB.counter("aws_dynamodb_consumed_write_capacity_units_total", "ConsumedWriteCapacityUnits"),
    _DYNAMODB.counter("aws_dynamodb_read_throttle_events_total", "ReadThrottleEvents"),
    _DYNAMODB.counter("aws_dynamodb_write_throttle_events_total", "WriteThrottleEvents"),
    # Units per second; tables in on-demand mode have none.
    _DYNAMODB.gauge(
        "aws_dynamodb_provisioned_read_capacity_units", "ProvisionedReadCapacityUnits", "Average", period=_FIVE_MINUTES
    ),
    _DYNAMODB.gauge(
        "aws_dynamodb_provisioned_write_capacity_units",
        "ProvisionedWriteCapacityUnits",
        "Average",
        period=_FIVE_MINUTES,
    ),
)
_OPERATION = (
    _DYNAMODB.counter("aws_dynamodb_throttled_requests_total", "ThrottledRequests"),
    _DYNAMODB.counter("aws_dynamodb_system_errors_total", "SystemErrors", tier=RefreshTier.SLOW),
    *_DYNAMODB.latency(
        "aws_dynamodb_request_latency", "SuccessfulRequestLatency", unit=Unit.MILLISECONDS, quantiles=()
    ),
)
_ACCOUNT = (_DYNAMODB.counter("aws_dynamodb_user_errors_total", "UserErrors", tier=RefreshTier.SLOW),)
# Requested for every declared table; discovery finds others that are in use, such as TransactWriteItems.
_OPERATIONS = ("GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "Scan")


def _table(name: str, component: str = "") -> MeasuredResource:
    labels = (("table_name", name), ("index_name", ""))
    return Resource(component=component, dimensions=(("TableName", name),), labels=labels), _CAPACITY


def _index(table: str, index: str, component: str = "") -> MeasuredResource:
    return Resource(
        component=component,
        dimensions=(("TableName", table), ("GlobalSecondaryIndexName", index)),
        labels=(("table_name", table), ("index_name", index)),
    ), _CAPACITY


def _operation(table: str, operation: str, component: str = "") -> MeasuredResource:
    return Resource(
        component=component,
        dimensions=(("TableName", table), ("Operation", operation)),
        labels=(("table_name", table), ("operation", operation)),
    ), _OPERATION


def _account() -> MeasuredResource:
    return Resource(component="", dimensions=(), labels=()), _ACCOUNT


def _resources(table: Table) -> Iterator[MeasuredResource]:
    yield _table(table.name, table.ref)
    for index in table.indexes:
        yield _index(table.name, index, table.ref)
    for operation in _OPERATIONS:
        yield _operation(table.name, operation, table.ref)
    yield _account()


def _tables(aws: AwsClient) -> Iterator[DescribedResource]:
    yield from (DescribedResource(dimensions={"TableName": name}) for name in _names(aws))


def _indexes(aws: AwsClient) -> Iterator[DescribedResource]:
    for name in _names(aws):
        table = required(aws.call("dynamodb", "DescribeTable", TableName=name), "Table", kind=dict)
        for index in objects(table, "GlobalSecondaryIndexes", may_be_absent=True):
            identifier = required(index, "IndexName", kind=str)
            # The index ARN is omitted: the tags are the table's.
            yield DescribedResource(dimensions={"TableName": name, "GlobalSecondaryIndexName": identifier})


def _names(aws: AwsClient) -> Iterator[str]:
    for page in aws.pages("dynamodb", "ListTables"):
        yield from strings(page, "TableNames")


DYNAMODB = Collector(
    name="dynamodb",
    component_type=Table,
    resources=_resources,
    specs=(*_CAPACITY, *_OPERATION, *_ACCOUNT),
    discovery_specs=(
        DiscoverySpec(
            namespace=_DYNAMODB.name,
            activity_metric="ConsumedReadCapacityUnits",
            dimensions=("TableName",),
            from_dimensions=for_dimensions("TableName", build=_table),
            resource_type="dynamodb:table",
            dimensions_of_arn=arn_pattern("table/(?P<TableName>[^/]+)"),
            describe=_tables,
            needs=("dynamodb:ListTables",),
        ),
        DiscoverySpec(
            namespace=_DYNAMODB.name,
            activity_metric="ConsumedReadCapacityUnits",
            dimensions=("TableName", "GlobalSecondaryIndexName"),
            from_dimensions=for_dimensions("TableName", "GlobalSecondaryIndexName", build=_index),
            describe=_indexes,
            needs=("dynamodb:ListTables", "dynamodb:DescribeTable"),
        ),
        DiscoverySpec(
            namespace=_DYNAMODB.name,
            activity_metric="SuccessfulRequestLatency",
            dimensions=("TableName", "Operation"),
            from_dimensions=for_dimensions("TableName", "Operation", build=_operation),
        ),
        DiscoverySpec(
            namespace=_DYNAMODB.name,
            activity_metric="UserErrors",
            dimensions=(),
            from_dimensions=for_dimensions(build=_account),
            describe=account_level,
        ),
    ),
)
