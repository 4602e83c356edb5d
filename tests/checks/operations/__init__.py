"""Facts about every operation that a check calls, by service."""

from __future__ import annotations

from collections.abc import Mapping

from tests.checks.operations import databases, detection, identity, monitoring, services, storage
from tests.checks.operations.operation import Operation

_ALL = (
    *databases.OPERATIONS,
    *identity.OPERATIONS,
    *storage.OPERATIONS,
    *services.OPERATIONS,
    *monitoring.OPERATIONS,
    *detection.OPERATIONS,
)
OPERATIONS: Mapping[str, Operation] = {each.name: each for each in _ALL}
assert len(OPERATIONS) == len(_ALL), "an operation has two rows"


def known(operation: str) -> Operation:
    """The facts about an operation. Raises: AssertionError, which says what to add."""
    assert operation in OPERATIONS, (
        f"find in the API reference how {operation} reports something that does not exist, and what an answer without "
        "content means: add a row to the module of its service in tests/checks/operations/"
    )
    return OPERATIONS[operation]
