"""Ways out of the database: publications, slots, foreign servers, extensions, large objects, changed system objects."""

from __future__ import annotations

from dataclasses import dataclass

from isolation.inventory.roles import Grant


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """A publication; `filtered` are those of its `relations` that have a row filter."""

    name: str
    owner: int
    all_tables: bool
    schemas: tuple[str, ...]
    relations: tuple[int, ...]
    filtered: tuple[int, ...]
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A subscription of this database."""

    name: str
    owner: int
    enabled: bool
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicationSlot:
    """A logical replication slot on this database; `digest` is of its name and plugin."""

    name: str
    plugin: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """An installed extension; `digest` is of its name and schema, so that an update does not end what was vouched."""

    name: str
    version: str
    schema: str
    owner: int
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignServer:
    """A foreign server; `mapped_roles` are the roles with a user mapping, 0 for PUBLIC.

    Options are never kept: the server's own, which are no secret, are in the digest; those of mappings are not read.
    """

    name: str
    wrapper: str
    owner: int
    mapped_roles: tuple[int, ...]
    grants: tuple[Grant, ...]
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LargeObjectGroup:
    """All large objects with one owner and the same grants: `count` of them, of which `lowest_oid` is the lowest."""

    lowest_oid: int
    owner: int
    grants: tuple[Grant, ...]
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemGrant:
    """A privilege on an object of PostgreSQL's own that initdb or an extension did not grant (pg_init_privs).

    `kind` is relation, column, function, schema, language, foreign_data_wrapper or type; `name` is qualified. A
    privilege of OWNER says that the object belongs to `grantee`, and not to the server's first superuser.
    """

    kind: str
    name: str
    grantee: int
    privilege: str
