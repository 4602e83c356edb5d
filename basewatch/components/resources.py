"""The AWS resources that the components of a configuration are, by the kind and name that a listing shows."""

from __future__ import annotations

from collections.abc import Iterable

from basewatch.components.component import AwsComponent, Component
from basewatch.components.databases import AuroraCluster
from basewatch.components.services import Api, Function
from basewatch.components.storage import AuditBucket, DumpBackups

_NAME_IN_ARN = 6


def declared_resources(components: Iterable[Component]) -> frozenset[str]:
    """Every resource that these components are, such as `function/auth`; of a cluster, its instances and its proxy."""
    return frozenset(name for each in components if isinstance(each, AwsComponent) for name in _names(each))


def _names(component: AwsComponent) -> tuple[str, ...]:
    match component:
        case AuroraCluster(proxy=proxy):
            cluster = f"{component.kind}/{component.name}"
            instances = tuple(f"db_instance/{name}" for name in component.instances)
            return (cluster, *instances, f"db_proxy/{proxy.name}") if proxy else (cluster, *instances)
        case AuditBucket():
            return (f"bucket/{component.name}",)
        case DumpBackups(bucket=bucket):
            return (f"bucket/{bucket}",)
        case Function(unqualified_name=name):
            return (f"{component.kind}/{_plain(name)}",)
        case Api(type="http" | "websocket"):
            # Only REST APIs are listed with the others.
            return (f"v2_api/{component.name}",)
        case _:
            return (f"{component.kind}/{_plain(component.name)}",)


def _plain(name: str) -> str:
    """The name without the ARN around it."""
    return ":".join(name.split(":")[_NAME_IN_ARN:]) or name if name.startswith("arn:") else name
