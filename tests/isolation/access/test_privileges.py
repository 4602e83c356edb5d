"""Privileges compared with a live server: for random grants, both give the same answers."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from isolation.access.effective_access import EffectiveAccess
from isolation.inventory.naming import quoted
from isolation.inventory.relations import Relation, RelationKind
from isolation.inventory.roles import Role
from tests.isolation.scratch_database import ScratchDatabase, declared

ROLES = ("inv_app", "inv_b", "inv_C d", "inv_e", "inv_f", "inv_g", "inv_h", "inv_boss")
RELATIONS = (
    ("TABLE", "one"),
    ("TABLE", "two"),
    ("TABLE", '"My Schema"."T h"'),
    ("VIEW", '"My Schema".v'),
    ("SEQUENCE", "numbers"),
)
TABLE = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
COLUMN = ("SELECT", "INSERT", "UPDATE", "REFERENCES")
PREDEFINED = ("pg_read_all_data", "pg_write_all_data", "pg_monitor")
OBJECTS = """
    CREATE SCHEMA "My Schema";
    CREATE TABLE one (id int, tenant uuid, "Note x" text);
    CREATE TABLE two (tenant uuid, b int);
    CREATE TABLE "My Schema"."T h" (tenant uuid, c int);
    CREATE VIEW "My Schema".v AS SELECT * FROM one;
    CREATE SEQUENCE numbers;
    CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'select 1';
"""


@pytest.fixture(scope="module")
def granted(database: ScratchDatabase) -> ScratchDatabase:
    """The objects, owned by the superuser, without grants."""
    database.run(OBJECTS)
    return database


def random_grants(seed: int, *, options: bool) -> str:
    """Random memberships, owners and grants; `options` adds the membership options of version 16."""
    chance = random.Random(seed)
    lines = [*_members(chance, options=options), *_owners(chance), *_grants(chance)]
    return ";\n".join(lines)


def _members(chance: random.Random, *, options: bool) -> Iterator[str]:
    for role in ROLES:
        yield f"CREATE ROLE {quoted(role)} {chance.choice(('INHERIT', 'INHERIT', 'NOINHERIT'))}"
    yield f"ALTER ROLE {quoted(chance.choice(ROLES[1:]))} {chance.choice(('SUPERUSER', 'BYPASSRLS', 'LOGIN'))}"
    for at, role in enumerate(ROLES):
        for member in (member for member in ROLES[:at] if chance.random() < 0.3):
            yield f"GRANT {quoted(role)} TO {quoted(member)}{_options(chance) if options else ''}"
    for role in chance.sample(PREDEFINED, 2):
        yield f"GRANT {role} TO {quoted(chance.choice(ROLES))}"


def _owners(chance: random.Random) -> Iterator[str]:
    yield f"ALTER DATABASE inv OWNER TO {quoted(chance.choice(ROLES))}"
    for kind, relation in RELATIONS:
        if chance.random() < 0.5:
            yield f"ALTER {kind} {relation} OWNER TO {quoted(chance.choice(ROLES))}"


def _grants(chance: random.Random) -> Iterator[str]:
    grantees = [*map(quoted, ROLES), "PUBLIC", "pg_database_owner"]
    for kind, relation in RELATIONS:
        for _ in range(chance.randrange(4)):
            privilege = chance.choice(("SELECT", "UPDATE", "USAGE") if kind == "SEQUENCE" else TABLE)
            yield f"GRANT {privilege} ON {kind.replace('VIEW', 'TABLE')} {relation} TO {chance.choice(grantees)}"
    for column, relation in (('"Note x"', "one"), ("tenant", "one"), ("b", "two"), ("c", '"My Schema"."T h"')):
        yield f"GRANT {chance.choice(COLUMN)} ({column}) ON {relation} TO {chance.choice(grantees)}"
    for schema in ("public", '"My Schema"') * 3:
        yield f"GRANT {chance.choice(('USAGE', 'CREATE'))} ON SCHEMA {schema} TO {chance.choice(grantees)}"
    if chance.random() < 0.5:
        yield "REVOKE ALL ON FUNCTION f(int) FROM PUBLIC"
    yield f"GRANT EXECUTE ON FUNCTION f(int) TO {chance.choice(grantees)}"


def _options(chance: random.Random) -> str:
    return f" WITH INHERIT {chance.choice(('TRUE', 'FALSE'))}, SET {chance.choice(('TRUE', 'FALSE'))}"


CLEAN = f"""
    ALTER DATABASE inv OWNER TO CURRENT_USER;
    REASSIGN OWNED BY {", ".join(map(quoted, ROLES))} TO CURRENT_USER;
    DROP OWNED BY {", ".join(map(quoted, ROLES))};
    DROP ROLE {", ".join(map(quoted, ROLES))};
    REVOKE ALL ON ALL TABLES IN SCHEMA public, "My Schema" FROM PUBLIC, pg_database_owner;
    REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM PUBLIC, pg_database_owner;
    REVOKE ALL ("Note x", tenant) ON one FROM PUBLIC, pg_database_owner;
    REVOKE ALL (b) ON two FROM PUBLIC, pg_database_owner;
    REVOKE ALL (c) ON "My Schema"."T h" FROM PUBLIC, pg_database_owner;
    REVOKE ALL ON SCHEMA public, "My Schema" FROM PUBLIC, pg_database_owner;
    GRANT ALL ON SCHEMA public TO pg_database_owner;
    GRANT EXECUTE ON FUNCTION f(int) TO PUBLIC;
