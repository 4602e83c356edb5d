"""Every probe works whatever the names of schema, table, columns, role and database are."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import LiteralString

import psycopg
import pytest
from psycopg import sql

from basewatch.model import Status
from demo.database import SandboxDatabase
from tests.checks.tenancy.probes.probing import another
from tests.checks.tenancy.probes.small_schemas import A, B, C, declared, probed, red

pytestmark = pytest.mark.slow

NAMES = (
    "100%",
    'a%s"b".c',
    "Größe %(x)s",
    "back\\slash'",
    "select",
    "UPPER Case",
    "1st",
    "ünïcödé 表",
    "$1 {} :x",
    "x" * 63,
    "current_user",
    "é" * 31,
)
SCHEMA: LiteralString = """
CREATE SCHEMA {name};
GRANT USAGE ON SCHEMA {name} TO {role}, basewatch;
CREATE TABLE {name}.{root} ({name} uuid PRIMARY KEY);
INSERT INTO {name}.{root} VALUES ({a}), ({b}), ({c});
GRANT SELECT ({name}) ON {name}.{root} TO basewatch;
CREATE TABLE {name}.{name} (
    {name} uuid NOT NULL, {other} int NOT NULL CHECK ({other} > 0), PRIMARY KEY ({name}, {other}));
INSERT INTO {name}.{name} SELECT {name}, 1 FROM {name}.{root};
ALTER TABLE {name}.{name} ENABLE ROW LEVEL SECURITY;
CREATE POLICY {name} ON {name}.{name} USING ({name} = nullif(current_setting('app.tenant', true), '')::uuid);
CREATE TABLE {name}.{child} (id int PRIMARY KEY, {child} uuid NOT NULL, {other} int NOT NULL);
INSERT INTO {name}.{child} SELECT row_number() OVER (), {name}, {other} FROM {name}.{name};
ALTER TABLE {name}.{child} ENABLE ROW LEVEL SECURITY;
CREATE POLICY {name} ON {name}.{child} USING (EXISTS (SELECT FROM {name}.{name} p WHERE p.{name} = {child} AND
    p.{other} = {name}.{child}.{other}));
GRANT SELECT, INSERT, UPDATE, DELETE ON {name}.{name}, {name}.{child} TO {role};
"""
OPEN: LiteralString = "CREATE POLICY more ON {name}.{name} USING ({other} > 0);"


def _named(name: str, text: LiteralString) -> str:
    short = name.encode()[:58].decode(errors="ignore")
    parts = {"name": name, "role": f"{short} r", "root": f"{short} t", "child": f"{short} c", "other": f"{short} o"}
    literals = {"a": A, "b": B, "c": C}
    return (
        sql.SQL(text)
        .format(
            **{key: sql.Identifier(value) for key, value in parts.items()},
            **{key: sql.Literal(value) for key, value in literals.items()},
        )
        .as_string(None)
    )


@contextmanager
def _role(box: SandboxDatabase, name: str) -> Generator[str, None, None]:
    role = f"{name.encode()[:58].decode(errors='ignore')} r"
    quoted = sql.Identifier(role)
    with psycopg.connect(box.superuser_url, autocommit=True) as connection:
        new = connection.info.server_version >= 160000
        connection.execute(sql.SQL("CREATE ROLE {}").format(quoted))
        options = sql.SQL(" WITH INHERIT FALSE, SET TRUE" if new else "")
        connection.execute(sql.SQL("GRANT {} TO basewatch").format(quoted) + options)
        try:
            yield role
        finally:
            connection.execute(sql.SQL("DROP ROLE {}").format(quoted))


@pytest.mark.parametrize(
    "name", [NAMES[0], *(pytest.param(n, marks=[pytest.mark.slow, pytest.mark.exhaustive]) for n in NAMES[1:])]
)
def test_names_are_quoted_in_every_probe(box_database: SandboxDatabase, name: str) -> None:
    """A sound schema of such names is green, and a leak in it is found by the probes that see its rows."""
    short = name.encode()[:58].decode(errors="ignore")
    with _role(box_database, name) as role:
        component = declared(
            schemas=[name],
            root=f"{short} t",
            root_key=[name],
            key=[name],
            keys={f"{short} c": {"parent": name, "on": {f"{short} c": name, f"{short} o": f"{short} o"}}},
            principals=[role],
        )
        with another(box_database, name, _named(name, SCHEMA)) as url:
            assert red(probed(url, component)) == {}
        with another(box_database, name, _named(name, SCHEMA + OPEN)) as url:
            found = red(probed(url, component))
    assert found == dict.fromkeys(
        ("cross_tenant", "canary_writes", "no_context", "counterexample", "sweep"), Status.FAIL
    ) | {"planner": Status.UNVERIFIED}
