"""What S3 does to the objects of a bucket as they age: its lifecycle rules, and whether it keeps versions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from basewatch.aws import AwsClient
from basewatch.aws.response import accepted_error, listed, optional, required
from basewatch.components import BucketComponent

_NO_RULES = "NoSuchLifecycleConfiguration"
LIFECYCLE_NEEDS = ("s3:GetBucketVersioning", "s3:GetLifecycleConfiguration")
"""The actions that reading it needs."""


class Versioning(StrEnum):
    """Whether a bucket keeps versions. S3 returns no state for a bucket that never did."""

    ENABLED = "Enabled"
    SUSPENDED = "Suspended"
    NEVER = "never enabled"


class _RuleStatus(StrEnum):
    ENABLED = "Enabled"
    DISABLED = "Disabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """A move to a storage class, at an age in days; None means on a date."""

    storage_class: str
    days: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LifecycleRule:
    """An enabled rule for the keys that begin with `prefix`.

    `tags` and the sizes, in bytes, narrow it further. `expires_days` and `expires_on` are of current versions,
    `noncurrent_days` of those that were replaced or deleted, of which `kept_versions` stay.
    """

    name: str
    prefix: str
    tags: tuple[str, ...] = ()
    larger_than: int = 0
    smaller_than: int | None = None
    expires_days: int | None = None
    expires_on: datetime | None = None
    noncurrent_days: int | None = None
    kept_versions: int = 0
    transitions: tuple[Transition, ...] = ()

    def covers(self, prefix: str, *, but_sizes_up_to: int = 0) -> bool:
        """Whether the rule is for all keys that begin with `prefix`, but for objects of so many bytes or less."""
        narrowed = self.tags or self.smaller_than is not None or self.larger_than > but_sizes_up_to
        return prefix.startswith(self.prefix) and not narrowed

    def __str__(self) -> str:
        parts = [f"prefix {self.prefix}"] if self.prefix else []
        parts += [f"tag {tag}" for tag in self.tags]
        parts += [f"larger than {self.larger_than} bytes"] if self.larger_than else []
        parts += [f"smaller than {self.smaller_than} bytes"] if self.smaller_than is not None else []
        return f"rule {self.name} for {' and '.join(parts) or 'all objects'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketLifecycle:
    """The enabled lifecycle rules of a bucket, how many are disabled, and its versioning.

    `smallest_moved` is what S3 moves at least, such as `all_storage_classes_128K`, or empty.
    """

    versioning: Versioning
    rules: tuple[LifecycleRule, ...]
    disabled: tuple[str, ...] = ()
    smallest_moved: str = ""


def bucket_lifecycle(aws: AwsClient, component: BucketComponent) -> BucketLifecycle:
    """The lifecycle of the bucket, by GetBucketVersioning and GetBucketLifecycleConfiguration."""
    versioning = aws.call("s3", "GetBucketVersioning", Bucket=component.bucket_name)
    state = optional(versioning, "Status", kind=Versioning) or Versioning.NEVER
    answer = aws.call(
        "s3", "GetBucketLifecycleConfiguration", accepted_errors=(_NO_RULES,), Bucket=component.bucket_name
    )
    if accepted_error(answer):
        return BucketLifecycle(versioning=state, rules=())
    enabled, disabled = list[LifecycleRule](), list[str]()
    for each in required(answer, "Rules", kind=list):
        if required(each, "Status", kind=_RuleStatus) is _RuleStatus.ENABLED:
            enabled.append(_rule(each))
        else:
            disabled.append(_name(each))
    return BucketLifecycle(
        versioning=state,
        rules=tuple(enabled),
        disabled=tuple(disabled),
        smallest_moved=optional(answer, "TransitionDefaultMinimumObjectSize", kind=str) or "",
    )


def _name(rule: Mapping[str, Any]) -> str:
    return optional(rule, "ID", kind=str) or "without a name"


def _rule(rule: Mapping[str, Any]) -> LifecycleRule:
    found = optional(rule, "Filter", kind=dict) or {}
    every = optional(found, "And", kind=dict) or {}
    prefixes = (found.get("Prefix"), every.get("Prefix"), rule.get("Prefix"))
    tags = (*listed(every, "Tags"), *([found["Tag"]] if found.get("Tag") else []))
    return LifecycleRule(
        name=_name(rule),
        prefix=next((str(each) for each in prefixes if each), ""),
        tags=tuple(f"{each.get('Key')}={each.get('Value')}" for each in tags),
        larger_than=_size(found, every, "ObjectSizeGreaterThan") or 0,
        smaller_than=_size(found, every, "ObjectSizeLessThan"),
        expires_days=optional(rule, "Expiration", "Days", kind=int) or None,
        expires_on=optional(rule, "Expiration", "Date", kind=datetime),
        noncurrent_days=optional(rule, "NoncurrentVersionExpiration", "NoncurrentDays", kind=int),
        kept_versions=optional(rule, "NoncurrentVersionExpiration", "NewerNoncurrentVersions", kind=int) or 0,
        transitions=tuple(_transitions(rule)),
    )


def _size(found: Mapping[str, Any], every: Mapping[str, Any], name: str) -> int | None:
    size = optional(found, name, kind=int)
    return optional(every, name, kind=int) if size is None else size


def _transitions(rule: Mapping[str, Any]) -> Iterator[Transition]:
    for each in listed(rule, "Transitions"):
        yield Transition(storage_class=required(each, "StorageClass", kind=str), days=optional(each, "Days", kind=int))
