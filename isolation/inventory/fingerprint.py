"""The fingerprint: one hash over every catalogue row that the proof depends on; a proof is valid until it changes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from basewatch.postgres import DatabaseClient, Parameters
from isolation.inventory.builtin_oids import expected_builtins
from isolation.sql import load_statement

_KINDS = ("operator", "function", "type")
BUILTIN_OIDS: Final[Parameters] = {
    kind: tuple(str(oid) for of, oid in expected_builtins() if of == kind) for kind in _KINDS
}
"""The OIDs of the built-in objects that the proof relies on, by kind, as parameters of statements."""
VERSION_15: Final = 150000
"""The first version with grants on parameters and with schemas in publications."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    value: str
    version: int


def fingerprint(database: DatabaseClient) -> str:
    """The sha256 of the current catalogues, in 64 hex digits; statistics, data and temporary tables do not change it.

    Defaults from postgresql.conf and ALTER SYSTEM are in no catalogue, and so are not covered. Raises:
    ObservationError.
    """
    (first,) = database.query(load_statement("inventory_fingerprint"), _Part, BUILTIN_OIDS)
    if first.version < VERSION_15:
        return first.value
    (since_15,) = database.query(load_statement("inventory_fingerprint_15"), _Part, {})
    return hashlib.sha256(f"{first.value}{since_15.value}".encode()).hexdigest()
