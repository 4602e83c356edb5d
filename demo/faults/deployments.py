"""Faults that a deployment leaves behind: the wrong memory, no permission, a missing route, another billing mode."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from basewatch.model import Status
from demo.account import backend
from demo.faults.fault import ExpectedFinding, Fault, undeclared_or_gone

if TYPE_CHECKING:
    from demo.sandbox import Sandbox

_FUNCTION = "securebase-production-metrics-aggregation"
_TABLE = "securebase-production-customers"
_API = "securebase-production"
_COPY = "securebase-production-invoices-copy"


def _failing(check: str, component: str) -> tuple[ExpectedFinding, ...]:
    return (ExpectedFinding(check=check, component=component, status=Status.FAIL),)


def _memory(megabytes: int) -> Callable[[Sandbox], None]:
    def put(sandbox: Sandbox) -> None:
        sandbox.aws.client("lambda").update_function_configuration(FunctionName=_FUNCTION, MemorySize=megabytes)

    return put


def _remove_permission(_sandbox: Sandbox) -> None:
    function = backend("lambda").get_function(_FUNCTION)
    function.removed = [each for each in function.policy.statements if "events" in str(each["Principal"])]
    function.policy.statements = [each for each in function.policy.statements if each not in function.removed]


def _restore_permission(_sandbox: Sandbox) -> None:
    function = backend("lambda").get_function(_FUNCTION)
    function.policy.statements = [*function.policy.statements, *function.removed]


def _remove_route(_sandbox: Sandbox) -> None:
    resource = _resource("/api-keys")
    resource.removed = resource.resource_methods.pop("POST")


def _restore_route(_sandbox: Sandbox) -> None:
    resource = _resource("/api-keys")
    resource.resource_methods["POST"] = resource.removed


def _resource(path: str) -> Any:
    api = next(api for api in backend("apigateway").apis.values() if api.name == _API)
    return next(resource for resource in api.resources.values() if resource.get_path() == path)


def _billing(mode: str) -> Callable[[Sandbox], None]:
    def put(_sandbox: Sandbox) -> None:
        backend("dynamodb").tables[_TABLE].billing_mode = mode

    return put


def _create_table(sandbox: Sandbox) -> None:
    sandbox.aws.client("dynamodb").create_table(
        TableName=_COPY,
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )


def _delete_table(sandbox: Sandbox) -> None:
    sandbox.aws.client("dynamodb").delete_table(TableName=_COPY)


DEPLOYMENT_FAULTS = (
    Fault(
        name="table-undeclared",
        title="Someone copies the invoices into a table that nobody declared",
        apply=_create_table,
        repair=_delete_table,
        expected_findings=(undeclared_or_gone(f"table/{_COPY}"),),
    ),
    Fault(
        name="function-small",
        title="A deployment gives the metrics function 128 MB",
        apply=_memory(128),
        repair=_memory(512),
        expected_findings=_failing("deploy.function.configured", f"function/{_FUNCTION}"),
    ),
    Fault(
        name="rule-not-permitted",
        title="A deployment removes the hourly rule's permission to invoke the metrics function",
        apply=_remove_permission,
        repair=_restore_permission,
        expected_findings=_failing("deploy.function.invoked_by", f"function/{_FUNCTION}"),
    ),
    Fault(
        name="route-missing",
        title="A deployment of the API leaves out a route",
        apply=_remove_route,
        repair=_restore_route,
        expected_findings=_failing("deploy.api.routes", f"api/{_API}"),
    ),
    Fault(
        name="table-provisioned",
        title="A deployment provisions the capacity of the customers table",
        apply=_billing("PROVISIONED"),
        repair=_billing("PAY_PER_REQUEST"),
        expected_findings=_failing("deploy.table.structured", f"table/{_TABLE}"),
    ),
)
