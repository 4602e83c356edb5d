"""The observation of the inventory: every catalogue the proof needs, at one moment, with CONNECT alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Final, TypeVar

from basewatch import components
from basewatch.errors import ObservationError
from basewatch.model import Reason
from basewatch.postgres import DatabaseClient, Parameters
from basewatch.tenancy import Tenancy
from isolation.inventory import Inventory, Server
from isolation.inventory._cache import InventoryCache
from isolation.inventory._catalog_rows import (
    EventTriggerRow,
    PolicyRow,
    PublicationSchemaRow,
    ServerRow,
    TextRow,
    TriggerRow,
)
from isolation.inventory.code import Builtin, Cast, Function, RewriteRule
from isolation.inventory.egress import (
    Extension,
    ForeignServer,
    LargeObjectGroup,
    Publication,
    ReplicationSlot,
    Subscription,
    SystemGrant,
)
from isolation.inventory.fingerprint import BUILTIN_OIDS, VERSION_15, fingerprint
from isolation.inventory.redaction import redact_text, redact_tree
from isolation.inventory.relations import ForeignKey, Index, Relation
from isolation.inventory.roles import DefaultPrivilege, Membership, ParameterGrant, Role, RoleSetting, Schema
from isolation.sql import load_statement

R = TypeVar("R")
MAX_OBJECTS: Final = 20_000
"""How many relations, and how many functions, are looked at; with more, it does not look at all."""
_TRIES: Final = 3
_OLDEST: Final = 140000
_LATEST: Final = InventoryCache()


def inventory(database: DatabaseClient, component: components.Database) -> Inventory:
    """The inventory of one moment, read once for all observations of a run while the catalogues stand still.

    Raises: ObservationError; stale, when they never stood still, and unsupported, when there is too much to look at.
    """
    of = (database.run, database.source, database.principal, component.ref, component.tenancy.context)
    return _LATEST.get(of, lambda: fingerprint(database), lambda: _settled(database, component))


def _settled(database: DatabaseClient, component: components.Database) -> Inventory:
    for _ in range(_TRIES):
        with database.snapshot():
            before = fingerprint(database)
            found = _read(database, component.tenancy, before)
        # Policies and printed definitions come from the server's caches and not from the snapshot.
        if fingerprint(database) == before:
            return found
    raise ObservationError(
        Reason.STALE,
        f"the catalogues changed during each of {_TRIES} readings",
        remedy="Wait for the migration to end; the next pass looks again.",
    )


def _read(database: DatabaseClient, tenancy: Tenancy, seen: str) -> Inventory:
    contexts: Parameters = {"context": tenancy.context}
    (server,) = database.query(load_statement("inventory_server"), ServerRow, contexts)
    if server.version_num < _OLDEST:
        raise ObservationError(Reason.UNSUPPORTED, f"PostgreSQL {server.version_num // 10000} is not supported")
    functions = _functions(database, tenancy)
    recent = server.version_num >= VERSION_15
    by_oid = {function.oid: function for function in functions}
    return Inventory(
        server=_server(database, server, seen),
        roles=_rows(database, "roles", Role),
        memberships=_rows(database, "memberships", Membership),
        role_settings=_rows(database, "settings", RoleSetting),
        parameter_grants=_rows(database, "parameter_grants", ParameterGrant) if recent else (),
        default_privileges=_rows(database, "default_grants", DefaultPrivilege),
        schemas=_rows(database, "schemas", Schema),
        relations=_few(database.query(load_statement("inventory_relations"), Relation, _BOUND), "relations"),
        policies=tuple(p.policy(tenancy.context) for p in _rows(database, "policies", PolicyRow)),
        indexes=_rows(database, "indexes", Index),
        foreign_keys=_rows(database, "foreign_keys", ForeignKey),
        functions=functions,
        triggers=tuple(t.trigger(by_oid) for t in _rows(database, "triggers", TriggerRow)),
        rewrite_rules=_rows(database, "rules", RewriteRule),
        event_triggers=tuple(t.event_trigger(by_oid) for t in _rows(database, "event_triggers", EventTriggerRow)),
        casts=_rows(database, "casts", Cast),
        builtins=database.query(load_statement("inventory_builtins"), Builtin, BUILTIN_OIDS),
        publications=_publications(database, recent=recent),
        subscriptions=_rows(database, "subscriptions", Subscription),
        replication_slots=_rows(database, "slots", ReplicationSlot),
        extensions=_rows(database, "extensions", Extension),
        foreign_servers=_rows(database, "servers", ForeignServer),
        large_objects=_rows(database, "large_objects", LargeObjectGroup),
        system_grants=_rows(database, "system_grants", SystemGrant),
    )


_BOUND: Final[Parameters] = {"most": str(MAX_OBJECTS + 1)}


def _rows(database: DatabaseClient, name: str, kind: type[R]) -> tuple[R, ...]:
    return database.query(load_statement(f"inventory_{name}"), kind, {})


def _few(found: tuple[R, ...], what: str) -> tuple[R, ...]:
    if len(found) > MAX_OBJECTS:
        raise ObservationError(
            Reason.UNSUPPORTED,
            f"there are more than {MAX_OBJECTS} {what}, so that none of it can be called proven",
            remedy="Declare the database of one application, or report the need.",
        )
    return found


def _server(database: DatabaseClient, stored: ServerRow, seen: str) -> Server:
    aurora = _rows(database, "aurora", TextRow) if stored.is_aurora else ()
    return Server(
        version_num=stored.version_num,
        aurora_version=aurora[0].value if aurora else "",
        database=stored.database,
        database_oid=stored.database_oid,
        database_owner=stored.database_owner,
        database_grants=stored.database_grants,
        standby=stored.standby,
        fingerprint=seen,
        context_defaults=stored.context_defaults,
    )


def _functions(database: DatabaseClient, tenancy: Tenancy) -> tuple[Function, ...]:
    parameters: Parameters = {**_BOUND, "context": tenancy.context}
    found = _few(database.query(load_statement("inventory_functions"), Function, parameters), "functions")
    return tuple(_blanked(function, tenancy.context) for function in found)


def _blanked(function: Function, contexts: Sequence[str]) -> Function:
    return replace(
        function,
        body=redact_text(function.body, contexts),
        tree=None if function.tree is None else redact_tree(function.tree, contexts),
    )


def _publications(database: DatabaseClient, *, recent: bool) -> tuple[Publication, ...]:
    found = _rows(database, "publications", Publication)
    if not recent:
        return found
    schemas: dict[str, list[str]] = defaultdict(list)
    for published in _rows(database, "publication_schemas", PublicationSchemaRow):
        schemas[published.publication].append(published.schema)
    return tuple(replace(publication, schemas=tuple(schemas[publication.name])) for publication in found)
