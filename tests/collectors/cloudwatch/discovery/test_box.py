"""In the demo, undeclared resources are discovered, requested and answered, with all components as shipped."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from alerts.channels import CHANNEL_TYPES
from basewatch.config import Config, config_model
from basewatch.model import Reason, Window
from collectors import COLLECTORS
from collectors.cloudwatch.collect import collect
from collectors.cloudwatch.discovery.targets import Targets
from demo.emulated_aws import EmulatedAws
from workflows.clients import AwsSessions

TREE: dict[str, Any] = yaml.safe_load((Path(__file__).parents[4] / "config.yaml").read_text(encoding="utf-8"))
UNDECLARED = "securebase-production-metrics-aggregation"


@pytest.fixture
def cloud(box_cloud: EmulatedAws) -> Iterator[EmulatedAws]:
    """The box's account, with nothing denied, throttled or tagged afterwards."""
    yield box_cloud
    box_cloud.allow_all()
    box_cloud.client("lambda").untag_resource(Resource=arn_of(box_cloud), TagKeys=["tenant"])


def arn_of(cloud: EmulatedAws) -> str:
    """The ARN of the undeclared function."""
    found = cloud.client("lambda").get_function(FunctionName=UNDECLARED)
    return str(found["Configuration"]["FunctionArn"])


def forgetful(**collecting: Any) -> Config:
    """The committed configuration without one of its functions."""
    tree = deepcopy(TREE)
    functions = tree["components"]["functions"]
    tree["components"]["functions"] = [each for each in functions if each["name"] != UNDECLARED]
    assert len(tree["components"]["functions"]) == len(functions) - 1
    for slo in list(tree["components"].get("slos", ())):
        if UNDECLARED in str(slo.get("of", "")):
            tree["components"]["slos"].remove(slo)
    tree["collectors"] = collecting
    return config_model(CHANNEL_TYPES).model_validate(tree)


def targets_of(config: Config, sessions: AwsSessions) -> Targets:
    """The targets as the exporter builds them."""
    return Targets(
        collectors=COLLECTORS,
        components=config.components,
        collection=config.collectors,
        accounts=sessions,
        rate_limits=sessions.rate_limits,
        telemetry=sessions.telemetry,
    )


@pytest.mark.parametrize("by", ["list", "tags", "describe"])
def test_an_undeclared_function_is_discovered_and_collected(cloud: EmulatedAws, by: str) -> None:
    """By every method, it becomes an active target, and CloudWatch answers its queries."""
    cloud.client("lambda").tag_resource(Resource=arn_of(cloud), Tags={"tenant": "acme"})
    entry = {"collector": "lambda", "by": by, **({"tags": {"tenant": "acme"}} if by == "tags" else {})}
    config = forgetful(discover=[entry], exported_tags=["tenant"])
    sessions = AwsSessions(config, cloud.environment)
    targets = targets_of(config, sessions)
    assert not [one for one in targets.current() if ("function_name", UNDECLARED) in one.resource.labels]
    now = datetime.now(UTC)
    targets.discover(now)
    assert targets.gaps == ()
    (found,) = [one for one in targets.current() if ("function_name", UNDECLARED) in one.resource.labels]
    assert found.resource.tags == (("tenant", "acme"),)
    assert found.resource.arn == arn_of(cloud)
    collected = collect(targets.current(), (), Window(start=now - timedelta(hours=1), end=now), sessions.metric_source)
    assert collected.gaps == ()
    mine = [series for series in collected.series if ("function_name", UNDECLARED) in series.labels]
    assert len(mine) == len(found.specs)
    assert {len(one.points) for one in mine if one.name == "aws_lambda_invocations_total"} == {60}


@pytest.mark.parametrize(
    ("by", "action"),
    [("list", "cloudwatch:ListMetrics"), ("tags", "tag:GetResources"), ("describe", "lambda:ListFunctions")],
)
def test_a_denied_discovery_names_the_action(cloud: EmulatedAws, by: str, action: str) -> None:
    """Each method names the one missing action, and the declared targets stay."""
    cloud.deny(action)
    config = forgetful(discover=[{"collector": "lambda", "by": by}], skip_idle=False)
    targets = targets_of(config, AwsSessions(config, cloud.environment))
    before = targets.current()
    targets.discover(datetime.now(UTC))
    assert [(gap.reason, gap.remedy.startswith(f"grant {action} to ")) for gap in targets.gaps] == [
        (Reason.DENIED, True)
    ]
    assert targets.current() is before


def test_everything_in_the_box_can_be_discovered(cloud: EmulatedAws) -> None:
    """Listed by every collector, all declared resources are found again, and no series is requested twice."""
    entries = [{"collector": collector.name, "by": "list"} for collector in COLLECTORS]
    config = config_model(CHANNEL_TYPES).model_validate({**TREE, "collectors": {"discover": entries}})
    sessions = AwsSessions(config, cloud.environment)
    targets = targets_of(config, sessions)
    declared = {(one.collector, frozenset(one.resource.dimensions)) for one in targets.current()}
    targets.discover(datetime.now(UTC))
    assert targets.gaps == ()
    found = [(one.collector, frozenset(one.resource.dimensions)) for one in targets.current()]
    assert len(found) == len(set(found))
    assert declared <= set(found)
