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
