"""The rows of the catalogue from which a manifest is drafted."""

from __future__ import annotations

from dataclasses import dataclass

from basewatch.postgres import DatabaseClient
from isolation.sql import load_statement


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogTable:
    """A relation; `read_by` and `written_by` are login roles subject to row-level security, without its owner."""

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
    """A policy: its expressions, the bodies of the functions it calls, and the columns and relations it names."""

    schema: str
    table: str
    expressions: tuple[str, ...]
    function_bodies: tuple[str, ...]
    columns: tuple[str, ...]
    other_relations: tuple[str, ...]


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
    """A user-defined role; `bypass_reasons` are the reasons why row-level security may not apply to it."""

    name: str
    bypass_reasons: tuple[str, ...]
    login: bool
    is_current_user: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """The rows of one reading of the catalogue."""

    database: str
    tables: tuple[CatalogTable, ...]
    policies: tuple[CatalogPolicy, ...]
    foreign_keys: tuple[CatalogForeignKey, ...]
    roles: tuple[CatalogRole, ...]


def read_catalog(database: DatabaseClient) -> Catalog:
    """Reads the catalogue for a draft; reads no user table. Raises: ObservationError."""
    return Catalog(
        database=database.source.rpartition("/")[2],
        tables=database.query(load_statement("draft_relations"), CatalogTable, {}),
        policies=database.query(load_statement("draft_policies"), CatalogPolicy, {}),
        foreign_keys=database.query(load_statement("draft_keys"), CatalogForeignKey, {}),
        roles=database.query(load_statement("draft_roles"), CatalogRole, {}),
    )
