"""The rows of the catalogue from which a manifest is drafted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from basewatch.postgres import DatabaseClient
from isolation.sql import load_statement


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogTable:
    """A relation; `read_by` and `written_by` are roles that act for tenants, without its owner.

    `types` are those of the columns, of a domain its base type. `inherits` is true of a partition as well.
    """

    schema: str
    name: str
    kind: str
    owner: str
    rls_enabled: bool
    rls_forced: bool
    inherits: bool
    columns: tuple[str, ...]
    types: tuple[str, ...]
    nullable: tuple[str, ...]
    read_by: tuple[str, ...]
    written_by: tuple[str, ...]

    @property
    def full_name(self) -> str:
        """The name with its schema."""
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogPolicy:
    """A policy, with the functions that it calls as schema.name, and the columns and relations that it names.

    `command` is the letter of pg_policy; all others are texts.
    """

    schema: str
    table: str
    command: str
    expressions: tuple[str, ...]
    functions: tuple[str, ...]
    columns: tuple[str, ...]
    other_relations: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogFunction:
    """The functions of one name, as schema.name, with their bodies as text."""

    name: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogForeignKey:
    """A foreign key; `columns` and `target_columns` have the same order."""

    schema: str
    table: str
    columns: tuple[str, ...]
    target_schema: str
    target: str
    target_columns: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogRole:
    """A user-defined role; `bypass_reasons` are the reasons why row-level security may not apply to it.

    `becomes` are the roles that it has by SET ROLE alone.
    """

    name: str
    bypass_reasons: tuple[str, ...]
    login: bool
    becomes: tuple[str, ...]
    is_current_user: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """The rows of one reading of the catalogue."""

    database: str
    tables: tuple[CatalogTable, ...]
    policies: tuple[CatalogPolicy, ...]
    functions: tuple[CatalogFunction, ...]
    foreign_keys: tuple[CatalogForeignKey, ...]
    roles: tuple[CatalogRole, ...]


def read_catalog(database: DatabaseClient) -> Catalog:
    """Reads the catalogue for a draft; reads no user table. Raises: ObservationError."""
    return Catalog(
        database=database.address.rpartition("/")[2],
        tables=database.query(load_statement("draft_relations"), CatalogTable, {}),
        policies=database.query(load_statement("draft_policies"), CatalogPolicy, {}),
        functions=database.query(load_statement("draft_functions"), CatalogFunction, {}),
        foreign_keys=database.query(load_statement("draft_keys"), CatalogForeignKey, {}),
        roles=database.query(load_statement("draft_roles"), CatalogRole, {}),
    )


def declared_name(full_name: str, schemas: Sequence[str]) -> str:
    """The name of a relation in the configuration: without its schema in the first one."""
    schema, _, name = full_name.partition(".")
    return name if schema == schemas[0] else full_name
