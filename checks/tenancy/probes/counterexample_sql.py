"""Evaluation of a predicate on synthetic rows; no table is read."""

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
    """A synthetic table: its name, its columns with their types, and its rows.

    A row is the text of each column, in order; None is NULL.
    """

    name: str
    columns: tuple[tuple[str, str], ...]
    rows: tuple[tuple[str | None, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PredicateResult:
    """The indexes of the rows for which a predicate is TRUE, from 0; or the SQLSTATE of the evaluation."""

    rows: tuple[int, ...] = ()
    sqlstate: str | None = None


def evaluate_predicate(
    probe: TenantProbe, table: SyntheticTable, predicate: str, settings: Sequence[tuple[str, str]]
) -> PredicateResult:
    """The rows that pass a predicate with these settings, which are reset afterwards.

    The predicate is the output of pg_get_expr() with only pg_catalog in the search path. It must come from the
    catalogues and have no side effects. Raises: ObservationError, if the session is lost.
    """
    # Without parameters, a % in names, types and predicates from the catalogues is no placeholder of the driver.
    cast = [
        sql.SQL("{}::{} AS {}").format(sql.Identifier(f"c{number}"), _sql(type_name), sql.Identifier(name))
        for number, (name, type_name) in enumerate(table.columns)
    ]
    names = [sql.Identifier(f"c{number}") for number in range(len(table.columns))]
    columns = [[row[number] for row in table.rows] for number in range(len(table.columns))]
    arrays = [sql.SQL("{}::pg_catalog.text[]").format(sql.Literal(each)) for each in columns]
    query = sql.SQL(
        "SELECT {number} FROM (SELECT {values} FROM unnest({arrays}) WITH ORDINALITY AS synthetic ({names})) AS {name}"
        " WHERE {predicate}"
    ).format(
        number=sql.Identifier(_NUMBER),
        values=sql.SQL(", ").join([sql.SQL("n - 1 AS {}").format(sql.Identifier(_NUMBER)), *cast]),
        arrays=sql.SQL(", ").join(arrays),
        names=sql.SQL(", ").join([*names, sql.SQL("n")]),
        name=sql.Identifier(table.name),
        predicate=_sql(predicate),
    )
    connection = probe.connection
    try:
        with connection.transaction(force_rollback=True):
            set_local(connection, {"search_path": "pg_catalog", **dict(settings)})
            return PredicateResult(rows=tuple(sorted(row[0] for row in connection.execute(query).fetchall())))
    except psycopg.Error as error:
        if error.sqlstate is None or connection.closed:
            raise observation_error(error, operation="evaluating a policy on synthetic rows") from error
        return PredicateResult(sqlstate=error.sqlstate)


def _sql(text: str) -> sql.SQL:
    literal = cast("LiteralString", text)  # type: ignore[redundant-cast]  # the same type to mypy alone
    return sql.SQL(literal)
