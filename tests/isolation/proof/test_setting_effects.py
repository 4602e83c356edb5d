"""A function that may change the context is found, whatever changes it and however it is named."""

# All SQL is built from the constants of this file.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from basewatch.components import Database
from basewatch.postgres import connect
from basewatch.secrets import Reference, Secret
from demo.database import SandboxDatabase
from isolation.access.effective_access import effective_access
from isolation.inventory.snapshot import inventory
from isolation.proof import Prover
from tests.isolation.proof.recording import COMPONENT, NOW

_TEXT = "(text) RETURNS boolean LANGUAGE sql AS"
_BODY = "(text) RETURNS boolean LANGUAGE plpgsql AS"
PRESERVING = {
    "reads": f"{_TEXT} $$ SELECT $1 = current_setting('app.c', true) $$",
    "calls": f"{_TEXT} $$ SELECT s.reads($1) $$",
    "parsed": "(text) RETURNS boolean LANGUAGE sql BEGIN ATOMIC SELECT s.reads($1); END",
    "called_by_itself": f"{_BODY} $$ BEGIN RETURN s.called_by_itself($1); END $$",
    "named_after_a_string": f"{_TEXT} $$ SELECT $1 = 'update set delete' $$",
}
CHANGING = {
    "sets": f"{_TEXT} $$ SELECT set_config('app.c', $1, true) IS NOT NULL $$",
    "calls_it": f"{_TEXT} $$ SELECT s.sets($1) $$",
    "parsed_calls_it": "(text) RETURNS boolean LANGUAGE sql BEGIN ATOMIC SELECT s.sets($1); END",
    "in_a_circle": f"{_BODY} $$ BEGIN RETURN s.in_its_circle($1) AND s.sets($1); END $$",
    "in_its_circle": f"{_BODY} $$ BEGIN RETURN s.in_a_circle($1); END $$",
    "statement": f"{_BODY} $$ BEGIN SET app . c = 'x'; RETURN true; END $$",
    "inserts": f"{_BODY} $$ BEGIN INSERT INTO s.log VALUES ($1); RETURN true; END $$",
    "inserts_parsed": "(text) RETURNS boolean LANGUAGE sql BEGIN ATOMIC INSERT INTO s.log VALUES ($1);"
    " SELECT true; END",
    "updates": f"{_TEXT} $$ UPDATE pg_settings SET setting = $1 WHERE name = 'app.c'; SELECT true $$",
    "updates_parsed": "(text) RETURNS boolean LANGUAGE sql BEGIN ATOMIC WITH w AS (UPDATE pg_settings SET setting = $1"
    " WHERE name = 'app.c' RETURNING 1) SELECT true FROM w; END",
    "quotes": f"""{_TEXT} $$ SELECT "set_config"('app.c', $1, true) IS NOT NULL $$""",
    "escapes": rf"""{_TEXT} $$ SELECT U&"set\005fconfig"('app.c', $1, true) IS NOT NULL $$""",
    "a name": f"{_TEXT} $$ SELECT s.sets($1) $$",
    "calls_a_name": f'{_TEXT} $$ SELECT s."a name"($1) $$',
    "composes": f"{_BODY} $$ BEGIN EXECUTE 'SELECT 1'; RETURN true; END $$",
}
WITHOUT_NAME = {
    "OPERATOR s.=== (text, text)": "CREATE OPERATOR s.=== (LEFTARG = text, RIGHTARG = text, FUNCTION = s.both)",
    "CAST (text AS s.pair)": "CREATE CAST (text AS s.pair) WITH FUNCTION s.paired(text)",
    "DOMAIN s.checked": "CREATE DOMAIN s.checked AS text CHECK (s.sets(VALUE))",
}


@pytest.fixture(scope="module")
def database(box_database: SandboxDatabase) -> Iterator[psycopg.Connection]:
    """An empty database with the functions."""
    with psycopg.connect(box_database.superuser_url, autocommit=True) as outer:
        outer.execute("DROP DATABASE IF EXISTS effects WITH (FORCE)")
        outer.execute("CREATE DATABASE effects")
        with psycopg.connect(
            make_conninfo(box_database.superuser_url, dbname="effects"), autocommit=True
        ) as connection:
            connection.execute("CREATE SCHEMA s; CREATE TABLE s.log (line text); SET check_function_bodies = off")
            for name, text in {**PRESERVING, **CHANGING}.items():
                connection.execute(f'CREATE FUNCTION s."{name}"{text}'.encode())
            yield connection
        outer.execute("DROP DATABASE effects WITH (FORCE)")


def preserving(connection: psycopg.Connection) -> set[str]:
    """The names of the functions that change no setting."""
    url = make_conninfo(connection.info.dsn, password=connection.info.password)
    component = Database(name="e", cluster="e", url=Reference("env", "X"), tenancy=COMPONENT.tenancy)
    with connect(Secret("env:X", url), run="effects") as client:
        found = inventory(client, component)
    resolver = Prover(effective_access(found, COMPONENT.tenancy), NOW).resolver
    own = {one.name.partition("(")[0].removeprefix("s.").strip('"'): one for one in found.functions}
    return {
        name for name, function in own.items() if name in PRESERVING | CHANGING and resolver.preserves_context(function)
    }


def test_only_functions_that_change_nothing_preserve_the_context(database: psycopg.Connection) -> None:
    """A setting is changed by its function, by SET, by a write, which runs what it does not name, and by callees."""
    assert preserving(database) == set(PRESERVING)


def test_what_a_text_runs_without_a_name_counts(database: psycopg.Connection) -> None:
    """If an operator, a cast or a domain changes a setting, no text shows that it does not use it."""
    database.execute(
        b"CREATE TYPE s.pair AS (a text);"
        b"CREATE FUNCTION s.both(text, text) RETURNS boolean LANGUAGE sql AS $$ SELECT s.sets($1) $$;"
        b"CREATE FUNCTION s.paired(text) RETURNS s.pair LANGUAGE sql AS $$ SELECT ROW(s.sets($1)::text)::s.pair $$"
    )
    assert preserving(database) == set(PRESERVING)
    for name, statement in WITHOUT_NAME.items():
        database.execute(statement.encode())
        assert preserving(database) == set(), name
        database.execute(f"DROP {name}".encode())
