"""One hash over every catalogue row that the proof depends on: while it stands, so does what was proven."""

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
"""The OIDs of PostgreSQL's own objects that the proof relies on, by kind, as statements are given them."""
VERSION_15: Final = 150000
"""The version from which there are grants on parameters, and schemas in publications."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    value: str
    version: int


def fingerprint(database: DatabaseClient) -> str:
    """The sha256 of the catalogues as they are, in 64 hex digits; no statistics, data or temporary tables move it.

    Defaults in the server's own files and of ALTER SYSTEM are in no catalogue, and so not in it. Raises:
    ObservationError.
    """
    (first,) = database.query(load_statement("inventory_fingerprint"), _Part, BUILTIN_OIDS)
    if first.version < VERSION_15:
        return first.value
    (more,) = database.query(load_statement("inventory_fingerprint_more"), _Part, {})
    return hashlib.sha256(f"{first.value}{more.value}".encode()).hexdigest()
