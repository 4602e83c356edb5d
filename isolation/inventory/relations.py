"""Relations, their columns, policies and constraints, as the catalogues say it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from isolation.inventory.roles import Grant


class RelationKind(StrEnum):
    """PostgreSQL's letter for what a relation is."""

    TABLE = "r"
    PARTITIONED = "p"
    VIEW = "v"
    MATERIALIZED_VIEW = "m"
    FOREIGN_TABLE = "f"
    SEQUENCE = "S"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column that is not dropped; `type` and `collation` are OIDs, `deterministic_collation` is of that collation.

    `generated` is pg_attribute's letter, or empty; `has_default` says that it has a DEFAULT or generation expression,
    and `constant_default` that this is a constant other than NULL. `grants` are those on the column alone.
    """

    number: int
    name: str
    type: int
    type_name: str
    not_null: bool
    collation: int
    deterministic_collation: bool
    has_default: bool
    constant_default: bool = False
    generated: str
    grants: tuple[Grant, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """One relation outside PostgreSQL's own schemas.

    `parents` are the relations it is a partition of, or inherits from. `security_invoker` and `security_barrier` are a
    view's options. `referenced_relations` are the relations a view or materialized view reads, by its rules, and
    `referenced_functions` what else it calls that is not PostgreSQL's own. `digest` is of a view's definition, options
    and owner, empty for others. `extension` is the one it belongs to, or empty; `server` is a foreign table's. A crash
    empties what is `unlogged`.
    """

    oid: int
    schema: str
    name: str
    kind: RelationKind
    owner: int
    partition: bool
    rls_enabled: bool
    rls_forced: bool
    security_invoker: bool
    security_barrier: bool
    temporary: bool
    parents: tuple[int, ...]
    referenced_relations: tuple[int, ...]
    referenced_functions: tuple[int, ...] = ()
    columns: tuple[Column, ...]
    grants: tuple[Grant, ...]
    digest: str
    extension: str
    server: str = ""
    unlogged: bool = False

    @property
    def is_table(self) -> bool:
        """Whether row-level security can stand on it."""
        return self.kind in {RelationKind.TABLE, RelationKind.PARTITIONED}

    def column(self, name: str) -> Column | None:
        """The column with this name."""
        return next((column for column in self.columns if column.name == name), None)


class Command(StrEnum):
    """What a policy is for."""

    SELECT = "SELECT"
    INSERT = "INSERT"
    UPDATE = "UPDATE"
    DELETE = "DELETE"
    ALL = "ALL"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredExpression:
    """A stored expression: its node tree, its text and its digest.

    Constants that might be a tenant's id are blanked in both. The tree is without locations. The digest is of the
    whole tree, before blanking.
    """

    tree: str
    text: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One policy (pg_policy); a `roles` of (0,) means PUBLIC. Absent WITH CHECK, USING is asked in its place.

    `referenced_functions`, `operators`, `relations` and `other_dependencies` are what it depends on that is not
    PostgreSQL's own (pg_depend), by OID; `other_dependencies` counts types, collations and whatever else. Its own table
    is not among the relations.
    """

    oid: int
    relation: int
    name: str
    permissive: bool
    command: Command
    roles: tuple[int, ...]
    using: StoredExpression | None
    check: StoredExpression | None
    functions: tuple[int, ...]
    operators: tuple[int, ...]
    relations: tuple[int, ...]
    other_dependencies: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """One index; `columns` are those of its key, without INCLUDE, and column 0 is an expression.

    `nulls_distinct` is false for UNIQUE NULLS NOT DISTINCT. `partial` says that it has a WHERE. What is not `immediate`
    may be violated until the end of a transaction.
    """

    oid: int
    relation: int
    name: str
    columns: tuple[int, ...]
    unique: bool
    exclusion: bool
    primary: bool
    valid: bool
    partial: bool
    nulls_distinct: bool
    immediate: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignKey:
    """A foreign key; `on_delete` and `on_update` are pg_constraint's letters (a, r, c, n, d)."""

    relation: int
    name: str
    columns: tuple[int, ...]
    target: int
    target_columns: tuple[int, ...]
    on_delete: str
    on_update: str
    validated: bool
