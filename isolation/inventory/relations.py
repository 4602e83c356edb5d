"""Relations with their columns, policies, indexes and foreign keys, as rows of the catalogues."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from isolation.inventory.roles import Grant


class RelationKind(StrEnum):
    """The kind of a relation, by PostgreSQL's letter (relkind)."""

    TABLE = "r"
    PARTITIONED = "p"
    VIEW = "v"
    MATERIALIZED_VIEW = "m"
    FOREIGN_TABLE = "f"
    SEQUENCE = "S"


_ID_TYPES = {
    2950: "uuid", 25: "text", 1043: "character varying", 1042: "character", 20: "bigint", 23: "integer",
    21: "smallint", 1700: "numeric",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column that is not dropped; `type` and `collation` are OIDs; of a domain, `base_type` is the type below.

    `deterministic_collation` is collisdeterministic of its collation. `generated` is pg_attribute's letter, or empty.
    `has_default` is true with a DEFAULT or a generation expression; `constant_default` is true if that is a constant
    other than NULL. `grants` are the grants on this column only.
    """

    number: int
    name: str
    type: int
    base_type: int = 0
    type_name: str
    not_null: bool
    collation: int
    deterministic_collation: bool
    has_default: bool
    constant_default: bool = False
    generated: str
    grants: tuple[Grant, ...]

    @property
    def id_type(self) -> int:
        """The OID of the type whose comparison says when two values are equal."""
        return self.base_type or self.type

    @property
    def id_type_name(self) -> str:
        """The name of that type if ids have it; otherwise the name of the column's own type."""
        return _ID_TYPES.get(self.base_type, self.type_name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """One relation outside PostgreSQL's own schemas.

    `parents` are the relations that it is a partition of or inherits from. `security_invoker` and `security_barrier`
    are options of a view. `referenced_relations` are the relations that a view or materialized view reads by its rules,
    and `referenced_functions` are the user-defined functions that it calls. `digest` covers a view and everything that
    it reaches (isolation.inventory.definitions), and is empty for others. `extension` is the extension that it belongs
    to, or empty; `server` is the server of a foreign table. `unlogged` tables are empty after a crash. With
    `changes_settings`, a view calls a built-in function that can change a setting.
    `replica_identity` is pg_class's letter (d, n, f, i): the columns of old rows that logical replication sends.
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
    digest: str = ""
    extension: str
    server: str = ""
    unlogged: bool = False
    changes_settings: bool = False
    replica_identity: str = "d"

    @property
    def is_table(self) -> bool:
        """Whether it can have row-level security."""
        return self.kind in {RelationKind.TABLE, RelationKind.PARTITIONED}

    def column(self, name: str) -> Column | None:
        """The column with this name."""
        return next((column for column in self.columns if column.name == name), None)


class Command(StrEnum):
    """The command that a policy applies to."""

    SELECT = "SELECT"
    INSERT = "INSERT"
    UPDATE = "UPDATE"
    DELETE = "DELETE"
    ALL = "ALL"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredExpression:
    """A stored expression: its node tree, its text and its digest.

    In the tree and the text, constants that could be a tenant's id are redacted. The tree has no locations. The digest
    covers the text before redaction, its columns, and everything that it reaches (isolation.inventory.definitions).
    """

    tree: str
    text: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One policy (pg_policy); `roles` (0,) means PUBLIC. Without WITH CHECK, USING applies to new rows too.

    `functions`, `operators` and `relations` are the OIDs of the user-defined objects that it depends on (pg_depend),
    without its own table; `other_dependencies` is the number of other ones, such as types and collations.
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

    @property
    def expressions(self) -> tuple[StoredExpression, ...]:
        """Its expressions: USING and WITH CHECK, where it has them."""
        return tuple(each for each in (self.using, self.check) if each is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """One index; `columns` are its key columns, without INCLUDE; 0 is an expression.

    `equality_columns` are the key columns in which only equal values conflict: not those with an operator other than =
    in an exclusion constraint, or with a user-defined operator class. `replica_identity` is true for the index that
    ALTER TABLE ... REPLICA IDENTITY USING names. `nulls_distinct` is false for UNIQUE NULLS NOT DISTINCT. `partial` is
    true with a WHERE condition. A constraint that is not `immediate` may be violated until the end of a transaction.
    `constraint` says that a constraint owns the index. With expressions, `keys` are the texts of all key columns;
    `condition` is that of WHERE, and `exclusion_text` the definition of an exclusion constraint; all are redacted.
    """

    oid: int
    relation: int
    name: str
    columns: tuple[int, ...]
    equality_columns: tuple[int, ...]
    replica_identity: bool = False
    unique: bool
    exclusion: bool
    primary: bool
    valid: bool
    partial: bool
    nulls_distinct: bool
    immediate: bool = True
    constraint: bool = False
    keys: tuple[str, ...] = ()
    condition: str = ""
    exclusion_text: str = ""


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
