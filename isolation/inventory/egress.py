"""Egress: publications, subscriptions, slots, foreign servers, extensions, large objects and system grants."""

from __future__ import annotations

from dataclasses import dataclass

from isolation.inventory.roles import Grant


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """A publication; `filtered` are the relations of `relations` that have a row filter."""

    name: str
    owner: int
    all_tables: bool
    schemas: tuple[str, ...]
    relations: tuple[int, ...]
    filtered: tuple[int, ...]
    digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A subscription of this database."""

    name: str
    owner: int
    enabled: bool
    digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicationSlot:
    """A logical replication slot of this database; `digest` covers its name and plugin."""

    name: str
    plugin: str
    digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """An installed extension; its `digest` survives an update: it covers the name, schema, owner and later grants."""

    name: str
    version: str
    schema: str
    owner: int
    digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignServer:
    """A foreign server; `mapped_roles` are the roles with a user mapping, 0 for PUBLIC.

    Options are never stored: the digest covers those of the server, which are not secret; those of user mappings are
    not read.
    """

    name: str
    wrapper: str
    owner: int
    mapped_roles: tuple[int, ...]
    grants: tuple[Grant, ...]
    digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LargeObjectGroup:
    """All large objects with the same owner and grants: their `count` and the lowest OID."""

    lowest_oid: int
    owner: int
    grants: tuple[Grant, ...]
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemGrant:
    """A privilege on a system object that neither initdb nor an extension granted (pg_init_privs).

    `kind` is relation, column, function, schema, language, foreign_data_wrapper or type; `name` is qualified. The
    privilege OWNER means that the object belongs to `grantee` instead of the bootstrap superuser.
    """

    kind: str
    name: str
    grantee: int
    privilege: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemChange:
    """A built-in object that was changed since initdb, or has a property or an owner that PostgreSQL gives to none.

    `kind` is function, operator, cast, type, view and others; `traits` are such properties, as `is LEAKPROOF`; `owner`
    is empty for the bootstrap superuser. `digest` covers the definition, and neither grants nor owner;
    `leakproof_digest` is that of the same function as LEAKPROOF.
    """

    kind: str
    name: str
    traits: tuple[str, ...]
    owner: str
    digest: str
    leakproof_digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueRead:
    """A system relation that a view, or with `rule` a rule on a relation, reads; only restricted ones are listed.

    `readers` are the roles that may read the same columns themselves. `by_role` is true for a system view or function
    that shows each role its own share: a view shows that of its reader, a materialized view stores that of its owner.
    """

    reader: int
    rule: str
    relation: str
    readers: tuple[int, ...]
    by_role: bool
