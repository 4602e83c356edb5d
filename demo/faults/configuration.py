"""Faults of the emulated AWS's configuration: settings of the cluster, its proxy and the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from basewatch.model import Status
from demo.account import REGION, backend
from demo.faults.fault import ExpectedFinding, Fault

if TYPE_CHECKING:
    from demo.sandbox import Sandbox

_CLUSTER = "securebase-production"
_PROXY = "securebase-production-proxy"
_API = "securebase-production"


def _on_cluster(check: str) -> ExpectedFinding:
    return ExpectedFinding(check=check, component=f"aurora_cluster/{_CLUSTER}", status=Status.FAIL)


def _on_api(check: str) -> ExpectedFinding:
    return ExpectedFinding(check=check, component=f"api/{_API}", status=Status.FAIL)


def _cluster(**settings: Any) -> Callable[[Sandbox], None]:
    def modify(sandbox: Sandbox) -> None:
        rds = sandbox.aws.client("rds")
        rds.modify_db_cluster(DBClusterIdentifier=_CLUSTER, ApplyImmediately=True, **settings)

    return modify


def _zone(letter: str) -> Callable[[Sandbox], None]:
    def move(_sandbox: Sandbox) -> None:
        # An instance stays in its zone on AWS; it represents one that was created again.
        backend("rds").databases[f"{_CLUSTER}-2"].availability_zone = REGION + letter

    return move


def _proxy(**state: Any) -> Callable[[Sandbox], None]:
    def put(_sandbox: Sandbox) -> None:
        for name, value in state.items():
            setattr(backend("rds").db_proxies[_PROXY], name, value)

    return put


def _authorization(kind: str) -> Callable[[Sandbox], None]:
    def put(_sandbox: Sandbox) -> None:
        _api_resource("/invoices").resource_methods["GET"].authorization_type = kind

    return put


def _plan_rate(per_second: float) -> Callable[[Sandbox], None]:
    def put(_sandbox: Sandbox) -> None:
        (plan,) = backend("apigateway").usage_plans.values()
        plan.throttle = {**plan.throttle, "rateLimit": per_second}

    return put


def _api_resource(path: str) -> Any:
    api = next(api for api in backend("apigateway").apis.values() if api.name == _API)
    return next(resource for resource in api.resources.values() if resource.get_path() == path)


CONFIGURATION_FAULTS = (
    Fault(
        name="deletion-protection-off",
        title="Someone disables Aurora's protection from deletion",
        apply=_cluster(DeletionProtection=False),
        repair=_cluster(DeletionProtection=True),
        expected_findings=(_on_cluster("backup.aurora.deletion_protection"),),
    ),
    Fault(
        name="capacity-changed",
        title="Someone lets Aurora scale to 64 capacity units",
        apply=_cluster(ServerlessV2ScalingConfiguration={"MinCapacity": 0.5, "MaxCapacity": 64}),
        repair=_cluster(ServerlessV2ScalingConfiguration={"MinCapacity": 0.5, "MaxCapacity": 4}),
        expected_findings=(_on_cluster("availability.aurora.capacity"),),
    ),
    Fault(
        name="one-zone",
        title="Both instances of Aurora are in one availability zone",
        apply=_zone("a"),
        repair=_zone("b"),
        expected_findings=(_on_cluster("availability.aurora.zones"),),
    ),
    Fault(
        name="proxy-without-tls",
        title="The proxy accepts connections without TLS",
        apply=_proxy(require_tls=False),
        repair=_proxy(require_tls=True),
        expected_findings=(_on_cluster("encryption.proxy.require_tls"),),
    ),
    Fault(
        name="proxy-suspended",
        title="AWS suspends the proxy, because it has no addresses left",
        apply=_proxy(status="suspended"),
        repair=_proxy(status="available"),
        expected_findings=(_on_cluster("inventory.proxy.available"),),
    ),
    Fault(
        name="route-open",
        title="Someone removes the authorizer from the invoices' route",
        apply=_authorization("NONE"),
        repair=_authorization("CUSTOM"),
        expected_findings=(_on_api("access.api.authorizer"),),
    ),
    Fault(
        name="rate-limit-raised",
        title="Someone raises the usage plan to ten times its rate",
        apply=_plan_rate(10_000 / 60),
        repair=_plan_rate(1000 / 60),
        expected_findings=(_on_api("access.api.rate_limit"),),
    ),
)
