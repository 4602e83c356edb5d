"""The emulated account: its number, region and names, the context of building its resources, and moto's state."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

import moto.backends

ACCOUNT = "123456789012"
REGION = "us-east-1"
PREFIX = "securebase-production"
"""The start of every resource name: platform and environment."""

PLATFORM_AGE = timedelta(days=420)
"""How long ago the platform was built: longer than any backup window."""

# moto stores services without regions under the name of the partition.
_GLOBAL_SERVICES = frozenset({"s3", "iam", "sts"})


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildContext:
    """What the resources are built with: `client` returns a boto3 client of a service, `dump` is a pg_dump archive.

    `answer` registers the answer to an operation that moto lacks: see demo.answered_operations.
    """

    client: Callable[[str], Any]
    answer: Callable[[str, Callable[[Mapping[str, Any]], Mapping[str, Any]]], None]
    now: datetime
    dump: bytes

    @property
    def built_at(self) -> datetime:
        """The creation time of the platform."""
        return self.now - PLATFORM_AGE


def backend(service: str) -> Any:
    """Moto's state of one service in the account and region, to set what no AWS API can set."""
    by_account = cast("Any", moto.backends).get_backend(service)
    return by_account[ACCOUNT]["aws" if service in _GLOBAL_SERVICES else REGION]


def patch(owner: type, name: str, value: Any) -> None:
    """Replace a method or property of one of moto's classes by `value`, in the whole process."""
    setattr(owner, name, value)
