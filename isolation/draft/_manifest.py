"""A drafted manifest, for a person to review."""

from __future__ import annotations

from dataclasses import dataclass

from isolation.draft._members import Membership

Names = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DerivedKey:
    """A table whose rows belong to the tenant of their parent row."""

    parent: str
    on: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A manifest to review, with the names of the configuration; a person must answer the `open_questions`.

    `global_rows` are tables with the columns and values by which rows are everybody's; without any, the key is NULL.
    `root` is empty if no foreign key identifies the table of the tenants, and `claim` if the context is no JSON.
    """

    context: Names
    claim: Names
    context_aliases: Names
    context_type: str
    schemas: Names
    root: str
    root_key: Names
    key: Names
    keys: tuple[tuple[str, Names | DerivedKey], ...]
    members: Membership | None
    principals: Names
    privileged: tuple[tuple[str, str], ...]
    table_count: int
    shared: Names
    global_rows: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    no_tenant: Names
    unforced_owners: Names
    open_questions: tuple[str, ...]
