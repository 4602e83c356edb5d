"""Faults of the emulated AWS: each breaks one promise of storage, backups or deployments, or removes a permission."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from basewatch.model import Status
from demo.account import backend
from demo.faults.access import ACCESS_FAULTS
from demo.faults.configuration import CONFIGURATION_FAULTS
from demo.faults.deployments import DEPLOYMENT_FAULTS
from demo.faults.detection import DETECTION_FAULTS
from demo.faults.exposure import EXPOSURE_FAULTS
from demo.faults.fault import ExpectedFinding, Fault
from demo.faults.inventory import INVENTORY_FAULTS
from demo.faults.keys import KEY_FAULTS
from demo.faults.records import RECORD_FAULTS
from demo.faults.recovery import RECOVERY_FAULTS
from demo.faults.retention import RETENTION_FAULTS
from demo.faults.versions import VERSION_FAULTS
from demo.moto_rds import RESTORABLE_LAG, set_restorable_lag

if TYPE_CHECKING:
    from demo.sandbox import Sandbox

_CLUSTER = "securebase-production"  # and the name of its API
_BACKUPS = "securebase-production-backups"
_TABLE = "securebase-production-invoices"
_MONTHS = timedelta(days=40)
_FUNCTION = "securebase-production-auth-v2"
_ALARM = f"{_CLUSTER}-aurora-cpu"


def _expected(check: str, kind: str, name: str, status: Status = Status.FAIL) -> ExpectedFinding:
    return ExpectedFinding(check=check, component=f"{kind}/{name}", status=status)


def _retention(days: int) -> Callable[[Sandbox], None]:
    def modify(sandbox: Sandbox) -> None:
        rds = sandbox.aws.client("rds")
        rds.modify_db_cluster(DBClusterIdentifier=_CLUSTER, BackupRetentionPeriod=days, ApplyImmediately=True)

    return modify


def _recovery(status: str) -> Callable[[Sandbox], None]:
    def put(_sandbox: Sandbox) -> None:
        # Enabling it by DynamoDB's API would reset the window, so the repair would take effect after 35 days only.
        table = backend("dynamodb").tables[_TABLE]
        table.continuous_backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] = status

    return put


def _function_state(state: str) -> Callable[[Sandbox], None]:
    def put(_sandbox: Sandbox) -> None:
        backend("lambda").get_function(_FUNCTION).state = state

    return put


def _alarm(state: str) -> Callable[[Sandbox], None]:
    def put(sandbox: Sandbox) -> None:
        cloudwatch = sandbox.aws.client("cloudwatch")
        cloudwatch.set_alarm_state(AlarmName=_ALARM, StateValue=state, StateReason="the demo")

    return put


def _remove_stage(_sandbox: Sandbox) -> None:
    api = _rest_api()
    api.removed_stage = api.stages.pop("prod")


def _restore_stage(_sandbox: Sandbox) -> None:
    api = _rest_api()
    api.stages["prod"] = api.removed_stage


def _rest_api() -> Any:
    return next(api for api in backend("apigateway").apis.values() if api.name == _CLUSTER)


AWS_FAULTS = (
    *RETENTION_FAULTS,
    Fault(
        name="backup-retention-short",
        title="Someone cuts Aurora's backup retention to 7 days",
        apply=_retention(7),
        repair=_retention(35),
        expected_findings=(_expected("backup.aurora.window", "aurora_cluster", _CLUSTER),),
    ),
    Fault(
        name="restorable-time-lagging",
        title="Aurora's latest restorable time is three hours ago",
        apply=lambda _sandbox: set_restorable_lag(_CLUSTER, timedelta(hours=3)),
        repair=lambda _sandbox: set_restorable_lag(_CLUSTER, RESTORABLE_LAG),
        expected_findings=(_expected("backup.aurora.rpo", "aurora_cluster", _CLUSTER),),
    ),
    Fault(
        name="pitr-off",
        title="Someone disables point-in-time recovery of the invoices table",
        apply=_recovery("DISABLED"),
        repair=_recovery("ENABLED"),
        expected_findings=(_expected("backup.dynamodb.pitr", "table", _TABLE),),
    ),
    Fault(
        name="dump-stale",
        title="The hourly dump job stopped three hours ago",
        apply=lambda sandbox: sandbox.aws.dump_job.stop(datetime.now(UTC), since=timedelta(hours=3)),
        repair=lambda sandbox: sandbox.aws.dump_job.resume(datetime.now(UTC)),
        expected_findings=(_expected("backup.dump.freshness", "dump_backups", _BACKUPS),),
    ),
    Fault(
        name="dumps-pruned",
        title="A lifecycle rule deletes the dumps of half a year",
        apply=lambda sandbox: sandbox.aws.dump_job.prune(datetime.now(UTC), older=_MONTHS, newer=6 * _MONTHS),
        repair=lambda sandbox: sandbox.aws.dump_job.bring_back(),
        expected_findings=(_expected("backup.dump.kept", "dump_backups", _BACKUPS),),
    ),
    Fault(
        name="dump-truncated",
        title="Only half of the newest dump was uploaded",
        apply=lambda sandbox: sandbox.aws.dump_job.truncate(),
        repair=lambda sandbox: sandbox.aws.dump_job.repair(),
        expected_findings=(_expected("backup.dump.integrity", "dump_backups", _BACKUPS),),
    ),
    Fault(
        name="function-failed",
        title="Lambda cannot run the login function, because its KMS key was deleted",
        apply=_function_state("Failed"),
        repair=_function_state("Active"),
        expected_findings=(_expected("inventory.function.active", "function", _FUNCTION),),
    ),
    Fault(
        name="api-stage-removed",
        title="Someone deletes the API's production stage",
        apply=_remove_stage,
        repair=_restore_stage,
        expected_findings=tuple(
            _expected(check, "api", _CLUSTER)
            for check in (
                "inventory.api.deployed",
                "access.api.authorizer",
                "access.api.rate_limit",
                "deploy.api.routes",
                "logging.api.logged",
                "retention.logs.retention",
            )
        ),
    ),
    Fault(
        name="alarm-firing",
        title="The alarm on Aurora's CPU is firing",
        apply=_alarm("ALARM"),
        repair=_alarm("OK"),
        expected_findings=(_expected("logging.alarms.quiet", "aurora_cluster", _CLUSTER),),
    ),
    Fault(
        name="alarms-silent",
        title="Someone disables the actions of the alarms on Aurora",
        apply=lambda sandbox: sandbox.aws.client("cloudwatch").disable_alarm_actions(AlarmNames=[_ALARM]),
        repair=lambda sandbox: sandbox.aws.client("cloudwatch").enable_alarm_actions(AlarmNames=[_ALARM]),
        expected_findings=(_expected("logging.alarms.quiet", "aurora_cluster", _CLUSTER),),
    ),
    *CONFIGURATION_FAULTS,
    *INVENTORY_FAULTS,
    *DEPLOYMENT_FAULTS,
    *RECOVERY_FAULTS,
    *VERSION_FAULTS,
    *KEY_FAULTS,
    *RECORD_FAULTS,
    *DETECTION_FAULTS,
    *ACCESS_FAULTS,
    *EXPOSURE_FAULTS,
    Fault(
        name="aws-denied",
        title="Basewatch's role loses the permission rds:DescribeDBClusters",
        apply=lambda sandbox: sandbox.aws.deny("rds:DescribeDBClusters"),
        repair=lambda sandbox: sandbox.aws.allow("rds:DescribeDBClusters"),
        expected_findings=(
            ExpectedFinding(
                check="drift.inventory.declared",
                component="aws_account/production",
                subject="aurora_cluster",
                status=Status.UNVERIFIED,
            ),
            *(
                _expected(check, "aurora_cluster", _CLUSTER, Status.UNVERIFIED)
                for check in (
                    "logging.alarms.quiet",
                    "inventory.aurora.available",
                    "inventory.aurora.instances",
                    "backup.aurora.window",
                    "backup.aurora.rpo",
                    "backup.aurora.rto",
                    "backup.aurora.deletion_protection",
                    "availability.aurora.zones",
                    "availability.aurora.capacity",
                    "availability.engine.support",
                    "encryption.aurora.keys",
                    "access.rds.network",
                    "backup.snapshot.exposure",
                    "retention.logs.retention",
                )
            ),
        ),
    ),
)
