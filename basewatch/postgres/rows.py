"""Rows of a result, converted as they arrive, so that a large result is never kept twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeAlias, TypeVar

import orjson
import psycopg
from psycopg import capabilities
from psycopg.rows import dict_row
from psycopg.types.json import set_json_loads

from basewatch.errors import ObservationError
from basewatch.facts import from_json
from basewatch.model import Reason

R = TypeVar("R")
Row: TypeAlias = dict[str, Any]
"""A row of a result by column, before it is converted."""
_AT_ONCE: Final = 500


def converted_rows(
    connection: psycopg.Connection,
    query: bytes,
    parameters: Mapping[str, object],
    kind: type[R],
    adjust: Callable[[Row], Row] | None,
) -> Iterator[R]:
    """The rows of a query as `kind`, each changed by `adjust` before. Raises: psycopg.Error; ObservationError."""
    cursor = connection.cursor(row_factory=dict_row)
    set_json_loads(orjson.loads, cursor)
    try:
        for row in _rows(cursor, query, parameters):
            yield from_json(kind, adjust(row) if adjust else row)
    except (ValueError, NotImplementedError) as error:
        # Of pydantic, of JSON, and of the driver: text in another encoding, a date in another style.
        detail = f"the result has an unexpected form ({type(error).__name__})"
        remedy = "Check that the address is that of the database, and its encoding and DateStyle; else report it."
        raise ObservationError(Reason.UNSUPPORTED, detail, remedy=remedy) from error


def _rows(cursor: psycopg.Cursor[Row], query: bytes, parameters: Mapping[str, object]) -> Iterator[Row]:
    if capabilities.has_stream_chunked():
        yield from cursor.stream(query, parameters, size=_AT_ONCE)
    else:
        cursor.execute(query, parameters)
        while some := cursor.fetchmany(_AT_ONCE):
            yield from some
