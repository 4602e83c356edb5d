"""The condition that the text of a row contains the id of a tenant, in any column and also in JSON."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from uuid import UUID

from psycopg import sql

from basewatch.postgres.context_values import id_in

# An id of fewer characters occurs in other texts by chance.
_SHORTEST = 8


def ids_of(
    canaries: Iterable[tuple[Sequence[str], Sequence[str]]], claim: tuple[str, ...]
) -> tuple[tuple[str, ...], ...]:
    """The ids of canaries, and the ids in the values of their contexts, which may be those of users."""
    return tuple(
        ids for own, values in canaries for ids in (tuple(own), tuple(id_in(value, claim) for value in values))
    )


def mentions_one_of(
    columns: Sequence[str], tenants: Sequence[Sequence[str]], names: Sequence[str]
) -> sql.Composable | None:
    """The condition that the row with alias r mentions one of these ids in one of the columns; None if none can tell.

    A uuid is found with or without hyphens, and a text of at least eight characters as it is. A number is found as the
    value of one of these names or of one that begins like it, as in {"account_id": 7}. Of a composite id, all
    parts must be in the row.
    """
    row = sql.SQL(", ").join(sql.Identifier("r", column) for column in columns)
    text = sql.SQL('pg_catalog.lower(ROW({})::pg_catalog.text COLLATE pg_catalog."C")').format(row)
    found = [
        sql.SQL("({})").format(sql.SQL(" AND ").join(each for each in parts if each is not None))
        for tenant in tenants
        if None not in (parts := [_part(text, value, names) for value in tenant])
    ]
    return sql.SQL("({})").format(sql.SQL(" OR ").join(found)) if columns and found else None


def _part(text: sql.Composable, value: str, names: Sequence[str]) -> sql.Composable | None:
    try:
        digits = UUID(value).hex
    except ValueError:
        digits = ""
    if digits:
        plain = sql.SQL("pg_catalog.replace({}, '-', '')").format(text)
        return sql.SQL("pg_catalog.strpos({}, {}) OPERATOR(pg_catalog.>) 0").format(plain, sql.Literal(digits))
    if value.lstrip("-").isdigit():
        # In the text of a row, quotes are doubled.
        pattern = rf'\m({"|".join(re.escape(name.lower()) for name in names)})\w*"*\s*[:=]\s*"*{re.escape(value)}\M'
        return sql.SQL("{} OPERATOR(pg_catalog.~) {}").format(text, sql.Literal(pattern))
    if len(value) < _SHORTEST:
        return None
    return sql.SQL("pg_catalog.strpos({}, {}) OPERATOR(pg_catalog.>) 0").format(text, sql.Literal(value.lower()))
