"""What a fault is: one named way to break the box, its repair, and exactly the findings it must cause."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from basewatch.model import Status

if TYPE_CHECKING:
    from demo.box import Sandbox


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class ExpectedFinding:
    """One finding that is not green; an empty `subject` is the component itself."""

    check: str
    component: str
    subject: str = ""
    status: Status = Status.FAIL


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One switch: `apply` breaks the running box, `repair` undoes just that, `expected_findings` is all a pass then finds."""

    name: str
    title: str
    apply: Callable[[Sandbox], None]
    repair: Callable[[Sandbox], None]
    expected_findings: tuple[ExpectedFinding, ...]
