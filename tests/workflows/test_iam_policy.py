"""The IAM policy that is printed allows every request of a pass, and nothing that no request needs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from basewatch.aws import AwsClient
from basewatch.config.collection import CollectorSettings
from basewatch.model import Status
from demo.emulated_aws import EmulatedAws
from tests.fixtures_box import CONFIG
from tests.workflows.guarded_account import GuardedAccount, is_allowed, only, without
from workflows.cli import app
from workflows.iam_policy import MANAGED_POLICY_CHARS, counted_chars, iam_policy, policy_parts
from workflows.plan import Plan, load_plan

# Actions that no observation of the demo's account uses: S3 asks KMS itself, an object's retention is read where
# HeadObject does not tell it, metrics are collected for all checks together, and no security group names a prefix list.
NOT_ASKED = {
    "kms:Decrypt",
    "s3:GetObjectRetention",
    "cloudwatch:GetMetricData",
    "ec2:GetManagedPrefixListEntries",
}
# Without an inventory, the versions of a bucket are drawn from its listing.
OPTIONAL = {"s3:GetInventoryConfiguration"}


@pytest.fixture(scope="module")
def plan() -> Plan:
    """The committed configuration, without the metrics: the checks alone."""
    return replace(load_plan(CONFIG), collectors=())


@pytest.fixture(scope="module")
def guarded(box_cloud: EmulatedAws) -> GuardedAccount:
    """The emulated AWS behind a policy."""
    return GuardedAccount.of(box_cloud)


def aws_part(plan: Plan) -> Plan:
    """The checks that ask AWS."""
    return replace(plan, checks=tuple(each for each in plan.checks if each.check.client_type is AwsClient))


def statements(policy: str) -> list[dict[str, Any]]:
    """The statements of a policy."""
    found: list[dict[str, Any]] = json.loads(policy)["Statement"]
    return found


def test_a_pass_needs_no_more_than_the_policy_and_uses_each_resource(plan: Plan, guarded: GuardedAccount) -> None:
    """Behind the policy every check passes; each ARN of a statement whose actions are asked is one that was asked."""
    part, document = aws_part(plan), json.loads(iam_policy(plan))
    found = guarded.findings(part.checks, document)
    assert guarded.denied == [], "allow it: see RESOURCES_OF_ACTION and declared_arns"
    assert {finding.status for finding in found} == {Status.PASS}
    asked = {request.action for request in guarded.allowed}
    assert {action for each in document["Statement"] for action in each["Action"]} - asked == NOT_ASKED | OPTIONAL
    unused = {
        resource
        for each in document["Statement"]
        if asked & set(each["Action"]) and each["Sid"] != "FindInventories"
        for resource in each["Resource"]
        if not any(is_allowed(request, only(each, resource)) for request in guarded.allowed)
    }
    assert unused <= {
        # The snapshots of a cluster are listed by the cluster.
        "arn:aws:rds:us-east-1:123456789012:cluster-snapshot:*",
        # The targets of a proxy are decided on it and on their group.
        "arn:aws:rds:us-east-1:123456789012:target-group:*",
        # The inventories of the audit bucket, in whatever bucket they are.
        "arn:aws:s3:::*/securebase-production-audit-logs/*",
        # S3 says that an object is gone, and not that it is denied, only to who may list the bucket.
        "arn:aws:s3:::securebase-production-audit-logs",
        # Its objects are read by version; the same pattern allows both actions.
        "arn:aws:s3:::securebase-production-audit-logs/*",
    }


@pytest.mark.slow
def test_each_action_of_the_policy_is_needed_by_exactly_its_checks(
    plan: Plan, guarded: GuardedAccount, subtests: pytest.Subtests
) -> None:
    """Without one action, the checks that need it are UNVERIFIED and say so, and all others pass."""
    part, document = aws_part(plan), json.loads(iam_policy(plan))
    pairs = [(each["Sid"], action) for each in document["Statement"] for action in each["Action"]]
    for sid, action in pairs:
        if action in NOT_ASKED | OPTIONAL or sid == "FindInventories":
            continue
        with subtests.test(sid=sid, action=action):
            found = guarded.findings(part.checks, without(document, sid, action))
            denied = {finding.check for finding in found if finding.status is Status.UNVERIFIED}
            assert {finding.status for finding in found} == {Status.PASS, Status.UNVERIFIED}
            assert denied <= {each.check.id for each in part.checks if action in each.check.needs}
            assert denied, f"no check misses {action}"
            told = {f.remedy for f in found if f.status is Status.UNVERIFIED}
            assert any(action in remedy for remedy in told)


@pytest.mark.parametrize(
    ("collecting", "more"),
    [
        ({}, set[str]()),
        ({"exported_tags": ["tenant"]}, {"tag:GetResources"}),
        ({"discover": [{"collector": "lambda", "by": "list"}]}, {"cloudwatch:ListMetrics"}),
        ({"discover": [{"collector": "lambda", "by": "tags"}]}, {"tag:GetResources", "cloudwatch:ListMetrics"}),
        ({"discover": [{"collector": "lambda", "by": "tags"}], "skip_idle": False}, {"tag:GetResources"}),
        ({"discover": [{"collector": "sqs", "by": "describe"}]}, {"sqs:ListQueues", "cloudwatch:ListMetrics"}),
    ],
)
def test_the_policy_allows_what_discovery_requests(collecting: dict[str, object], more: set[str]) -> None:
    """Each discovery method adds its own actions and no others; metrics are always allowed."""
    # Without the checks, which list some of the same things.
    plan = replace(load_plan(CONFIG), checks=())

    def allowed(**settings: object) -> set[str]:
        config = plan.config.model_copy(update={"collectors": CollectorSettings.model_validate(settings)})
        return {action for each in statements(iam_policy(replace(plan, config=config))) for action in each["Action"]}

    assert "cloudwatch:GetMetricData" in allowed()
    assert allowed(**collecting) - allowed() == more


def _place(component: Mapping[str, object]) -> Mapping[str, object]:
    """Where a component is that does not say it."""
    return {} if "account" in component else {"account": "here", "region": "us-east-1"}


def planned(folder: Path, **components: Sequence[Mapping[str, object]]) -> Plan:
    """The plan of a configuration with two accounts and these components."""
    accounts = {
        "here": {"id": "123456789012", "regions": ["us-east-1", "eu-west-1"]},
        "gov": {"id": "210987654321", "regions": ["us-gov-west-1"]},
    }
    declared = {section: [{**_place(each), **each} for each in found] for section, found in components.items()}
    tree = {
        "version": 1,
        "platform": {"name": "p", "environment": "e"},
        "aws": {"accounts": accounts},
        "components": declared,
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(tree))
    return load_plan(folder / "config.yaml")


def resources(plan: Plan, action: str) -> set[str]:
    """The ARNs that the policy allows an action on."""
    return {arn for each in statements(iam_policy(plan)) if action in each["Action"] for arn in each["Resource"]}


FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function"


@pytest.mark.parametrize(
    ("functions", "arns"),
    [
        ([{"name": "auth"}], {f"{FUNCTION}:auth"}),
        ([{"name": "auth:live"}], {f"{FUNCTION}:auth", f"{FUNCTION}:auth:live"}),
        ([{"name": f"{FUNCTION}:auth"}], {f"{FUNCTION}:auth"}),
        (
            [{"name": "auth", "region": "eu-west-1"}, {"name": "login", "account": "gov", "region": "us-gov-west-1"}],
            {
                "arn:aws:lambda:eu-west-1:123456789012:function:auth",
                "arn:aws-us-gov:lambda:us-gov-west-1:210987654321:function:login",
            },
        ),
        ([{"name": f"platform-{number:03}"} for number in range(30)], {f"{FUNCTION}:platform-0*"}),
    ],
    ids=["a name", "an alias", "an ARN", "other places", "too many to name"],
)
def test_the_arn_of_a_component_is_where_it_is(
    tmp_path: Path, functions: Sequence[Mapping[str, object]], arns: set[str]
) -> None:
    """Account, region, partition and qualifier are the component's own; many names become their common beginning."""
    declared = [{**each, "errors_below": "5% for 5m", "alarms_quiet": True} for each in functions]
    assert resources(planned(tmp_path, functions=declared), "lambda:GetFunctionConfiguration") == arns


