"""Column types that read back exactly what was written, on SQLite and on PostgreSQL."""

from __future__ import annotations

import zlib
from datetime import UTC, datetime

import orjson
from sqlalchemy import DateTime, Dialect, LargeBinary, Text
from sqlalchemy.types import TypeDecorator

from basewatch.facts import canonical


class UtcTimestamp(TypeDecorator[datetime]):
    """An aware UTC time to the microsecond; SQLite has no time zones, so only UTC is ever stored."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002, D102  # SQLAlchemy's
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002, D102  # SQLAlchemy's
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class JsonText(TypeDecorator[object]):
    """A JSON value in its canonical form."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: object, dialect: Dialect) -> str:  # noqa: ARG002, D102  # SQLAlchemy's
        return canonical(value).decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> object:  # noqa: ARG002, D102  # SQLAlchemy's
        return None if value is None else orjson.loads(value)


class CompressedJson(TypeDecorator[object]):
    """A large JSON value in its canonical form, compressed; a window of series shrinks more than tenfold."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: object, dialect: Dialect) -> bytes:  # noqa: ARG002, D102  # SQLAlchemy's
        return zlib.compress(canonical(value))

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> object:  # noqa: ARG002, D102  # SQLAlchemy's
        return None if value is None else orjson.loads(zlib.decompress(value))
