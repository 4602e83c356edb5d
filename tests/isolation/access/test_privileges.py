"""The world against the server: whatever was granted to whom, both say the same of who may do what."""

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
from tests.isolation.inventory.asking import Own, declared

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
def granted(database: Own) -> Own:
    """The objects, owned by the superuser and granted to nobody, and the roles, members of nothing."""
    database.run(OBJECTS)
    return database


def mess(seed: int, *, options: bool) -> str:
    """Memberships, owners and grants at random; `options` are those that a membership has from version 16 on."""
    dice = random.Random(seed)
    lines = [*_members(dice, options=options), *_owners(dice), *_grants(dice)]
    return ";\n".join(lines)


def _members(dice: random.Random, *, options: bool) -> Iterator[str]:
    for role in ROLES:
        yield f"CREATE ROLE {quoted(role)} {dice.choice(('INHERIT', 'INHERIT', 'NOINHERIT'))}"
    yield f"ALTER ROLE {quoted(dice.choice(ROLES[1:]))} {dice.choice(('SUPERUSER', 'BYPASSRLS', 'LOGIN'))}"
    for at, role in enumerate(ROLES):
        for member in (member for member in ROLES[:at] if dice.random() < 0.3):
            yield f"GRANT {quoted(role)} TO {quoted(member)}{_options(dice) if options else ''}"
    for role in dice.sample(PREDEFINED, 2):
        yield f"GRANT {role} TO {quoted(dice.choice(ROLES))}"


def _owners(dice: random.Random) -> Iterator[str]:
    yield f"ALTER DATABASE inv OWNER TO {quoted(dice.choice(ROLES))}"
    for kind, relation in RELATIONS:
        if dice.random() < 0.5:
            yield f"ALTER {kind} {relation} OWNER TO {quoted(dice.choice(ROLES))}"


def _grants(dice: random.Random) -> Iterator[str]:
    grantees = [*map(quoted, ROLES), "PUBLIC", "pg_database_owner"]
    for kind, relation in RELATIONS:
        for _ in range(dice.randrange(4)):
            privilege = dice.choice(("SELECT", "UPDATE", "USAGE") if kind == "SEQUENCE" else TABLE)
            yield f"GRANT {privilege} ON {kind.replace('VIEW', 'TABLE')} {relation} TO {dice.choice(grantees)}"
    for column, relation in (('"Note x"', "one"), ("tenant", "one"), ("b", "two"), ("c", '"My Schema"."T h"')):
        yield f"GRANT {dice.choice(COLUMN)} ({column}) ON {relation} TO {dice.choice(grantees)}"
    for schema in ("public", '"My Schema"') * 3:
        yield f"GRANT {dice.choice(('USAGE', 'CREATE'))} ON SCHEMA {schema} TO {dice.choice(grantees)}"
    if dice.random() < 0.5:
        yield "REVOKE ALL ON FUNCTION f(int) FROM PUBLIC"
    yield f"GRANT EXECUTE ON FUNCTION f(int) TO {dice.choice(grantees)}"


def _options(dice: random.Random) -> str:
    return f" WITH INHERIT {dice.choice(('TRUE', 'FALSE'))}, SET {dice.choice(('TRUE', 'FALSE'))}"


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
def test_the_world_says_what_the_server_says(granted: Own, seed: int) -> None:
    """Roles, privileges, columns, commands and functions: as has_..._privilege and pg_has_role answer, role by role."""
    component = declared(*ROLES)
    with psycopg.connect(granted.superuser) as connection:
        options = connection.info.server_version >= 160000
    granted.run(mess(seed, options=options))
    try:
        world = EffectiveAccess(granted.read(component), component.tenancy)
        with psycopg.connect(granted.superuser) as connection:
            for name in ROLES:
                role = world.role_named(name)
                assert role is not None
                _compare_role(connection, world, role, options=options)
                for relation in world.inventory.relations:
                    _compare_relation(connection, world, role, relation)
    finally:
        granted.run(CLEAN)


def _ask(connection: psycopg.Connection, question: str, *values: object) -> set[Any]:
    return {row[0] for row in connection.execute(question.encode(), values)}


def _compare_role(connection: psycopg.Connection, world: EffectiveAccess, role: Role, *, options: bool) -> None:
    names = {role.oid: role.name for role in world.inventory.roles}
    used = _ask(connection, "SELECT rolname FROM pg_roles WHERE pg_has_role(%s, oid, 'USAGE')", role.oid)
    assert {names[oid] for oid in world.inherited_roles(role.oid) if oid} == used
    if not role.superuser:
        word = "SET" if options else "MEMBER"
        ways = _ask(connection, f"SELECT rolname FROM pg_roles WHERE pg_has_role(%s, oid, '{word}')", role.oid)  # noqa: S608  # one of two words
        becomes = world.reachable_roles(role.name)
        superusers = [b for b in becomes if b.can_set_role and b.role.superuser]
        # What a superuser can become is not followed.
        assert {b.role.name for b in becomes if b.can_set_role} == ways or superusers
        assert {b.role.name for b in becomes if b.can_set_role} <= ways
        assert becomes[0].role_path == (role.name,)
    for schema in world.inventory.schemas:
        for privilege in ("USAGE", "CREATE"):
            (said,) = _ask(connection, "SELECT has_schema_privilege(%s, %s, %s)", role.oid, schema.oid, privilege)
            assert world.role_privileges.has_schema_privilege(role.oid, schema.name, privilege) == said, (
                role.name,
                schema.name,
                privilege,
            )
    (function,) = world.inventory.functions
    (said,) = _ask(connection, "SELECT has_function_privilege(%s, %s, 'EXECUTE')", role.oid, function.oid)
    assert world.has_privilege(role.oid, function.owner, function.grants, "EXECUTE") == said


def _compare_relation(connection: psycopg.Connection, world: EffectiveAccess, role: Role, relation: Relation) -> None:
    sequence = relation.kind is RelationKind.SEQUENCE
    kind, possible = ("sequence", ("SELECT", "UPDATE", "USAGE")) if sequence else ("table", TABLE)
    question = f"SELECT p FROM unnest(%s::text[]) AS p WHERE has_{kind}_privilege(%s, %s::oid, p)"  # noqa: S608  # ours
    said = _ask(connection, question, list(possible), role.oid, relation.oid)
    assert world.relation_privileges(role.oid, relation) - {"MAINTAIN"} == said, (role.name, relation.name)
    if sequence:
        return
    for privilege in COLUMN:
        columns = _ask(
            connection,
            "SELECT attname FROM pg_attribute WHERE attrelid = %s AND attnum > 0 "
            "AND has_column_privilege(%s, attrelid, attnum, %s)",
            relation.oid, role.oid, privilege,
        )  # fmt: skip
        assert world.columns_with_privilege(role.oid, relation, privilege) == columns, (
            role.name,
            relation.name,
            privilege,
        )
    commands = _ask(
        connection,
        "SELECT p FROM unnest('{SELECT,INSERT,UPDATE}'::text[]) AS p WHERE has_any_column_privilege(%s, %s::oid, p) "
        "AND has_schema_privilege(%s, %s, 'USAGE') "
        "UNION SELECT 'DELETE' WHERE has_table_privilege(%s, %s::oid, 'DELETE') "
        "AND has_schema_privilege(%s, %s, 'USAGE')",
        *(role.oid, relation.oid, role.oid, relation.schema) * 2,
    )  # fmt: skip
    assert world.commands(role.oid, relation) == commands, (role.name, relation.name)
