"""Gives every object of an inventory that can be approved its digest, and says what the digests cover."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from basewatch.postgres import DatabaseClient, Parameters
from isolation.inventory import Inventory
from isolation.inventory.definitions import Coverage, Definition, Definitions
from isolation.inventory.own_digest import with_own_digest
from isolation.sql import load_statement

_PARTS = ("functions", "relations", "events", "types", "egress")


def read_definitions(database: DatabaseClient, locked: Parameters, *, recent: bool) -> Definitions:
    """What digests can cover in a database; `recent` is true from version 15.

    `locked` has the OIDs of locked relations, on which nothing is printed. Raises: ObservationError.
    """
    parts = (*_PARTS, "publications_15") if recent else _PARTS
    statements = [load_statement(f"definitions_{part}") for part in parts]
    read = (database.query(each, Definition, locked, adjust=with_own_digest) for each in statements)
    return Definitions(row for rows in read for row in rows)


def with_digests(found: Inventory, definitions: Definitions) -> Inventory:
    """The inventory with the digests of its objects; those of policies and functions are there already."""
    digest = definitions.digest
    return replace(
        found,
        relations=tuple(
            replace(each, digest=digest(f"relation {each.oid}")) if each.kind in {"v", "m"} else each
            for each in found.relations
        ),
        triggers=tuple(replace(each, digest=digest(f"trigger {each.oid}")) for each in found.triggers),
        rewrite_rules=tuple(
            replace(each, digest=digest(f"rule {each.relation} {each.name}")) for each in found.rewrite_rules
        ),
        event_triggers=tuple(
            replace(each, digest=digest(f"event trigger {each.name}")) for each in found.event_triggers
        ),
        publications=tuple(replace(each, digest=digest(f"publication {each.name}")) for each in found.publications),
        subscriptions=tuple(replace(each, digest=digest(f"subscription {each.name}")) for each in found.subscriptions),
        extensions=tuple(replace(each, digest=digest(f"extension {each.name}")) for each in found.extensions),
        foreign_servers=tuple(
            replace(each, digest=digest(f"foreign server {each.name}")) for each in found.foreign_servers
        ),
        coverage=tuple(_coverage(found, definitions)),
    )


def _coverage(found: Inventory, definitions: Definitions) -> Iterator[Coverage]:
    keys = (
        *(f"relation {each.oid}" for each in found.relations if each.kind in {"v", "m"}),
        *(f"function {each.oid}" for each in found.functions if not each.extension),
        *(f"trigger {each.oid}" for each in found.triggers),
        *(f"rule {each.relation} {each.name}" for each in found.rewrite_rules),
        *(f"event trigger {each.name}" for each in found.event_triggers),
        *(f"{clause} {each.oid}" for each in found.policies for clause in ("using", "check")),
    )
    each = {covered.digest: covered for covered in map(definitions.coverage, keys)}
    yield from (covered for covered in each.values() if covered.reached or covered.uncovered)
