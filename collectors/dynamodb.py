"""What CloudWatch keeps of DynamoDB tables, without their indexes."""

from __future__ import annotations

from collections.abc import Iterator

from basewatch.collector import Collector, MetricSpec, Resource
from basewatch.components import Table
from collectors.specs import counter

_SPACE = "AWS/DynamoDB"

SPECS = (
    counter("aws_dynamodb_consumed_read_capacity_units_total", _SPACE, "ConsumedReadCapacityUnits"),
    counter("aws_dynamodb_consumed_write_capacity_units_total", _SPACE, "ConsumedWriteCapacityUnits"),
    counter("aws_dynamodb_read_throttle_events_total", _SPACE, "ReadThrottleEvents"),
    counter("aws_dynamodb_write_throttle_events_total", _SPACE, "WriteThrottleEvents"),
)


def _resources(table: Table) -> Iterator[tuple[Resource, tuple[MetricSpec, ...]]]:
    yield (
        Resource(component=table.ref, dimensions=(("TableName", table.name),), labels=(("table_name", table.name),)),
        SPECS,
    )


DYNAMODB = Collector(name="dynamodb", component=Table, resources=_resources, specs=SPECS)
