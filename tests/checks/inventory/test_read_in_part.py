"""What was read decides, when another call is denied; only a PASS needs everything."""

from __future__ import annotations

from typing import Any

import pytest

from basewatch.check import AnyCheck
from basewatch.components import AuroraCluster, EventRule, Function
from basewatch.model import Reason, Status
from checks.availability.capacity import capacity_is_as_promised
from checks.encryption.aurora_keys import cluster_keys_can_be_used
from checks.inventory.aurora import instances_are_available
from checks.inventory.eventbridge import rule_is_enabled
from checks.inventory.lambda_functions import function_is_active
from checks.inventory.rds_proxy import proxy_is_available
from tests.checks.situations.aws_answers import answer, verdicts
from tests.wire import refusal

CLUSTER = AuroraCluster.model_validate(
    {
        "name": "main",
        "instances": ["db-1"],
        "proxy": {"name": "front"},
        "capacity": {"min_acu": 0.5, "max_acu": 4},
        "keys": ["alias/data"],
        "backup": {"retention": "35d", "rpo": "1h"},
    }
)

KEY_ARN = "arn:aws:kms:us-east-1:123456789012:key/1"
COMPONENTS = (CLUSTER, EventRule(name="hourly"), Function(name="auth"))


def cluster(**fields: Any) -> dict[str, Any]:
    """A cluster with an instance and these fields."""
    members = [{"DBInstanceIdentifier": "db-1"}]
    found = {"DBClusterMembers": members, "DeletionProtection": True, "StorageEncrypted": True, **fields}
    return {"rds:DescribeDBClusters": answer("rds:DescribeDBClusters", DBClusters=[found])}


def encrypted_cluster(**fields: Any) -> dict[str, Any]:
    """A cluster with these fields, and the key that it was promised."""
    metadata = {"KeyId": "1", "Arn": KEY_ARN, "KeyManager": "CUSTOMER", "KeyState": "Enabled"}
    return {**cluster(**fields), "kms:DescribeKey": answer("kms:DescribeKey", KeyMetadata=metadata)}


def serverless(max_acu: float) -> dict[str, Any]:
    """A cluster that scales up to so many units."""
    return cluster(ServerlessV2ScalingConfiguration={"MinCapacity": 0.5, "MaxCapacity": max_acu})


def members(*names: str) -> dict[str, Any]:
    """A cluster with these instances."""
    return cluster(DBClusterMembers=[{"DBInstanceIdentifier": name} for name in names])


def rule(state: str) -> dict[str, Any]:
    """A rule in this state."""
    return {"events:DescribeRule": answer("events:DescribeRule", State=state)}


def function(state: str) -> dict[str, Any]:
    """A function in this state."""
    return {"lambda:GetFunctionConfiguration": answer("lambda:GetFunctionConfiguration", State=state)}


def proxy(status: str) -> dict[str, Any]:
    """A proxy in this status."""
    return {"rds:DescribeDBProxies": answer("rds:DescribeDBProxies", DBProxies=[{"Status": status}])}


# The check, the call that is denied, the answers that break the promise, and those that keep it as far as they go.
CASES: dict[str, tuple[AnyCheck, str, dict[str, Any], dict[str, Any]]] = {
    "instances": (instances_are_available, "rds:DescribeDBInstances", members("db-2"), members("db-1")),
    "rule": (rule_is_enabled, "events:ListTargetsByRule", rule("DISABLED"), rule("ENABLED")),
    "function": (function_is_active, "lambda:GetFunctionConcurrency", function("Failed"), function("Active")),
    "proxy": (proxy_is_available, "rds:DescribeDBProxyTargets", proxy("suspended"), proxy("available")),
    "capacity": (capacity_is_as_promised, "rds:DescribeDBInstances", serverless(64), serverless(4)),
    "key": (
        cluster_keys_can_be_used,
        "rds:DescribeDBClusterSnapshots",
        encrypted_cluster(StorageEncrypted=False),
        encrypted_cluster(KmsKeyId=KEY_ARN),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_fact_decides_whatever_else_is_denied(case: str) -> None:
    """A promise that is certainly broken is a FAIL; one that may be kept is UNVERIFIED, and says what to grant."""
    check, denied, broken, kept = CASES[case]
    refused = {denied: refusal("AccessDenied", status=403)}
    component = next(each for each in COMPONENTS if isinstance(each, check.component))
    (failing,) = verdicts(check, component, {**broken, **refused})
    (unknown,) = verdicts(check, component, {**kept, **refused})
    assert failing.status is Status.FAIL
    assert (unknown.status, unknown.reason, denied in unknown.remedy) == (Status.UNVERIFIED, Reason.DENIED, True)
