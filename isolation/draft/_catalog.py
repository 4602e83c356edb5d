"""What the catalogue says that a first manifest can be drafted from."""

from __future__ import annotations

from dataclasses import dataclass

from basewatch.postgres import DatabaseClient
from isolation.sql import load_statement


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogTable:
    """A relation; `read_by` and `written_by` are login roles that row-level security binds, its owner left out."""

    schema: str
    name: str
    kind: str
    owner: str
    rls_enabled: bool
    partition: bool
    columns: tuple[str, ...]
    types: tuple[str, ...]
    read_by: tuple[str, ...]
    written_by: tuple[str, ...]

    @property
    def full_name(self) -> str:
        """The name with its schema."""
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogPolicy:
    """A policy: its expressions, the bodies of functions it calls, its table's columns and the relations it names."""

    schema: str
    table: str
    expressions: tuple[str, ...]
    function_bodies: tuple[str, ...]
    columns: tuple[str, ...]
    other_relations: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogForeignKey:
    """A foreign key, its columns in the order of those they point at."""

    schema: str
    table: str
    columns: tuple[str, ...]
    target_schema: str
    target: str
    target_columns: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogRole:
    """A role that is not PostgreSQL's own; `bypass_reasons` say why row-level security may not bind it."""

    name: str
    bypass_reasons: tuple[str, ...]
    login: bool
    is_current_user: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """What one look at the catalogue came to."""

    database: str
    tables: tuple[CatalogTable, ...]
    policies: tuple[CatalogPolicy, ...]
    foreign_keys: tuple[CatalogForeignKey, ...]
    roles: tuple[CatalogRole, ...]


def read_catalog(database: DatabaseClient) -> Catalog:
    """Reads what a draft is made of; no table is read. Raises: ObservationError."""
    return Catalog(
        database=database.source.rpartition("/")[2],
        tables=database.query(load_statement("draft_relations"), CatalogTable, {}),
        policies=database.query(load_statement("draft_policies"), CatalogPolicy, {}),
        foreign_keys=database.query(load_statement("draft_keys"), CatalogForeignKey, {}),
        roles=database.query(load_statement("draft_roles"), CatalogRole, {}),
    )
