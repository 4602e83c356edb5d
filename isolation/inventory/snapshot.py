"""Reads the inventory: every catalogue that the proof needs, in one snapshot, with the CONNECT privilege only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from threading import Lock
from typing import Final, TypeVar

from basewatch import components
from basewatch.errors import ObservationError
from basewatch.model import Reason
from basewatch.postgres import DatabaseClient, Parameters, Row
from basewatch.tenancy import Tenancy
from isolation.inventory import Inventory, Server
from isolation.inventory._catalog_rows import (
    PolicyRow,
    PublicationSchemaRow,
    ServerRow,
    SharedValues,
    TextRow,
)
from isolation.inventory.approval_digests import read_definitions, with_digests
from isolation.inventory.code import Builtin, Cast, Domain, EventTrigger, Function, FunctionUse, RewriteRule, Trigger
from isolation.inventory.definitions import Definitions
from isolation.inventory.egress import (
    CatalogueRead,
    Extension,
    ForeignServer,
    LargeObjectGroup,
    Publication,
    ReplicationSlot,
    Subscription,
    SystemChange,
    SystemGrant,
)
from isolation.inventory.fingerprint import BUILTIN_OIDS, VERSION_15, fingerprint
from isolation.inventory.locks import read_past_locks
from isolation.inventory.redaction import redact_text, redact_tree
from isolation.inventory.relations import ForeignKey, Index, Relation
from isolation.inventory.roles import (
    DefaultPrivilege,
    Membership,
    OwnedObject,
    ParameterGrant,
    Role,
    RoleSetting,
    Schema,
    ServerSetting,
)
from isolation.sql import load_statement

R = TypeVar("R")
MAX_OBJECTS: Final = 250_000
"""The maximum number of relations, and of functions; a database with more of them is not read."""
_TRIES: Final = 3
_OLDEST: Final = 140000
_CACHED: Final = 4
_NONE: Final[Parameters] = {}


class _InventoryCache:
    """The latest inventories by key; one thread reads at a time, and the others wait."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._inventories: dict[tuple[object, ...], Inventory] = {}

    def get(
        self, key: tuple[object, ...], current_fingerprint: Callable[[], str], read: Callable[[], Inventory]
    ) -> Inventory:
        """The cached inventory of `key` if its fingerprint is current; otherwise the result of `read`, now cached."""
        with self._lock:
            cached = self._inventories.get(key)
            if cached is not None and current_fingerprint() == cached.server.fingerprint:
                return cached
            found = read()
            self._inventories = {**dict(list(self._inventories.items())[1 - _CACHED :]), key: found}
            return found


_CACHE: Final = _InventoryCache()


def inventory(database: DatabaseClient, component: components.Database) -> Inventory:
    """The inventory of a database, read once for all observations of a run while the catalogues do not change.

    Raises: ObservationError; stale if the catalogues change during every attempt, unsupported if there are too many
    objects or the version is too old.
    """
    key = (database.run, database.address, database.principal, component.ref, component.tenancy.words)
    return _CACHE.get(key, lambda: fingerprint(database), lambda: _read_unchanged(database, component))


def _read_unchanged(database: DatabaseClient, component: components.Database) -> Inventory:
    def read(locked: Parameters) -> Inventory:
        with database.snapshot():
            return _read(database, component.tenancy, fingerprint(database), locked)

    for _ in range(_TRIES):
        found = read_past_locks(database, read)
        # The server takes policies and printed definitions from its caches, not from the snapshot.
        if fingerprint(database) == found.server.fingerprint:
            return found
    raise ObservationError(
        Reason.STALE,
        f"the catalogues changed during each of {_TRIES} readings",
        remedy="Wait for the migration to end; the next pass reads the catalogues again.",
    )


