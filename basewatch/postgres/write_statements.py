"""The statements of write probes: values are literals, so that a % in a name is no placeholder of the driver. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import LiteralString

from psycopg import sql

from basewatch.postgres.probe_types import ProbedRelation, belongs_to_tenant

CURSOR = sql.Identifier("basewatch_row")
"""The cursor on a row that a probe writes without reading it."""


class NewValue(StrEnum):
    """The value of a column in a copied row: that of the row, or a new one where values are unique."""

    COPY = "copy"
    SMALL_NUMBER = "small number"
    NUMBER = "number"
    UUID = "uuid"
    TEXT = "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class CopiedColumn:
    """One column of a copied row; a column that is left out gets its default."""

    name: str
    value: NewValue = NewValue.COPY


_NEW: dict[NewValue, LiteralString] = {
    NewValue.COPY: "r.{0}",
    NewValue.SMALL_NUMBER: "10000 + pg_catalog.floor(pg_catalog.random() * 20000)",
    NewValue.NUMBER: "1000000000 + pg_catalog.floor(pg_catalog.random() * 1000000000)",
    NewValue.UUID: "pg_catalog.gen_random_uuid()",
    NewValue.TEXT: "pg_catalog.left(pg_catalog.md5(pg_catalog.random()::pg_catalog.text), pg_catalog.length(r.{0}))",
}


def key_columns(relation: ProbedRelation) -> tuple[str, ...]:
    """The columns of the tenant key, or those that reference the parent."""
    return relation.key or tuple(own for own, _ in relation.on)


def names(columns: Sequence[str]) -> sql.Composed:
    """Column names, separated by commas."""
    return sql.SQL(", ").join(map(sql.Identifier, columns))


def insert_statement(relation: ProbedRelation, key: Sequence[object], nulls: Sequence[str]) -> sql.Composed:
    """INSERT of a row with this key, and NULL in the columns `nulls`, also in an identity column."""
    columns = (*key_columns(relation)[: len(key)], *nulls)
    if not columns:
        return sql.SQL("INSERT INTO {} DEFAULT VALUES").format(relation.identifier)
    values = (*map(sql.Literal, key), *(sql.NULL for _ in nulls))
    return sql.SQL("INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE VALUES ({})").format(
        relation.identifier, names(columns), sql.SQL(", ").join(values)
    )


def copy_statement(
    relation: ProbedRelation, key: Sequence[object], columns: Sequence[CopiedColumn], *, of: tuple[str, ...]
) -> sql.Composed:
    """INSERT of a copy of a row of the tenant `of`, with this key, or with its own if `key` is empty."""
    replaced = dict(zip(key_columns(relation), key, strict=False))
    others = [column for column in columns if column.name not in replaced]
    values = [
        *map(sql.Literal, replaced.values()),
        *(sql.SQL(_NEW[column.value]).format(sql.Identifier(column.name)) for column in others),
    ]
    return sql.SQL("INSERT INTO {0} ({1}) OVERRIDING SYSTEM VALUE SELECT {2} FROM {0} AS r WHERE {3} LIMIT 1").format(
        relation.identifier,
        names((*replaced, *(column.name for column in others))),
        sql.SQL(", ").join(values),
        belongs_to_tenant(relation, of),
    )


def reassignment(relation: ProbedRelation, key: Sequence[object]) -> sql.Composed:
    """The SET list that gives a row this key."""
    each = zip(key_columns(relation), key, strict=True)
    return sql.SQL(", ").join(
        sql.SQL("{} = {}").format(sql.Identifier(column), sql.Literal(value)) for column, value in each
    )
