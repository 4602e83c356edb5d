"""The collectors reach the demo's AWS as they reach AWS: signed in, through the same session."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from alerts.channels import CHANNEL_TYPES
from basewatch.aws import AwsSession
from basewatch.config import config_model
from basewatch.metrics import CollectedMetrics
from basewatch.model import Reason, Window
from basewatch.telemetry import ExporterMetrics
from collectors import COLLECTORS
from collectors.cloudwatch.client import CloudWatch
from collectors.cloudwatch.collect import collect
from collectors.cloudwatch.declared_targets import Location, declared_targets
from demo.emulated_aws import EmulatedAws
from tests.collectors.cloudwatch.fake import FakeClock

CONFIG = config_model(CHANNEL_TYPES).model_validate(
    yaml.safe_load((Path(__file__).parents[3] / "config.yaml").read_text(encoding="utf-8"))
)


@pytest.fixture
def cloud(box_cloud: EmulatedAws) -> Iterator[EmulatedAws]:
    """The box's account, with nothing denied or throttled afterwards."""
    yield box_cloud
    box_cloud.allow_all()


def collected(cloud: EmulatedAws) -> CollectedMetrics:
    """The last hour of everything that config.yaml declares."""
    assert CONFIG.aws is not None
    account = CONFIG.aws.accounts["production"]
    place = Location(account_id=account.id, region=account.regions[0])
    session = AwsSession.open(place.account_id, place.region, account.role, environ=cloud.environment)
    now = datetime.now(UTC)
    window = Window(start=now - timedelta(hours=1), end=now)
    clock = FakeClock()
    box = CloudWatch(session, clock.rate_limits(), clock.retry_policy(), ExporterMetrics())
    targets, gaps = declared_targets(COLLECTORS, CONFIG.components, lambda _component: place)
    return collect(targets, gaps, window, lambda _account_id, _region: box)


def test_the_box_answers_everything_in_one_call(cloud: EmulatedAws) -> None:
    """An hour of SecureBase is one GetMetricData call by the reader's role."""
    got = collected(cloud)
    assert got.gaps == ()
    assert len({request for asked in got.provenance for request in asked.requests}) == 1
    assert all(":assumed-role/basewatch-reader/" in request.principal for request in got.provenance)
    every_minute = ("aws_lambda_invocations_total", "aws_apigateway_requests_total", "aws_rds_cpu_utilization_ratio")
    assert {(series.name, len(series.points)) for series in got.series if series.name in every_minute} == {
        (name, 60) for name in every_minute
    }


def test_a_denied_action_is_named(cloud: EmulatedAws) -> None:
    """Without cloudwatch:GetMetricData every metric is a gap that names the action."""
    cloud.deny("cloudwatch:GetMetricData")
    got = collected(cloud)
    assert got.collected_series == ()
    assert {gap.reason for gap in got.gaps} == {Reason.DENIED}
    assert all("grant cloudwatch:GetMetricData" in gap.remedy for gap in got.gaps)


def test_throttling_at_every_attempt_is_a_gap(cloud: EmulatedAws) -> None:
    """When every attempt is throttled, every metric is a gap that says so."""
    cloud.throttle("cloudwatch:GetMetricData")
    assert {gap.reason for gap in collected(cloud).gaps} == {Reason.THROTTLED}
