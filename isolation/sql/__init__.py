"""The statements that observations of PostgreSQL ask: one to a file, each saying what it reads and needs."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from basewatch.postgres import Statement

_HERE = Path(__file__).parent


@cache
def load_statement(name: str) -> Statement:
    """The statement in `<name>.sql`, known in evidence by that name."""
    return Statement(name=name, text=(_HERE / f"{name}.sql").read_text(encoding="utf-8"))
