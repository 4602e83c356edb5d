"""Limits are exported for measured resources only, kept for a limited time, and never lost silently."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from basewatch.aws import AwsClient
from basewatch.aws.session import AwsSession
from basewatch.collector import MetricTarget
from basewatch.errors import ObservationError
from basewatch.family import MetricType
from basewatch.model import Reason
from basewatch.telemetry import ExporterMetrics
from collectors import COLLECTORS
from collectors.limit_readers import FAMILIES, LIMIT_READERS
from collectors.resource_limits import MAX_STALENESS, REFRESH_INTERVAL, ResourceLimits, limit_needs
from demo.emulated_aws import EmulatedAws
from demo.synthetic_metrics import PREFIX

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
ACCOUNT, REGION = "123456789012", "us-east-1"
EXPIRY = datetime(2061, 5, 25, tzinfo=UTC)
WHERE = b'aws_account_id="123456789012",aws_region="us-east-1"'


def target(collector: str, label: str, name: str, region: str = REGION) -> MetricTarget:
    """A measured resource; without a name, the account."""
    (found,) = (each for each in COLLECTORS if each.name == collector)
    (discovery,) = (each for each in found.discovery_specs if each.dimensions == ((label,) if label else ()))
    measured = discovery.from_dimensions({label: name} if label else {})
    assert measured is not None
    return MetricTarget(collector=collector, account_id=ACCOUNT, region=region, resource=measured[0], specs=measured[1])


MEASURED = (
    target("aurora", "DBInstanceIdentifier", "db-1"),
    target("aurora", "DBClusterIdentifier", "db"),
    target("lambda", "FunctionName", "auth"),
    target("lambda", "", ""),
)


@dataclass
class FakeService:
    """An AWS that describes one cluster and two functions, counts requests, and may deny them."""

    timeout: Any = 30
    refusing: bool = False
    requests: list[str] = field(default_factory=list[str])

    def pages(self, _service: str, operation: str, **_parameters: Any) -> Iterator[dict[str, Any]]:
        """One page of a listing."""
        self.requests.append(operation)
        if self.refusing and operation == "ListFunctions":
            raise ObservationError(Reason.DENIED, "no right to list")
        yield {
            "DBClusters": [
                {
                    "DBClusterIdentifier": "db",
                    "ServerlessV2ScalingConfiguration": {"MinCapacity": 0.5, "MaxCapacity": 4},
                    "DBClusterMembers": [{"DBInstanceIdentifier": "db-1", "IsClusterWriter": True}],
                }
            ],
            "DBInstances": [
                {
                    "DBInstanceIdentifier": "db-1",
                    "DBClusterIdentifier": "db",
                    "DBInstanceClass": "db.serverless",
                    "CertificateDetails": {"ValidTill": EXPIRY},
                }
            ],
            "Functions": [
                {"FunctionName": "auth", "Timeout": self.timeout},
                {"FunctionName": "another-teams", "Timeout": 3},
            ],
        }

    def call(self, _service: str, operation: str, **_parameters: Any) -> dict[str, Any]:
        """One response."""
        self.requests.append(operation)
        return {"AccountLimit": {"ConcurrentExecutions": 1000}}


def shown(source: ResourceLimits, at: datetime = NOON) -> dict[bytes, float]:
    """Every exported series."""
    return {
        series.strip(): value
        for block in source.blocks(at)
        for series, value in zip(block.series, block.values, strict=True)
    }


def described(
    service: FakeService, telemetry: ExporterMetrics | None = None, targets: tuple[MetricTarget, ...] = MEASURED
) -> ResourceLimits:
    """A source of these targets, with this service."""
    return ResourceLimits(
        targets=lambda: targets,
        aws_client=lambda _account, _region: cast("AwsClient", service),
        telemetry=telemetry or ExporterMetrics(),
    )


def value(telemetry: ExporterMetrics, name: str) -> float | None:
    """A telemetry value of the source."""
    labels = {"collector": "resource_limits", "aws_account_id": ACCOUNT, "aws_region": REGION}
    return telemetry.registry.get_sample_value(name, labels)


def test_limits_have_the_labels_of_the_measured_resources() -> None:
    """Capacities, timeouts, the account limit, certificate expiry and instance attributes of measured resources."""
    source = described(FakeService())
    source.refresh(NOON)
    assert shown(source) == {
        b"aws_rds_cluster_min_acus{" + WHERE + b',db_cluster="db"}': 0.5,
        b"aws_rds_cluster_max_acus{" + WHERE + b',db_cluster="db"}': 4.0,
        b"aws_rds_instance_info{" + WHERE + b',db_cluster="db",db_instance="db-1",'
        b'db_instance_class="db.serverless",role="writer"}': 1.0,
        b"aws_rds_ca_certificate_expiry_timestamp_seconds{" + WHERE + b',db_instance="db-1"}': EXPIRY.timestamp(),
        b"aws_lambda_timeout_seconds{" + WHERE + b',function_name="auth"}': 30.0,
        b"aws_lambda_concurrency_limit{" + WHERE + b"}": 1000.0,
    }
    assert {block.family for block in source.blocks(NOON)} == set(FAMILIES)


def test_only_measured_services_are_queried() -> None:
    """Without measured databases, no request goes to RDS."""
    service = FakeService()
    described(service, targets=MEASURED[2:3]).refresh(NOON)
    assert service.requests == ["ListFunctions", "GetAccountSettings"]
    described(service, targets=()).refresh(NOON)
    assert len(service.requests) == 2


def test_limits_are_read_every_15_minutes() -> None:
    """Refreshed every minute, the limits are read at once and then at their interval."""
    service = FakeService()
    source = described(service, targets=MEASURED[2:3])
    for minute in range(31):
        source.refresh(NOON + timedelta(minutes=minute))
    assert service.requests.count("ListFunctions") == 3
    assert timedelta(minutes=15) == REFRESH_INTERVAL


def test_after_a_failure_limits_stay_until_they_expire() -> None:
    """A denied request keeps the last limits, sets `up` to 0 and marks the series stale, until they expire."""
    telemetry, service = ExporterMetrics(), FakeService()
    source = described(service, telemetry)
    source.refresh(NOON)
    assert (value(telemetry, "basewatch_collector_up"), value(telemetry, "basewatch_collector_series")) == (1, 6)
    before = shown(source)
    service.refusing = True
    source.refresh(NOON + REFRESH_INTERVAL)
    assert shown(source, NOON + REFRESH_INTERVAL) == before
    assert value(telemetry, "basewatch_collector_up") == 0
    assert value(telemetry, "basewatch_collector_stale_series") == 2
    assert value(telemetry, "basewatch_collector_last_success_timestamp_seconds") == NOON.timestamp()
    assert (
        value(telemetry, "basewatch_collector_last_attempt_timestamp_seconds") == (NOON + REFRESH_INTERVAL).timestamp()
    )
    # Aurora answered 15 minutes later, so its limits stay that much longer.
    late = shown(source, NOON + MAX_STALENESS)
    assert {series.partition(b"{")[0] for series in late} == {
        family.name.encode() for family in FAMILIES if family.name.startswith("aws_rds")
    }


def test_a_service_without_an_answer_is_down() -> None:
    """Nothing is exported and `up` is 0; the next answer restores it."""
    telemetry, service = ExporterMetrics(), FakeService(refusing=True)
    source = described(service, telemetry, MEASURED[2:3])
    source.refresh(NOON)
    assert (shown(source), value(telemetry, "basewatch_collector_up")) == ({}, 0)
    service.refusing = False
    source.refresh(NOON + REFRESH_INTERVAL)
    assert value(telemetry, "basewatch_collector_up") == 1
    assert len(shown(source, NOON + REFRESH_INTERVAL)) == 1


def test_a_malformed_limit_is_not_exported() -> None:
    """A timeout that is not a number is an error and is not exported."""
    telemetry = ExporterMetrics()
    source = described(FakeService(timeout="long"), telemetry, MEASURED[2:3])
    source.refresh(NOON)
    assert (shown(source), value(telemetry, "basewatch_collector_up")) == ({}, 0)


def test_limits_go_with_the_last_measured_resource() -> None:
    """When the last function of a location is gone, its limits are gone too."""
    targets = [*MEASURED]
    source = ResourceLimits(
        targets=lambda: tuple(targets),
        aws_client=lambda _account, _region: cast("AwsClient", FakeService()),
        telemetry=ExporterMetrics(),
    )
    source.refresh(NOON)
    del targets[2:]
    source.refresh(NOON + timedelta(minutes=1))
    assert not any(series.startswith(b"aws_lambda") for series in shown(source))
    assert any(series.startswith(b"aws_rds") for series in shown(source))


def test_families_have_help_texts_and_suffixes() -> None:
    """Families have a help text, info metrics end in `_info`, and none is a counter."""
    for family in FAMILIES:
        assert family.help.endswith(".")
        assert family.name.endswith("_info") is (family.type is MetricType.INFO)
        assert family.type in (MetricType.GAUGE, MetricType.INFO)


@pytest.mark.parametrize("collector", sorted(LIMIT_READERS))
def test_limits_are_read_with_exactly_their_declared_actions(box_cloud: EmulatedAws, collector: str) -> None:
    """Every limit of the emulated account can be read with exactly the actions in `needs`."""
    aws = AwsSession.open(ACCOUNT, REGION, "basewatch-reader", environ=box_cloud.environment).open_client()
    values = {
        (each.family.name, each.labels[0][1] if each.labels else ""): each.value
        for each in LIMIT_READERS[collector].read(aws)
    }
    expected = {
        "aurora": {
            ("aws_rds_cluster_min_acus", PREFIX): 0.5,
            ("aws_rds_cluster_max_acus", PREFIX): 4.0,
            ("aws_rds_instance_info", f"{PREFIX}-1"): 1.0,
            ("aws_rds_instance_info", f"{PREFIX}-2"): 1.0,
        },
        "lambda": {
            ("aws_lambda_timeout_seconds", f"{PREFIX}-auth-v2"): 30.0,
            ("aws_lambda_concurrency_limit", ""): 1000.0,
        },
    }
    assert values.items() >= expected[collector].items()
    assert {request.partition(" ")[0] for request in aws.requests} == set(limit_needs([collector]))
