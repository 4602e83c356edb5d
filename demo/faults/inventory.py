"""Faults of the emulated AWS's resources: each is stopped, disabled or gone."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from basewatch.model import Status
from demo.account import backend
from demo.faults.fault import ExpectedFinding, Fault, undeclared_or_gone
from demo.moto_dynamodb import set_table_status

if TYPE_CHECKING:
    from demo.sandbox import Sandbox

_CLUSTER = "securebase-production"
_FUNCTION = "securebase-production-auth-v2"
_TABLE = "securebase-production-invoices"
_CACHE = "securebase-production-cache"
_QUEUE = "securebase-production-analytics-dlq"
_RULE = "securebase-production-analytics-hourly"
_VAULT = "securebase-production"


def _failing(check: str, component: str) -> tuple[ExpectedFinding, ...]:
    return (ExpectedFinding(check=check, component=component, status=Status.FAIL),)


def _set(service: str, collection: str, name: str, **state: Any) -> Callable[[Sandbox], None]:
    """Sets attributes of one of moto's resources, whose status no API of AWS sets."""

    def put(_sandbox: Sandbox) -> None:
        for attribute, value in state.items():
            setattr(getattr(backend(service), collection)[name], attribute, value)

    return put


def _table(status: str) -> Callable[[Sandbox], None]:
    return lambda _sandbox: set_table_status(backend("dynamodb").tables[_TABLE], status)


def _remove(service: str, collection: str, name: str) -> Callable[[Sandbox], None]:
    def take(_sandbox: Sandbox) -> None:
        state = backend(service)
        state.removed = getattr(state, collection).pop(name)

    return take


def _put_back(service: str, collection: str, name: str) -> Callable[[Sandbox], None]:
    def put(_sandbox: Sandbox) -> None:
        state = backend(service)
        getattr(state, collection)[name] = state.removed

    return put


def _stop_function(sandbox: Sandbox) -> None:
    functions = sandbox.aws.client("lambda")
    functions.put_function_concurrency(FunctionName=_FUNCTION, ReservedConcurrentExecutions=0)


def _start_function(sandbox: Sandbox) -> None:
    sandbox.aws.client("lambda").delete_function_concurrency(FunctionName=_FUNCTION)


INVENTORY_FAULTS = (
    Fault(
        name="aurora-stopped",
        title="Someone stops the Aurora cluster",
        apply=_set("rds", "clusters", _CLUSTER, status="stopped"),
        repair=_set("rds", "clusters", _CLUSTER, status="available"),
        expected_findings=_failing("inventory.aurora.available", f"aurora_cluster/{_CLUSTER}"),
    ),
    Fault(
        name="instance-without-storage",
        title="The second instance of Aurora has no local storage left",
        apply=_set("rds", "databases", f"{_CLUSTER}-2", status="storage-full"),
        repair=_set("rds", "databases", f"{_CLUSTER}-2", status="available"),
        expected_findings=(
            *_failing("inventory.aurora.instances", f"aurora_cluster/{_CLUSTER}"),
            *_failing("availability.aurora.zones", f"aurora_cluster/{_CLUSTER}"),
        ),
    ),
    Fault(
        name="function-stopped",
        title="Someone stops the login function with a reserved concurrency of 0",
        apply=_stop_function,
        repair=_start_function,
        expected_findings=_failing("inventory.function.active", f"function/{_FUNCTION}"),
    ),
    Fault(
        name="table-unusable",
        title="DynamoDB may no longer replicate the invoices table",
        apply=_table("REPLICATION_NOT_AUTHORIZED"),
        repair=_table("ACTIVE"),
        expected_findings=_failing("inventory.table.active", f"table/{_TABLE}"),
    ),
    Fault(
        name="cache-deleted",
        title="Someone deletes the cache",
        apply=_remove("dax", "clusters", _CACHE),
        repair=_put_back("dax", "clusters", _CACHE),
        expected_findings=(
            *_failing("inventory.cache.available", f"cache_cluster/{_CACHE}"),
            undeclared_or_gone(f"cache_cluster/{_CACHE}"),
        ),
    ),
    Fault(
        name="queue-deleted",
        title="Someone deletes the dead-letter queue",
        apply=_remove("sqs", "queues", _QUEUE),
        repair=_put_back("sqs", "queues", _QUEUE),
        expected_findings=(
            *_failing("inventory.queue.exists", f"queue/{_QUEUE}"),
            *_failing("encryption.queue.keys", f"queue/{_QUEUE}"),
            undeclared_or_gone(f"queue/{_QUEUE}"),
        ),
    ),
    Fault(
        name="rule-disabled",
        title="Someone disables the hourly rule",
        apply=lambda sandbox: sandbox.aws.client("events").disable_rule(Name=_RULE),
        repair=lambda sandbox: sandbox.aws.client("events").enable_rule(Name=_RULE),
        expected_findings=_failing("inventory.rule.enabled", f"event_rule/{_RULE}"),
    ),
    Fault(
        name="vault-deleted",
        title="Someone deletes the backup vault",
        apply=_remove("backup", "vaults", _VAULT),
        repair=_put_back("backup", "vaults", _VAULT),
        expected_findings=(
            *_failing("inventory.vault.available", f"backup_vault/{_VAULT}"),
            *_failing("backup.vault.lock", f"backup_vault/{_VAULT}"),
            *_failing("encryption.vault.keys", f"backup_vault/{_VAULT}"),
            undeclared_or_gone(f"backup_vault/{_VAULT}"),
        ),
    ),
)
