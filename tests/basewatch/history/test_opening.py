"""A history opens fast and whole, or says what is wrong without saying a password."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, text

from basewatch.errors import HistoryError
from basewatch.history import ChainVerification
from basewatch.history.schema import HEAD, MIGRATIONS
from basewatch.history.store import History
from basewatch.history.tables import metadata
from tests.fakes import a_finding, a_run


def test_the_migrations_build_the_tables(url: str) -> None:
    """What the revisions build is what the queries expect, and HEAD is the last revision."""
    History.open(url).close()
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))

    engine = create_engine(url)
    with engine.connect() as connection:
        difference = compare_metadata(MigrationContext.configure(connection), metadata)
    engine.dispose()

    assert difference == []
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


def test_an_up_to_date_history_opens_without_migrating(tmp_path: Path) -> None:
    """Opening a second time does not even load the migration tool; nor does the package load the toolkit."""
    url = f"sqlite:///{tmp_path}/history.db"
    History.open(url).close()
    script = (
        "import sys, basewatch.history, alerts; assert 'sqlalchemy' not in sys.modules\n"
        f"from basewatch.history.store import History; History.open({url!r}).close()\n"
        "assert 'alembic' not in sys.modules"
    )

    subprocess.run([sys.executable, "-c", script], check=True)


def test_a_newer_schema_is_left_alone(url: str) -> None:
    """A history that a newer Basewatch wrote is refused and not touched."""
    History.open(url).close()
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()

    with pytest.raises(HistoryError, match="newer Basewatch"):
        History.open(url)


def test_a_writer_elsewhere_is_waited_for_and_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When another process holds the lock for too long, the error says that one is writing."""
    monkeypatch.setattr("basewatch.history.engine.LOCK_TIMEOUT_SECONDS", 0)
    path = tmp_path / "history.db"
    with History.open(f"sqlite:///{path}") as history, sqlite3.connect(path, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(HistoryError, match="another process is writing"):
            history.record(a_run(a_finding()), ())
        other.execute("ROLLBACK")
        history.record(a_run(a_finding()), ())
    other.close()


def test_a_reader_does_not_wait_for_a_writer(tmp_path: Path) -> None:
    """While one process writes, another still reads the state before."""
    path = tmp_path / "history.db"
    with History.open(f"sqlite:///{path}") as history:
        recorded = history.record(a_run(a_finding()), ())
        with sqlite3.connect(path, isolation_level=None) as other:
            other.execute("BEGIN IMMEDIATE")
            other.execute("DELETE FROM transitions")
            assert history.run() == recorded
            other.execute("ROLLBACK")
        other.close()


def test_a_file_in_the_folders_place_is_said(tmp_path: Path) -> None:
    """A history whose folder cannot be created says which."""
    (tmp_path / "out").write_text("a file")

    with pytest.raises(HistoryError, match=r"folder .*out cannot be created"):
        History.open(f"sqlite:///{tmp_path}/out/history.db")


def test_a_place_that_cannot_be_written_says_what_to_do(tmp_path: Path) -> None:
    """A history that SQLite cannot open says where, and that it must be writable."""
    with pytest.raises(HistoryError, match="unable to open database file; make the file and its folder writable"):
        History.open(f"sqlite:///{tmp_path}")


def test_another_kind_of_file_is_left_alone(tmp_path: Path) -> None:
    """A file that is no database is not overwritten."""
    path = tmp_path / "history.db"
    path.write_text("dear diary, " * 100)

    with pytest.raises(HistoryError, match="not a database; move the file away"):
        History.open(f"sqlite:///{path}")

    assert path.read_text().startswith("dear diary")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://historian:hunter2@127.0.0.1:1/basewatch",
        "postgresql://historian:hunter2@127.0.0.1:1/basewatch?application_name=hunter2",
        "mysql://historian:hunter2@127.0.0.1/basewatch",
        "hunter2",
        "postgresql://historian:hunter2@127.0.0.1:port/basewatch",
    ],
)
def test_a_password_is_never_said(url: str) -> None:
    """An unusable URL is an error for people, and nothing in it or behind it says the password."""
    with pytest.raises(HistoryError) as caught:
        History.open(url)

    error: BaseException | None = caught.value
    while error is not None:
        assert "hunter2" not in f"{error} {error!r}"
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def test_only_the_owner_reads_a_new_history(tmp_path: Path) -> None:
    """The file, and the log beside it, are readable by their owner alone; the mode of an existing file is kept."""
    path = tmp_path / "history.db"
    names = ("history.db", "history.db-wal", "history.db-shm")
    with History.open(f"sqlite:///{path}"):
        assert [(tmp_path / name).stat().st_mode & 0o777 for name in names] == [0o600] * 3
    path.chmod(0o640)
    History.open(f"sqlite:///{path}").close()
    assert path.stat().st_mode & 0o777 == 0o640


def _session(connection: Connection) -> int:
    driver: Any = connection.connection.driver_connection
    return int(driver.info.backend_pid)


@pytest.mark.parametrize("at", ["before_cursor_execute", "commit"])
@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_a_session_that_is_lost_while_recording_costs_nothing(url: str, at: str) -> None:
    """PostgreSQL ends the session once, within the transaction or as it is committed: the run is recorded, once."""
    with History.open(url) as history:
        lost: list[str] = []

        def lose(connection: Connection, *_: object) -> None:
            if not lost:
                lost.append(at)
                with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as other:
                    other.execute("SELECT pg_terminate_backend(%s)", [_session(connection)])

        event.listen(Engine, at, lose)
        try:
            recorded = history.record(a_run(a_finding()), ())
        finally:
            event.remove(Engine, at, lose)
        assert lost == [at]
        assert history.run() == recorded
        assert history.verify() == ChainVerification(verified_runs=1)