def test_a_declared_key_of_another_account_is_named(tmp_path: Path) -> None:
    """The keys of the own account are found in what they encrypt; one of another account is declared."""
    key = "arn:aws:kms:eu-west-1:999999999999:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    found = resources(planned(tmp_path, keys=[{"name": key, "rotation": "365d"}]), "kms:DescribeKey")
    assert found == {"arn:aws:kms:*:123456789012:key/*", key}


def test_a_secret_in_aws_is_named(plan: Plan) -> None:
    """The reader reads the secrets of its configuration, and no other."""
    arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:database-a1b2c3"
    database = plan.config.components.databases[0]
    tree = {
        **database.model_dump(mode="json"),
        "url": f"aws-secretsmanager:{arn}#url",
        "reader": "aws-ssm:/securebase/reader",
    }
    known = type(database).model_validate(tree)
    components = plan.config.components.model_copy(update={"databases": (known,)})
    config = plan.config.model_copy(update={"components": components})
    policy = statements(iam_policy(replace(plan, config=config)))
    found = {action: each["Resource"] for each in policy for action in each["Action"]}
    assert found["secretsmanager:GetSecretValue"] == [arn]
    assert found["ssm:GetParameter"] == ["arn:aws:ssm:us-east-1:123456789012:parameter/securebase/reader"]


def test_a_policy_that_is_too_large_is_printed_in_parts(tmp_path: Path) -> None:
    """The parts have all statements and fit in managed policies; the whole one is printed with a remark."""
    names = [letter * 60 for letter in "abcdefghijklmnopqrst"]
    tables = [{"name": f"{name}-table", "pitr": "35d", "alarms_quiet": True} for name in names]
    functions = [{"name": name, "errors_below": "5% for 5m", "alarms_quiet": True} for name in names]
    queues = [{"name": f"{name}-queue", "oldest_below": "1m for 5m", "alarms_quiet": True} for name in names]
    plan = planned(tmp_path, tables=tables, functions=functions, queues=queues)
    whole, parts = iam_policy(plan), policy_parts(plan)
    assert counted_chars(whole) > MANAGED_POLICY_CHARS
    assert [each for part in parts for each in statements(part)] == statements(whole)
    assert all(counted_chars(part) <= MANAGED_POLICY_CHARS for part in parts)
    command = ["permissions", "iam", "--config", str(tmp_path / "config.yaml")]
    printed = CliRunner().invoke(app, command)
    assert json.loads(printed.stdout) == json.loads(whole)
    assert f"--part 1 to --part {len(parts)}" in printed.stderr
    assert json.loads(CliRunner().invoke(app, [*command, "--part", "2"]).stdout) == json.loads(parts[1])
    assert "is not among" in str(CliRunner().invoke(app, [*command, "--part", "9"]).exception)
