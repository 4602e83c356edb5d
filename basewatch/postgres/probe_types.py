"""Types of probes: canaries, contexts without a tenant, probed relations, outcomes, and row conditions."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from psycopg import sql

# SQLSTATE prefixes of inconclusive errors: locks, timeouts, serialization, resources, the server, and statements that
# the server does not understand, as after a change of the schema.
_INCONCLUSIVE = ("08", "25", "40", "53", "54", "57", "58", "XX", "55P03", "42")
# A missing privilege, a setting that does not exist, and an always generated column are answers.
_ANSWERS = frozenset({"42501", "42704", "428C9"})


class Canary(StrEnum):
    """One of the two synthetic tenants: probes act for no other tenant and write rows of no other."""

    A = "a"
    B = "b"

    @property
    def other(self) -> Canary:
        """The canary that this one must not reach."""
        return Canary.B if self is Canary.A else Canary.A


class NoTenant(StrEnum):
    """A context that names no existing tenant: a random id, an empty text, or a LIKE wildcard."""

    UNKNOWN = "unknown"
    EMPTY = "empty"
    WILDCARD = "wildcard"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbedRelation:
    """A relation by schema and name, as in the catalogue, with its tenant key.

    `key` are the columns of the tenant. A relation without them may derive the tenant from its `parent`, where `on`
    pairs its own columns with those of the parent; without either it has no tenant. `allows_null_key` says that rows
    with a NULL key belong to no tenant and may be read by all, as in a view with an outer join. `has_global_rows` says
    that rows without a tenant, or of a parent row without one, are everybody's by the manifest; with `global_values`,
    those whose columns have these values. `own` says that its key is the user whom the context names.
    """

    schema: str
    name: str
    key: tuple[str, ...] = ()
    parent: ProbedRelation | None = None
    on: tuple[tuple[str, str], ...] = ()
    allows_null_key: bool = False
    has_global_rows: bool = False
    global_values: tuple[tuple[str, str], ...] = ()
    own: bool = False

    @property
    def keyed(self) -> bool:
        """Whether the tenant of its rows is known."""
        return bool(self.key) or self.parent is not None

    @property
    def of_users(self) -> bool:
        """Whether its rows, or those of its parent, belong to users and not to tenants."""
        return self.own or (self.parent is not None and self.parent.of_users)

    @property
    def identifier(self) -> sql.Identifier:
        """The qualified and quoted name."""
        return sql.Identifier(self.schema, self.name)

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"


class StoredKey(StrEnum):
    """Whose row a write left behind, where a trigger or a rule may replace the tenant key that was sent."""

    OWN = "own"
    OTHER = "other"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeOutcome:
    """The outcome of one attempt: the number of rows read or changed, or the SQLSTATE of its error.

    `no_partition` says that no partition accepts the new row, so that no policy was evaluated. `in_function` says that
    the error occurred in a function, such as that of a trigger, and `raised` that the function raised it itself.
    `stored` is whose row was written; None if the key that was sent is the one that is stored. `unindexed` are the
    large relations that a complete read would have to read as a whole, by their quoted names: then only the rows of
    the canaries and some blocks were read.
    """

    rows: int | None = None
    sqlstate: str | None = None
    no_partition: bool = False
    in_function: bool = False
    raised: bool = False
    stored: StoredKey | None = None
    unindexed: tuple[str, ...] = ()

    @property
    def conclusive(self) -> bool:
        """Whether the attempt returned rows or was rejected, rather than failing for an unrelated reason.

        A read in part is, as far as it goes.
        """
        if self.rows is not None or self.sqlstate in _ANSWERS:
            return True
        return not (self.sqlstate or "XX000").startswith(_INCONCLUSIVE)


# Values are literals, not parameters: the driver reads a % in a name as a placeholder, if there are parameters.
def belongs_to_tenant(relation: ProbedRelation, tenant: tuple[str, ...], row: str = "r") -> sql.Composable:
    """The condition that the row with alias `row` belongs to this tenant; NULL for a NULL key.

    Operators are qualified with pg_catalog, and values take the type of the column.
    """
    if relation.parent is not None:
        return _parent_row(relation, relation.parent, row, belongs_to_tenant(relation.parent, tenant, f"{row}p"))
    parts = [
        sql.SQL("{} OPERATOR(pg_catalog.=) {}").format(sql.Identifier(row, column), sql.Literal(value))
        for column, value in zip(relation.key, tenant, strict=True)
    ]
    return sql.SQL("({})").format(sql.SQL(" AND ").join(parts))


def belongs_to_other(relation: ProbedRelation, tenant: tuple[str, ...]) -> sql.Composable:
    """The condition that a row belongs to another tenant, or to none unless the relation `allows_null_key`."""
    condition = belongs_to_tenant(relation, tenant)
    if relation.has_global_rows:
        return sql.SQL("({} IS NOT TRUE AND NOT {})").format(condition, is_everybodys(relation))
    return sql.SQL("{} IS FALSE" if relation.allows_null_key else "{} IS NOT TRUE").format(condition)


def any_row(relation: ProbedRelation) -> sql.Composable:
    """The condition of any row; with a tenant, if the relation `allows_null_key` or has rows that are everybody's."""
    if relation.has_global_rows:
        return sql.SQL("NOT {}").format(is_everybodys(relation))
    if not relation.allows_null_key or not relation.key:
        return sql.SQL("true")
    parts = [sql.SQL("{} IS NOT NULL").format(sql.Identifier("r", column)) for column in relation.key]
    return sql.SQL(" AND ").join(parts)


def is_everybodys(relation: ProbedRelation, row: str = "r") -> sql.Composable:
    """The condition that the row with alias `row` has no tenant, nor has its parent row, in a relation of such rows."""
    if not relation.has_global_rows:
        return sql.SQL("false")
    if relation.parent is not None:
        above = f"{row}p"
        return _parent_row(relation, relation.parent, row, is_everybodys(relation.parent, above))
    parts = [sql.SQL("{} IS NULL").format(sql.Identifier(row, column)) for column in relation.key]
    if relation.global_values:
        parts = [
            sql.SQL("({} OPERATOR(pg_catalog.=) {}) IS TRUE").format(sql.Identifier(row, column), sql.Literal(value))
            for column, value in relation.global_values
        ]
    return sql.SQL("({})").format(sql.SQL(" AND ").join(parts))


def _parent_row(relation: ProbedRelation, parent: ProbedRelation, row: str, condition: sql.Composable) -> sql.Composed:
    above = f"{row}p"
    links = [
        sql.SQL("{} OPERATOR(pg_catalog.=) {}").format(sql.Identifier(above, theirs), sql.Identifier(row, own))
        for own, theirs in relation.on
    ]
    return sql.SQL("EXISTS (SELECT FROM {parent} AS {above} WHERE {links} AND {condition})").format(
        parent=parent.identifier, above=sql.Identifier(above), links=sql.SQL(" AND ").join(links), condition=condition
    )
