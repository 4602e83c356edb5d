"""Faults of who gets in: buckets, snapshots and the network are open to others; and of what buckets keep."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from basewatch.model import Status
from demo.account import PREFIX
from demo.faults.fault import ExpectedFinding, Fault
from demo.resources_audit import BLOCKED, secure_policy
from demo.resources_audit import LIFECYCLE as ARCHIVING
from demo.resources_aurora import SECURITY_GROUP, SNAPSHOT
from demo.resources_exports import LIFECYCLE as EXPIRING

if TYPE_CHECKING:
    from demo.sandbox import Sandbox

_AUDIT = "securebase-production-audit-logs"
_EXPORTS = "securebase-production-report-exports"
_BLOCK = "s3control:GetPublicAccessBlock"


def _failing(check: str, component: str) -> tuple[ExpectedFinding, ...]:
    return (ExpectedFinding(check=check, component=component, status=Status.FAIL),)


def _unblock(sandbox: Sandbox) -> None:
    sandbox.aws.client("s3").delete_public_access_block(Bucket=_EXPORTS)
    off = dict.fromkeys(BLOCKED, False)
    sandbox.aws.answers.answer(_BLOCK, lambda _parameters: {"PublicAccessBlockConfiguration": off})


def _block(sandbox: Sandbox) -> None:
    sandbox.aws.answers.restore(_BLOCK)
    sandbox.aws.client("s3").put_public_access_block(Bucket=_EXPORTS, PublicAccessBlockConfiguration=BLOCKED)


def _policy(*more: dict[str, Any]) -> Callable[[Sandbox], None]:
    """The policy of the audit bucket, with more statements."""

    def put(sandbox: Sandbox) -> None:
        policy = secure_policy(_AUDIT)
        policy["Statement"] += more
        sandbox.aws.client("s3").put_bucket_policy(Bucket=_AUDIT, Policy=json.dumps(policy))

    return put


def _lifecycle(bucket: str, rules: dict[str, Any], *more: dict[str, Any]) -> Callable[[Sandbox], None]:
    def put(sandbox: Sandbox) -> None:
        configuration = {"Rules": [*rules["Rules"], *more]}
        sandbox.aws.client("s3").put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration=configuration)

    return put


def _versioning(status: str) -> Callable[[Sandbox], None]:
    def put(sandbox: Sandbox) -> None:
        versioning = {"Status": status}
        sandbox.aws.client("s3").put_bucket_versioning(Bucket=_EXPORTS, VersioningConfiguration=versioning)

    return put


def _ingress(verb: str) -> Callable[[Sandbox], None]:
    """Adds or removes a rule of the cluster's security group for half of the internet."""

    def change(sandbox: Sandbox) -> None:
        ec2 = sandbox.aws.client("ec2")
        named = [{"Name": "group-name", "Values": [f"{PREFIX}-{SECURITY_GROUP}"]}]
        group = ec2.describe_security_groups(Filters=named)["SecurityGroups"][0]["GroupId"]
        rule = {"IpProtocol": "tcp", "FromPort": 5000, "ToPort": 6000, "IpRanges": [{"CidrIp": "128.0.0.0/1"}]}
        getattr(ec2, f"{verb}_security_group_ingress")(GroupId=group, IpPermissions=[rule])

    return change


def _restorable_by(**change: list[str]) -> Callable[[Sandbox], None]:
    def modify(sandbox: Sandbox) -> None:
        sandbox.aws.client("rds").modify_db_cluster_snapshot_attribute(
            DBClusterSnapshotIdentifier=SNAPSHOT, AttributeName="restore", **change
        )

    return modify


def _let_everybody_invoke(sandbox: Sandbox) -> None:
    sandbox.aws.client("lambda").add_permission(
        FunctionName=_FUNCTION, StatementId="everybody", Action="lambda:InvokeFunction", Principal="*"
    )


def _let_nobody_invoke(sandbox: Sandbox) -> None:
    sandbox.aws.client("lambda").remove_permission(FunctionName=_FUNCTION, StatementId="everybody")


_FUNCTION = f"{PREFIX}-auth-v2"
_CLUSTER = f"aurora_cluster/{PREFIX}"
_ALL = {"Status": "Enabled", "Filter": {"Prefix": ""}}
_STRANGER = {
    "Sid": "Partner",
    "Effect": "Allow",
    "Principal": {"AWS": "arn:aws:iam::999988887777:root"},
    "Action": "s3:GetObject",
    "Resource": f"arn:aws:s3:::{_AUDIT}/*",
}

EXPOSURE_FAULTS = (
    Fault(
        name="database-open",
        title="The cluster's security group lets in half of the internet",
        apply=_ingress("authorize"),
        repair=_ingress("revoke"),
        expected_findings=_failing("access.rds.network", _CLUSTER),
    ),
    Fault(
        name="function-open",
        title="Somebody lets every AWS account invoke the login function",
        apply=_let_everybody_invoke,
        repair=_let_nobody_invoke,
        expected_findings=_failing("access.function.strangers", f"function/{_FUNCTION}"),
    ),
    Fault(
        name="snapshot-shared",
        title="Someone shares a snapshot of Aurora with another account",
        apply=_restorable_by(ValuesToAdd=["999988887777"]),
        repair=_restorable_by(ValuesToRemove=["999988887777"]),
        expected_findings=_failing("backup.snapshot.exposure", _CLUSTER),
    ),
    Fault(
        name="public-access-unblocked",
        title="Someone turns Block Public Access off for the account and for the exports",
        apply=_unblock,
        repair=_block,
        expected_findings=_failing("access.s3.public_block", f"bucket/{_EXPORTS}"),
    ),
    Fault(
        name="audit-bucket-shared",
        title="The audit bucket's policy lets another account read every record",
        apply=_policy(_STRANGER),
        repair=_policy(),
        expected_findings=_failing("access.s3.strangers", f"audit_bucket/{_AUDIT}"),
    ),
    Fault(
        name="records-expire",
        title="A lifecycle rule expires audit records after a year",
        apply=_lifecycle(_AUDIT, ARCHIVING, {"ID": "tidy", **_ALL, "Expiration": {"Days": 365}}),
        repair=_lifecycle(_AUDIT, ARCHIVING),
        expected_findings=_failing("retention.s3.lifecycle_versioning", f"audit_bucket/{_AUDIT}"),
    ),
    Fault(
        name="archive-later",
        title="Someone lets records move to Glacier after two years only",
        apply=_lifecycle(
            _AUDIT,
            {"Rules": [{"ID": "archive", **_ALL, "Transitions": [{"Days": 730, "StorageClass": "GLACIER"}]}]},
        ),
        repair=_lifecycle(_AUDIT, ARCHIVING),
        expected_findings=_failing("retention.s3.archive", f"audit_bucket/{_AUDIT}"),
    ),
    Fault(
        name="exports-kept",
        title="Someone lets exports expire after a year",
        apply=_lifecycle(
            _EXPORTS,
            {
                "Rules": [
                    {
                        "ID": "expire",
                        **_ALL,
                        "Expiration": {"Days": 365},
                        "NoncurrentVersionExpiration": {"NoncurrentDays": 30},
                    }
                ]
            },
        ),
        repair=_lifecycle(_EXPORTS, EXPIRING),
        expected_findings=_failing("retention.s3.expiry", f"bucket/{_EXPORTS}"),
    ),
    Fault(
        name="versioning-suspended",
        title="Someone suspends the versioning of the exports",
        apply=_versioning("Suspended"),
        repair=_versioning("Enabled"),
        expected_findings=_failing("retention.s3.versioned", f"bucket/{_EXPORTS}"),
    ),
)
