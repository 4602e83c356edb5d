"""The ARNs of the declared resources on which an action is needed: as narrow as the configuration can say."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from basewatch.aws import resource_types as types
from basewatch.components import AwsComponent, Component
from basewatch.config import Config

_Names: TypeAlias = Callable[[Any], Iterable[str]]
_MOST_NAMES = 20
_KEY_ARN = re.compile(r"arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+")
_PARTITIONS = {"cn-": "aws-cn", "us-gov-": "aws-us-gov", "us-iso-": "aws-iso", "us-isob-": "aws-iso-b"}


def _own_name(component: Component) -> Iterable[str]:
    return (component.name,)


def _function(function: Any) -> Iterable[str]:
    """Its name, and that with the alias or version by which it is declared."""
    return (function.unqualified_name, function.name)


def _api(api: Any) -> Iterable[str]:
    """The paths of API Gateway's own API: the listing by which an API without a declared id is found, and the API."""
    if api.type != "rest":
        return (f"/apis/{api.id}", f"/apis/{api.id}/*")
    found = (f"/restapis/{api.id}", f"/restapis/{api.id}/*") if api.id else ("/restapis", "/restapis/*")
    return (*found, *(("/usageplans",) if api.rate_limit else ()))


def _secret(secret: Any) -> Iterable[str]:
    """Secrets Manager adds six characters to the name."""
    return (f"{secret.name}-??????",)


def _dumps(dumps: Any) -> Iterable[str]:
    return (f"{dumps.bucket}/{dumps.prefix}*",)


def _records(bucket: Any) -> Iterable[str]:
    """The objects, and the inventories of them: S3 writes these to any bucket, under the name of the one they list."""
    return (f"{bucket.name}/*", f"*/{bucket.name}/*")


# How a component names its resource of a type; of another type or kind, everything in its account is meant.
_NAMES: Mapping[str, Mapping[str, _Names]] = {
    types.BUDGET: {"aws_account": lambda account: (account.cost.budget,) if account.cost else ()},
    types.CLUSTER: {"aurora_cluster": _own_name},
    types.TABLE: {"table": _own_name},
    types.FUNCTION: {"function": _function},
    types.API: {"api": _api},
    types.QUEUE: {"queue": _own_name},
    types.RULE: {"event_rule": _own_name},
    types.CACHE_CLUSTER: {"cache_cluster": _own_name},
    types.VAULT: {"backup_vault": _own_name},
    types.SECRET: {"secret": _secret},
    types.BUCKET: {"audit_bucket": _own_name, "bucket": _own_name, "dump_backups": lambda dumps: (dumps.bucket,)},
    types.OBJECT: {"audit_bucket": _records, "dump_backups": _dumps},
}


def resources(config: Config, action: str, components: Iterable[Component]) -> frozenset[str]:
    """The ARNs on which `action` is needed for these components; empty when AWS allows it on no single resource."""
    found = set[str]()
    declared = tuple(components)
    for resource in types.RESOURCES_OF_ACTION.get(action, ()):
        by_place = dict[tuple[str, str], set[str]]()
        for component in declared:
            place = _place(config, component)
            by_place.setdefault(place, set()).update(_names(resource, component))
        for (account, region), all_names in by_place.items():
            found |= {_arn(resource, account, region, name) for name in _few(all_names)}
    return frozenset(found)


def distinct_requests(config: Config, needs: Iterable[tuple[str, Component]]) -> int:
    """How many requests differ by action or resource, for these actions on these components.

    A pass sends more where a listing has pages, or where a sample is drawn from what was listed.
    """
    return len(
        {
            (action, asked)
            for action, component in needs
            for asked in resources(config, action, (component,)) or (_place(config, component),)
        }
    )


def everywhere(action: str, places: Iterable[tuple[str, str]]) -> frozenset[str]:
    """The ARNs of every resource of `action` in these accounts and regions, for a listing of them."""
    return frozenset(
        _arn(resource, account, region, name)
        for resource in types.RESOURCES_OF_ACTION.get(action, ())
        for account, region in places
        for name in _everything(resource)
    )


def places(config: Config) -> Iterator[tuple[str, str]]:
    """Every declared account id and region."""
    for account in config.aws.accounts.values() if config.aws else ():
        for region in account.regions:
            yield account.id, region


def _names(resource: str, component: Component) -> Iterable[str]:
    """The names of a component's resources of this type."""
    names = _NAMES.get(resource, {}).get(component.kind)
    if names is not None:
        return names(component)
    # A key of another account is found as the others are, and known by its declared ARN alone.
    keys = _KEY_ARN.findall(component.model_dump_json()) if resource == types.KEY else ()
    return (*_everything(resource), *keys)


def _place(config: Config, component: Component) -> tuple[str, str]:
    """The account id and region of a component; the first declared ones by default."""
    if config.aws is None:
        return "*", "*"
    accounts = config.aws.accounts
    named, region = (component.account, component.region) if isinstance(component, AwsComponent) else (None, None)
    account = accounts[named or next(iter(accounts))]
    return account.id, region or account.regions[0]


def _everything(resource: str) -> tuple[str, ...]:
    return ("*/*",) if resource == types.OBJECT else ("*",)


def _few(names: set[str]) -> set[str]:
    """The names, or the pattern of their common beginning when there are too many for a policy."""
    if len(names) <= _MOST_NAMES:
        return names
    first, last = min(names), max(names)
    common = next((at for at, (one, other) in enumerate(zip(first, last, strict=False)) if one != other), len(first))
    return {f"{first[:common]}*"}


def _arn(resource: str, account: str, region: str, name: str) -> str:
    if name.startswith("arn:"):
        # A function may be declared by its ARN.
        return name
    arn = resource.format(account=account, region=region, name=name, object=name)
    partition = next((each for prefix, each in _PARTITIONS.items() if region.startswith(prefix)), "aws")
    return arn.replace("arn:aws:", f"arn:{partition}:", 1)
