"""Digests of database objects, compared with those that approvals name."""

from __future__ import annotations

from basewatch.errors import ObservationError
from basewatch.model import Reason

UNREAD = "unread: "
"""The beginning of the digest of an object of which a part could not be read; the rest names the part."""


def same_digest(found: str, approved: str | None) -> bool:
    """Whether the digest of an object is the approved one.

    Raises: ObservationError, if the object has an approval and could not be read.
    """
    if approved is not None and found.startswith(UNREAD):
        raise ObservationError(
            Reason.TIMEOUT,
            f"an approval could not be compared with what it approves: {found.removeprefix(UNREAD)} is locked",
            remedy="Run the check again when the lock is released.",
        )
    return found == approved
