"""Reads definitions while tables are locked: PostgreSQL prints none of a table that another session holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from basewatch.errors import ObservationError
from basewatch.model import Reason
from basewatch.postgres import DatabaseClient, Parameters
from isolation.sql import load_statement

R = TypeVar("R")
_TRIES: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class _LockedRelation:
    oid: int


def read_past_locks(database: DatabaseClient, read: Callable[[Parameters], R]) -> R:
    """The result of `read`; after a timeout again, with the OIDs of the locked relations as the parameter `locked`.

    Its statements print nothing of those. Raises: ObservationError, as `read` does; the timeout, if no lock explains
    it.
    """
    locked: tuple[str, ...] = ()
    for _ in range(_TRIES - 1):
        try:
            return read({"locked": locked})
        except ObservationError as error:
            found = _locked(database) if error.reason is Reason.TIMEOUT else ()
            if set(found) <= set(locked):
                raise
            locked = found
    return read({"locked": locked})


def _locked(database: DatabaseClient) -> tuple[str, ...]:
    found = database.query(load_statement("inventory_locked"), _LockedRelation, {})
    return tuple(str(each.oid) for each in found)
