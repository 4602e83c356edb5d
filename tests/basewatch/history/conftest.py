"""A history on each kind of database, empty for every test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from basewatch.history.store import History
from demo.database import SandboxDatabase


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a history that does not exist yet, and afterwards does not exist again."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/deep/basewatch.db"
        return
    database: SandboxDatabase = request.getfixturevalue("box_database")
    yield database.history_url
    _empty(database.history_url)


@pytest.fixture
def history(url: str) -> Iterator[History]:
    """An open, empty history."""
    with History.open(url) as opened:
        yield opened


def _empty(url: str) -> None:
    with psycopg.connect(url.replace("postgresql+psycopg://", "postgresql://")) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        for (table,) in tables:
            connection.execute(sql.SQL("DROP TABLE {} CASCADE").format(sql.Identifier(table)))
