"""The least privilege that a plan needs in AWS, as an IAM policy that names the declared resources."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias, assert_never

import orjson
from pydantic import BaseModel

from basewatch.components import AuditBucket, Component, DumpBackups
from basewatch.secrets import Reference
from collectors import resource_limits
from workflows.declared_arns import everywhere, places, resources
from workflows.plan import Plan

MANAGED_POLICY_CHARS = 6_144
"""The longest managed policy; IAM does not count spaces."""
INLINE_POLICY_CHARS = 10_240
"""The longest sum of the inline policies of a role."""
# Prefix of a database grant in the `needs` of a check; every other need is an IAM action.
_SQL = "sql:"
_LIST = "s3:ListBucket"
# Of these services, the actions that cannot be allowed on single resources are used in the declared regions only.
_IN_DECLARED_REGIONS = ("cloudwatch", "lambda", "sqs", "tag", "ec2")
_INVENTORY = "s3:GetInventoryConfiguration"

_Statement: TypeAlias = dict[str, Any]
_Condition: TypeAlias = Mapping[str, Mapping[str, list[str]]]


def iam_policy(plan: Plan) -> str:
    """The IAM policy of the reader role as JSON: every action of the planned checks and collectors.

    A monitoring account needs the same policy, and so does each account in which discovery describes resources.
    """
    return _document(_statements(plan))


def policy_parts(plan: Plan) -> tuple[str, ...]:
    """The same statements as managed policies, each of at most MANAGED_POLICY_CHARS characters without spaces."""
    parts: list[list[_Statement]] = [[]]
    for statement in _statements(plan):
        if parts[-1] and counted_chars(_document([*parts[-1], statement])) > MANAGED_POLICY_CHARS:
            parts.append([])
        parts[-1].append(statement)
    return tuple(map(_document, parts))


def size_remark(policy: str, parts: int) -> str:
    """What to know about a policy that is larger than a managed policy can be; empty for a smaller one."""
    size = counted_chars(policy)
    if size <= MANAGED_POLICY_CHARS:
        return ""
    inline = "it fits as an inline policy" if size <= INLINE_POLICY_CHARS else "no role can have it inline"
    return (
        f"the policy has {size:,} characters, a managed policy at most {MANAGED_POLICY_CHARS:,}: {inline}; "
        f"print it in {parts} managed policies by --part 1 to --part {parts}"
    )


def counted_chars(policy: str) -> int:
    """The size of a policy as IAM counts it."""
    return len("".join(policy.split()))


def _document(statements: Iterable[_Statement]) -> str:
    return orjson.dumps({"Version": "2012-10-17", "Statement": list(statements)}, option=orjson.OPT_INDENT_2).decode()


def _statements(plan: Plan) -> Iterator[_Statement]:
    """One statement for the actions of a service on the same resources, then those on everything."""
    alike = defaultdict[tuple[str, frozenset[str], bytes], list[str]](list)
    for action, arns in sorted(needed_resources(plan).items()):
        limits = orjson.dumps(_condition(plan, action, arns), option=orjson.OPT_SORT_KEYS)
        # Those on everything are in a statement of their own, whatever their service.
        alike[_service(action) if arns else "", arns, limits].append(action)
    counts = Counter[str]()
    for (service, arns, limits), actions in alike.items():
        if arns:
            counts[service] += 1
            sid = f"Read{service.replace('-', '').capitalize()}Part{counts[service]}"
            yield _statement(sid, actions, sorted(arns), orjson.loads(limits))
    yield from _inventories(plan)
    for (_, arns, limits), actions in alike.items():
        if not arns:
            condition = orjson.loads(limits)
            yield _statement(f"NoResourceLevel{'InRegions' if condition else ''}", actions, ["*"], condition)


def needed_resources(plan: Plan) -> Mapping[str, frozenset[str]]:
    """The ARNs on which the plan needs each IAM action; none for an action that AWS allows on no single resource."""
    components = defaultdict[str, dict[str, Component]](dict)
    for planned in plan.checks:
        for need in planned.check.needs:
            if not need.startswith(_SQL):
                components[need][planned.component.ref] = planned.component
    found = {action: resources(plan.config, action, each.values()) for action, each in components.items()}
    listed = tuple(places(plan.config))
    for action in collection_actions(plan):
        found[action] = found.get(action, frozenset()) | everywhere(action, listed)
    for action, arns in _secrets(plan).items():
        found[action] = found.get(action, frozenset()) | arns
    return {action: _without_covered(arns) for action, arns in found.items()}


def _without_covered(arns: frozenset[str]) -> frozenset[str]:
    """The ARNs without those that a pattern among them ends on the same beginning of."""
    patterns = [arn[:-1] for arn in arns if arn.endswith("*")]
    return frozenset(arn for arn in arns if not any(arn.startswith(each) and arn != f"{each}*" for each in patterns))


def _secrets(plan: Plan) -> Mapping[str, frozenset[str]]:
    """The secrets in AWS that a plan reads, by the action that reads them."""
    found = defaultdict[str, set[str]](set)
    here = next(places(plan.config), None)
    for reference in _references(plan.config):
        if reference.scheme == "aws-secretsmanager":
            found["secretsmanager:GetSecretValue"].add(reference.location.partition("#")[0])
        elif reference.scheme == "aws-ssm" and here is not None:
            name = reference.location.removeprefix("/")
            arn = name if name.startswith("arn:") else f"arn:aws:ssm:{here[1]}:{here[0]}:parameter/{name}"
            found["ssm:GetParameter"].add(arn)
    return {action: frozenset(arns) for action, arns in found.items()}


def _references(value: object) -> Iterator[Reference]:
    """Every secret reference in the settings."""
    if isinstance(value, Reference):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _references(each)
    elif isinstance(value, tuple | list):
        for each in value:
            yield from _references(each)
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _references(getattr(value, name))


def _condition(plan: Plan, action: str, arns: frozenset[str]) -> _Condition:
    """What narrows an action further than its resources."""
    service = _service(action)
    if not arns:
        return _regions(plan) if service in _IN_DECLARED_REGIONS else {}
    if action == "kms:Decrypt" and not any(
        isinstance(each, DumpBackups) and "kms" in each.format for each in plan.config.components
    ):
        # S3 decrypts what it serves; no key is used by Basewatch itself.
        return {"StringLike": {"kms:ViaService": ["s3.*.amazonaws.com"]}}
    if service == "s3":
        # A bucket that was deleted may come back as somebody else's.
        return {"StringEquals": {"aws:ResourceAccount": sorted({account for account, _ in places(plan.config)})}}
    return {}


def _regions(plan: Plan) -> _Condition:
    regions = sorted({region for _, region in places(plan.config)})
    return {"StringEquals": {"aws:RequestedRegion": regions}} if regions else {}


def _inventories(plan: Plan) -> Iterator[_Statement]:
    """Finding the inventories of a bucket, which are in any bucket of the account under its name."""
    names = {
        planned.component.name
        for planned in plan.checks
        if isinstance(planned.component, AuditBucket) and _INVENTORY in planned.check.needs
    }
    if names:
        owned = sorted({account for account, _ in places(plan.config)})
        condition = {
            "StringEquals": {"aws:ResourceAccount": owned},
            "StringLike": {"s3:prefix": [f"*{name}/*" for name in sorted(names)]},
        }
        yield _statement("FindInventories", [_LIST], ["arn:aws:s3:::*"], condition)


def _statement(sid: str, actions: list[str], arns: list[str], condition: _Condition) -> _Statement:
    statement: _Statement = {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": arns}
    return {**statement, "Condition": condition} if condition else statement


def _service(action: str) -> str:
    return action.partition(":")[0]


def collection_actions(plan: Plan) -> Iterator[str]:
    """Every IAM action that collection and discovery need; an action may come more than once."""
    collection, collectors = plan.config.collectors, {collector.name: collector for collector in plan.collectors}
    declared = {type(component) for component in plan.config.components}
    measured = {name for name, collector in collectors.items() if collector.component_type in declared}
    measured |= {wanted.collector for wanted in collection.discover}
    if measured:
        yield "cloudwatch:GetMetricData"
        yield from resource_limits.limit_needs(measured)
        if collection.exported_tags:
            yield "tag:GetResources"
    for wanted in collection.discover:
        match wanted.by:
            case "list":
                yield "cloudwatch:ListMetrics"
            case "tags":
                yield "tag:GetResources"
            case "describe":
                known = [collectors[wanted.collector]] if wanted.collector in collectors else []
                yield from (need for each in known for discovery in each.discovery_specs for need in discovery.needs)
            case _:
                assert_never(wanted.by)
        if collection.skip_idle:
            yield "cloudwatch:ListMetrics"
