"""What CloudWatch keeps of the instances of Aurora clusters."""

from __future__ import annotations

from collections.abc import Iterator

from basewatch.collector import Collector, MetricSpec, Resource, Unit
from basewatch.components import AuroraCluster
from collectors.specs import gauge

_SPACE = "AWS/RDS"

SPECS = (
    gauge("aws_rds_database_connections", _SPACE, "DatabaseConnections", "Average"),
    gauge("aws_rds_database_connections_max", _SPACE, "DatabaseConnections", "Maximum"),
    gauge("aws_rds_cpu_utilization_ratio", _SPACE, "CPUUtilization", "Average", unit=Unit.PERCENT),
    # Needs Performance Insights or Database Insights on the instance; without, it stays empty.
    gauge("aws_rds_db_load_active_sessions", _SPACE, "DBLoad", "Average"),
    # These two are in seconds already, where CommitLatency and AuroraReplicaLag are in milliseconds.
    gauge("aws_rds_read_latency_seconds", _SPACE, "ReadLatency", "Average"),
    gauge("aws_rds_write_latency_seconds", _SPACE, "WriteLatency", "Average"),
)


def _resources(cluster: AuroraCluster) -> Iterator[tuple[Resource, tuple[MetricSpec, ...]]]:
    for instance in cluster.instances:
        yield (
            Resource(
                component=cluster.ref,
                dimensions=(("DBInstanceIdentifier", instance),),
                labels=(("db_instance", instance),),
            ),
            SPECS,
        )


AURORA = Collector(name="aurora", component=AuroraCluster, resources=_resources, specs=SPECS)