"""


@pytest.mark.parametrize("seed", range(12))
def test_privileges_equal_those_of_the_server(granted: ScratchDatabase, seed: int) -> None:
    """For each role, the results equal those of has_..._privilege and pg_has_role."""
    component = declared(*ROLES)
    with psycopg.connect(granted.superuser_url) as connection:
        options = connection.info.server_version >= 160000
    granted.run(random_grants(seed, options=options))
    try:
        access = EffectiveAccess(granted.read(component), component.tenancy)
        with psycopg.connect(granted.superuser_url) as connection:
            for name in ROLES:
                role = access.role_named(name)
                assert role is not None
                _compare_role(connection, access, role, options=options)
                for relation in access.inventory.relations:
                    _compare_relation(connection, access, role, relation)
    finally:
        granted.run(CLEAN)


def _query(connection: psycopg.Connection, question: str, *values: object) -> set[Any]:
    return {row[0] for row in connection.execute(question.encode(), values)}


def _compare_role(connection: psycopg.Connection, access: EffectiveAccess, role: Role, *, options: bool) -> None:
    names = {role.oid: role.name for role in access.inventory.roles}
    used = _query(connection, "SELECT rolname FROM pg_roles WHERE pg_has_role(%s, oid, 'USAGE')", role.oid)
    assert {names[oid] for oid in access.inherited_roles(role.oid) if oid} == used
    if not role.superuser:
        word = "SET" if options else "MEMBER"
        ways = _query(connection, f"SELECT rolname FROM pg_roles WHERE pg_has_role(%s, oid, '{word}')", role.oid)  # noqa: S608  # one of two words
        reachable = access.reachable_roles(role.name)
        superusers = [b for b in reachable if b.can_set_role and b.role.superuser]
        # The memberships of a superuser are not followed.
        assert {b.role.name for b in reachable if b.can_set_role} == ways or superusers
        assert {b.role.name for b in reachable if b.can_set_role} <= ways
        assert reachable[0].role_path == (role.name,)
    for schema in access.inventory.schemas:
        for privilege in ("USAGE", "CREATE"):
            (expected,) = _query(connection, "SELECT has_schema_privilege(%s, %s, %s)", role.oid, schema.oid, privilege)
            assert access.role_privileges.has_schema_privilege(role.oid, schema.name, privilege) == expected, (
                role.name,
                schema.name,
                privilege,
            )
    (function,) = access.inventory.functions
    (expected,) = _query(connection, "SELECT has_function_privilege(%s, %s, 'EXECUTE')", role.oid, function.oid)
    assert access.has_privilege(role.oid, function.owner, function.grants, "EXECUTE") == expected


def _compare_relation(connection: psycopg.Connection, access: EffectiveAccess, role: Role, relation: Relation) -> None:
    sequence = relation.kind is RelationKind.SEQUENCE
    kind, possible = ("sequence", ("SELECT", "UPDATE", "USAGE")) if sequence else ("table", TABLE)
    question = f"SELECT p FROM unnest(%s::text[]) AS p WHERE has_{kind}_privilege(%s, %s::oid, p)"  # noqa: S608  # ours
    expected = _query(connection, question, list(possible), role.oid, relation.oid)
    assert access.relation_privileges(role.oid, relation) - {"MAINTAIN"} == expected, (role.name, relation.name)
    if sequence:
        return
    for privilege in COLUMN:
        columns = _query(
            connection,
            "SELECT attname FROM pg_attribute WHERE attrelid = %s AND attnum > 0 "
            "AND has_column_privilege(%s, attrelid, attnum, %s)",
            relation.oid, role.oid, privilege,
        )  # fmt: skip
        assert access.columns_with_privilege(role.oid, relation, privilege) == columns, (
            role.name,
            relation.name,
            privilege,
        )
    commands = _query(
        connection,
        "SELECT p FROM unnest('{SELECT,INSERT,UPDATE}'::text[]) AS p WHERE has_any_column_privilege(%s, %s::oid, p) "
        "AND has_schema_privilege(%s, %s, 'USAGE') "
        "UNION SELECT 'DELETE' WHERE has_table_privilege(%s, %s::oid, 'DELETE') "
        "AND has_schema_privilege(%s, %s, 'USAGE')",
        *(role.oid, relation.oid, role.oid, relation.schema) * 2,
    )  # fmt: skip
    assert access.commands(role.oid, relation) == commands, (role.name, relation.name)