def _read(database: DatabaseClient, tenancy: Tenancy, current: str, locked: Parameters) -> Inventory:
    parameters: Parameters = {"context": tenancy.context_settings}
    (server,) = database.query(load_statement("inventory_server"), ServerRow, parameters)
    if server.version_num < _OLDEST:
        raise ObservationError(Reason.UNSUPPORTED, f"PostgreSQL {server.version_num // 10000} is not supported")
    recent = server.version_num >= VERSION_15
    definitions = read_definitions(database, locked, recent=recent)
    functions = _functions(database, tenancy, definitions, locked)
    found = Inventory(
        server=_server(database, server, current),
        roles=_rows(database, "roles", Role),
        memberships=_rows(database, "memberships", Membership),
        role_settings=_rows(database, "role_settings", RoleSetting),
        parameter_grants=_rows(database, "parameter_grants", ParameterGrant) if recent else (),
        default_privileges=_rows(database, "default_privileges", DefaultPrivilege),
        schemas=_rows(database, "schemas", Schema),
        relations=_relations(database),
        policies=tuple(p.policy(tenancy.words, definitions) for p in _rows(database, "policies", PolicyRow, locked)),
        indexes=tuple(_redacted_index(each, tenancy.words) for each in _rows(database, "indexes", Index, locked)),
        foreign_keys=_rows(database, "foreign_keys", ForeignKey),
        functions=functions,
        triggers=_rows(database, "triggers", Trigger),
        rewrite_rules=_rows(database, "rewrite_rules", RewriteRule),
        event_triggers=_rows(database, "event_triggers", EventTrigger),
        casts=_rows(database, "casts", Cast),
        domains=_rows(database, "domains", Domain),
        builtins=database.query(load_statement("inventory_builtins"), Builtin, BUILTIN_OIDS),
        publications=_publications(database, recent=recent),
        subscriptions=_rows(database, "subscriptions", Subscription),
        replication_slots=_rows(database, "replication_slots", ReplicationSlot),
        extensions=_rows(database, "extensions", Extension),
        foreign_servers=_rows(database, "foreign_servers", ForeignServer),
        large_objects=_rows(database, "large_objects", LargeObjectGroup),
        system_grants=_rows(database, "system_grants", SystemGrant),
        function_uses=_rows(database, "function_uses", FunctionUse),
        owned_objects=_rows(database, "owned_objects", OwnedObject),
        server_settings=_rows(database, "server_settings", ServerSetting),
        catalogue_reads=_rows(database, "catalogue_reads", CatalogueRead),
        system_changes=database.query(load_statement("inventory_system_changes"), SystemChange, SINCE_INITDB),
    )
    return with_digests(found, definitions)


SINCE_INITDB: Final[Parameters] = {"since": ""}
"""The parameters of inventory_system_changes for the objects that were changed since initdb."""
_BOUND: Final[Parameters] = {"most": str(MAX_OBJECTS + 1)}


def _rows(database: DatabaseClient, name: str, kind: type[R], parameters: Parameters = _NONE) -> tuple[R, ...]:
    return database.query(load_statement(f"inventory_{name}"), kind, parameters)


def _bounded(found: tuple[R, ...], what: str) -> tuple[R, ...]:
    if len(found) > MAX_OBJECTS:
        raise ObservationError(
            Reason.UNSUPPORTED,
            f"the database has more than {MAX_OBJECTS} {what}, so nothing can be proven",
            remedy="Declare a database with fewer objects, such as that of one application.",
        )
    return found


def _server(database: DatabaseClient, row: ServerRow, current: str) -> Server:
    aurora = _rows(database, "aurora", TextRow) if row.is_aurora else ()
    return Server(
        version_num=row.version_num,
        aurora_version=aurora[0].value if aurora else "",
        database=row.database,
        database_oid=row.database_oid,
        database_owner=row.database_owner,
        database_grants=row.database_grants,
        standby=row.standby,
        fingerprint=current,
        context_defaults=row.context_defaults,
        json_operators_are_built_in=row.json_operators_are_built_in,
    )


def _relations(database: DatabaseClient) -> tuple[Relation, ...]:
    sharing = SharedValues()

    def shared(row: Row) -> Row:
        for column in row["columns"]:
            sharing.share(column, "name", "type_name")
        return sharing.share(row, "schema", "extension", "server")

    found = database.query(load_statement("inventory_relations"), Relation, _BOUND, adjust=shared)
    return _bounded(found, "relations")


def _functions(
    database: DatabaseClient, tenancy: Tenancy, definitions: Definitions, locked: Parameters
) -> tuple[Function, ...]:
    sharing = SharedValues()

    def redacted(row: Row) -> Row:
        tree = row["tree"]
        sharing.share(row, "schema", "language", "extension")
        row["body"] = redact_text(row["body"], tenancy.words)
        row["tree"] = None if tree is None else redact_tree(tree, tenancy.words)
        row["digest"] = definitions.digest(f"function {row['oid']}")
        return row

    parameters: Parameters = {**_BOUND, **locked, "context": tenancy.context_settings}
    found = database.query(load_statement("inventory_functions"), Function, parameters, adjust=redacted)
    return _bounded(found, "functions")


def _redacted_index(index: Index, context_settings: Sequence[str]) -> Index:
    if not (index.keys or index.condition or index.exclusion_text):
        return index
    keys = tuple(redact_text(key, context_settings) for key in index.keys)
    texts = (redact_text(text, context_settings) for text in (index.condition, index.exclusion_text))
    condition, exclusion_text = texts
    return replace(index, keys=keys, condition=condition, exclusion_text=exclusion_text)


def _publications(database: DatabaseClient, *, recent: bool) -> tuple[Publication, ...]:
    found = _rows(database, "publications", Publication)
    if not recent:
        return found
    schemas: dict[str, list[str]] = defaultdict(list)
    for published in _rows(database, "publication_schemas", PublicationSchemaRow):
        schemas[published.publication].append(published.schema)
    return tuple(replace(publication, schemas=tuple(schemas[publication.name])) for publication in found)
