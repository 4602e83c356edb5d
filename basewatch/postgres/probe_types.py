"""Where a probe looks and what it is told: a relation with what says whose its rows are, and how an attempt ended."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from psycopg import sql

# Each says nothing of the question: locks and deadlines, conflicts between transactions, resources, the server itself.
_UNTOLD = ("08", "25", "40", "53", "54", "57", "58", "XX", "55P03", "42P01", "42703")


class Canary(StrEnum):
    """One of the two synthetic tenants: the only ones a probe ever acts for, and the only ones whose rows it writes."""

    A = "a"
    B = "b"

    @property
    def other(self) -> Canary:
        """The canary that this one must not reach."""
        return Canary.B if self is Canary.A else Canary.A


class NoTenant(StrEnum):
    """A context that names no tenant there is: a random one, an empty text, or a wildcard of LIKE."""

    UNKNOWN = "stranger"
    EMPTY = "empty"
    WILDCARD = "wildcard"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbedRelation:
    """A relation by schema and name, exactly as the catalogue spells them, and whose its rows are.

    `key` are the columns that hold the tenant. A relation without them may belong to its `parent`'s tenant, where `on`
    pairs its own columns with the parent's; one with neither says nothing of tenants. A `allows_null_key` one has rows
    that are nobody's and may be read by all, as a view has with an outer join.
    """

    schema: str
    name: str
    key: tuple[str, ...] = ()
    parent: ProbedRelation | None = None
    on: tuple[tuple[str, str], ...] = ()
    allows_null_key: bool = False

    @property
    def keyed(self) -> bool:
        """Whether it says whose its rows are."""
        return bool(self.key) or self.parent is not None

    @property
    def identifier(self) -> sql.Identifier:
        """Its qualified and quoted name."""
        return sql.Identifier(self.schema, self.name)

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeOutcome:
    """How one attempt ended: rows seen or changed, or the SQLSTATE with which it was refused.

    `no_partition` says that a new row had no partition to go to, so that no policy was asked.
    """

    rows: int | None = None
    sqlstate: str | None = None
    no_partition: bool = False

    @property
    def conclusive(self) -> bool:
        """Whether the server answered the question, with rows or by refusing, rather than failing over it."""
        return self.rows is not None or not (self.sqlstate or "XX000").startswith(_UNTOLD)


SqlCondition: TypeAlias = tuple[sql.Composable, tuple[str, ...]]


def belongs_to_tenant(relation: ProbedRelation, tenant: tuple[str, ...], row: str = "r") -> SqlCondition:
    """The condition that the row called `row` is this tenant's, with its parameters; never NULL-safe by itself.

    Operators are PostgreSQL's own by name, whatever the search path holds, and parameters take the column's type.
    """
    if relation.parent is not None:
        above = f"{row}p"
        inner, parameters = belongs_to_tenant(relation.parent, tenant, above)
        links = [
            sql.SQL("{} OPERATOR(pg_catalog.=) {}").format(sql.Identifier(above, theirs), sql.Identifier(row, own))
            for own, theirs in relation.on
        ]
        condition = sql.SQL("EXISTS (SELECT FROM {parent} AS {above} WHERE {links} AND {inner})").format(
            parent=relation.parent.identifier,
            above=sql.Identifier(above),
            links=sql.SQL(" AND ").join(links),
            inner=inner,
        )
        return condition, parameters
    parts = [sql.SQL("{} OPERATOR(pg_catalog.=) %s").format(sql.Identifier(row, column)) for column in relation.key]
    return sql.SQL("({})").format(sql.SQL(" AND ").join(parts)), tenant


def belongs_to_other(relation: ProbedRelation, tenant: tuple[str, ...]) -> SqlCondition:
    """The condition that a row is anyone's but this tenant's: nobody's as well, unless the place is `allows_null_key`."""
    condition, parameters = belongs_to_tenant(relation, tenant)
    return sql.SQL("{} IS FALSE" if relation.allows_null_key else "{} IS NOT TRUE").format(condition), parameters


def any_row(relation: ProbedRelation) -> SqlCondition:
    """The condition that there is a row, which says whose it is if the place is `allows_null_key`."""
    if not relation.allows_null_key or not relation.key:
        return sql.SQL("true"), ()
    parts = [sql.SQL("{} IS NOT NULL").format(sql.Identifier("r", column)) for column in relation.key]
    return sql.SQL(" AND ").join(parts), ()
