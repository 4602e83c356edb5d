"""SQL statements on the PostgreSQL catalogues, one per file, each with the catalogues and privileges it needs."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from basewatch.postgres import Statement

_HERE = Path(__file__).parent


@cache
def load_statement(name: str) -> Statement:
    """The statement in `<name>.sql`; evidence names it `name`."""
    return Statement(name=name, text=(_HERE / f"{name}.sql").read_text(encoding="utf-8"))
