"""A fault: one named change that breaks the sandbox, its repair, and exactly the findings that it causes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from basewatch.model import Status

if TYPE_CHECKING:
    from demo.sandbox import Sandbox


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class ExpectedFinding:
    """One finding that is neither PASS nor NOT_APPLICABLE; an empty `subject` is the component itself."""

    check: str
    component: str
    subject: str = ""
    status: Status = Status.FAIL


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault: `apply` breaks the running sandbox and `repair` undoes it.

    Between the two, a run has exactly the `expected_findings`.
    """

    name: str
    title: str
    apply: Callable[[Sandbox], None]
    repair: Callable[[Sandbox], None]
    expected_findings: tuple[ExpectedFinding, ...]


def undeclared_or_gone(name: str) -> ExpectedFinding:
    """The finding of the account's inventory about a resource such as `queue/letters`."""
    return ExpectedFinding(
        check="drift.inventory.declared", component="aws_account/production", subject=name, status=Status.FAIL
    )
