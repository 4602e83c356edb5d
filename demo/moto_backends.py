"""Where moto keeps what it emulates: the account and region of the box, and the state behind each service."""

from __future__ import annotations

from typing import Any, cast

import moto.backends

ACCOUNT = "123456789012"
REGION = "us-east-1"
# moto keeps services without regions under the name of the partition.
_GLOBAL = frozenset({"s3", "iam", "sts"})


def backend(service: str) -> Any:
    """The state of one service in the box's account and region; what AWS lets nobody set is set here."""
    by_account = cast("Any", moto.backends).get_backend(service)
    return by_account[ACCOUNT]["aws" if service in _GLOBAL else REGION]


def patch(owner: type, name: str, value: Any) -> None:
    """Put `value` in the place of a method or property of one of moto's classes, for the whole process."""
    setattr(owner, name, value)
