"""What a dump refers to is read from its statements, and not from its rows."""

from __future__ import annotations

import pytest

from workflows.restoring.references import references
from workflows.restoring.restore_messages import restore_messages

SCRIPT = """\
CREATE EXTENSION IF NOT EXISTS "uuid-ossp" WITH SCHEMA public;
ALTER TABLE public.a OWNER TO admin;
ALTER FUNCTION public.f(a integer, b text) OWNER TO "Odd ""Role";
ALTER TABLE public.b OWNER TO postgres; DROP TABLE public.a;
COPY public.a (x) FROM stdin;
GRANT ALL ON TABLE public.a TO from_a_row;
\\.
GRANT SELECT ON TABLE public.a TO app, analytics WITH GRANT OPTION;
GRANT ALL ON FUNCTION public.f(a integer, b text) TO PUBLIC;
REVOKE ALL ON SCHEMA public FROM writer GRANTED BY admin;
GRANT pg_monitor TO watcher;
CREATE POLICY p ON public.a FOR SELECT TO tenant_1, tenant_2 USING ((x = 1));
CREATE POLICY q ON public.a TO CURRENT_USER
ALTER DEFAULT PRIVILEGES FOR ROLE owner IN SCHEMA public GRANT SELECT ON TABLES TO reader;
SET SESSION AUTHORIZATION session_role;
ALTER TABLE public.c OWNER TO pg_execute_server_program;
"""


def test_roles_and_extensions_are_those_of_statements() -> None:
    """Roles of PostgreSQL itself, words for roles and rows of tables are left away."""
    found = references(SCRIPT.splitlines())
    assert found.extensions == {"uuid-ossp"}
    assert found.roles == {
        *("admin", 'Odd "Role', "app", "analytics", "writer", "watcher", "tenant_1", "tenant_2"),
        *("owner", "session_role", "postgres"),
    }


def test_only_single_statements_set_an_owner() -> None:
    """A line with another statement in it is not repeated by the superuser."""
    owned = references(SCRIPT.splitlines()).ownership
    assert [role for role, _ in owned] == ["admin", 'Odd "Role', "owner", "pg_execute_server_program"]
    assert not any("DROP" in statement for _, statement in owned)


def test_a_name_that_is_too_long_is_no_role() -> None:
    """PostgreSQL would cut it off, and it would be the name of another one."""
    assert references([f"ALTER TABLE a OWNER TO {'x' * 64};"]).roles == frozenset()


FAILED = "pg_restore: error: could not execute query: ERROR:  "
MESSAGES: dict[str, tuple[str, tuple[str, ...], int]] = {
    "an owner": (f"{FAILED}must be able to SET ROLE\nCommand was: ALTER TABLE a OWNER TO b;\n", (), 0),
    "an extension": (
        f'{FAILED}extension "aws_s3" is not available\nCommand was: CREATE EXTENSION IF NOT EXISTS aws_s3;\n',
        ("extension aws_s3",),
        0,
    ),
    "an event trigger": (
        f"{FAILED}permission denied to create event trigger\nCommand was: CREATE EVENT TRIGGER e ON x;\n",
        ("event trigger e",),
        0,
    ),
    "a table": (f"{FAILED}type g does not exist\nCommand was: CREATE TABLE a (\n    x g\n);\n", (), 1),
    "rows": ('pg_restore: error: COPY failed for table "a": ERROR:  invalid input\nCONTEXT:  COPY a\n', (), 1),
    "psql": ("ERROR:  relation a does not exist\nLINE 1: x\nSTATEMENT:  SELECT 1 FROM a;\n", (), 1),
    "commands of psql": ("backslash commands are restricted; only \\unrestrict is allowed\n", (), 0),
    "a number of ignored errors": ("pg_restore: warning: errors ignored on restore: 3\n", (), 0),
}


@pytest.mark.parametrize("what", MESSAGES)
def test_each_message_is_expected_left_out_or_an_error(what: str) -> None:
    """What a scratch server cannot have is named, and is no error of the dump."""
    text, left_out, errors = MESSAGES[what]
    found = restore_messages(text)
    assert (found.left_out, len(found.errors)) == (left_out, errors)
