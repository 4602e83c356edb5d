"""Evaluates a policy's predicate over made-up rows: no table is read, and the rows never exist."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import LiteralString, cast

import psycopg
from psycopg import sql

from basewatch.postgres.errors import observation_error
from basewatch.postgres.tenant_probe import TenantProbe
from basewatch.postgres.transaction import set_local

_NUMBER = "basewatch row"


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntheticTable:
    """A table that is made up: the name and columns that a predicate speaks of, each with its type, and the rows.

    A row is the text of each column, in order; None is NULL.
    """

    name: str
    columns: tuple[tuple[str, str], ...]
    rows: tuple[tuple[str | None, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PredicateResult:
    """Which rows a predicate is TRUE for, by number from 0, or the SQLSTATE with which evaluating it ended."""

    rows: tuple[int, ...] = ()
    sqlstate: str | None = None


def evaluate_predicate(
    probe: TenantProbe, access: SyntheticTable, predicate: str, settings: Sequence[tuple[str, str]]
) -> PredicateResult:
    """The rows that a predicate lets pass while these settings hold; nothing stays set.

    The predicate is read as pg_get_expr() prints it with pg_catalog alone in the search path. It comes from the
    catalogues and must call nothing that changes anything. Raises: ObservationError, when the session is lost.
    """
    # Types and predicates are SQL text of the catalogues' own, in which % is no placeholder.
    cast = [
        sql.SQL("{}::{} AS {}").format(sql.Identifier(f"c{number}"), _sql(type_name), sql.Identifier(name))
        for number, (name, type_name) in enumerate(access.columns)
    ]
    names = [sql.Identifier(f"c{number}") for number in range(len(access.columns))]
    arrays = [sql.SQL("%s::pg_catalog.text[]") for _ in access.columns]
    query = sql.SQL(
        "SELECT {number} FROM (SELECT {values} FROM unnest({arrays}) WITH ORDINALITY AS made ({names})) AS {name}"
        " WHERE {predicate}"
    ).format(
        number=sql.Identifier(_NUMBER),
        values=sql.SQL(", ").join([sql.SQL("n - 1 AS {}").format(sql.Identifier(_NUMBER)), *cast]),
        arrays=sql.SQL(", ").join(arrays),
        names=sql.SQL(", ").join([*names, sql.SQL("n")]),
        name=sql.Identifier(access.name),
        predicate=_sql(predicate),
    )
    columns = [[row[number] for row in access.rows] for number in range(len(access.columns))]
    connection = probe.connection
    try:
        with connection.transaction(force_rollback=True):
            set_local(connection, {"search_path": "pg_catalog", **dict(settings)})
            return PredicateResult(rows=tuple(sorted(row[0] for row in connection.execute(query, columns).fetchall())))
    except psycopg.Error as error:
        if error.sqlstate is None or connection.closed:
            raise observation_error(error, operation="evaluating a policy on made-up rows") from error
        return PredicateResult(sqlstate=error.sqlstate)


def _sql(text: str) -> sql.SQL:
    literal = cast("LiteralString", text.replace("%", "%%"))  # type: ignore[redundant-cast]  # only pyright tells them apart
    return sql.SQL(literal)
