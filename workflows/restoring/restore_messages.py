"""Reads the messages of pg_restore and psql: which statements failed, and what their failure says of the dump."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

# The copy has another owner, and databases, sessions and comments on extensions are not of the copy.
_EXPECTED = re.compile(
    r"ALTER [A-Z][A-Z ]* .* OWNER TO |ALTER DEFAULT PRIVILEGES |SET SESSION AUTHORIZATION |RESET SESSION "
    r"|COMMENT ON (?:EXTENSION|DATABASE|SCHEMA public) |(?:CREATE|ALTER|DROP) DATABASE "
    r"|(?:GRANT|REVOKE) .* ON DATABASE "
    r"|DROP EXTENSION |SECURITY LABEL |CREATE SCHEMA public|SET transaction_timeout|SET default_table_access_method",
    re.DOTALL,
)
# What the scratch server does not have, or its restoring role may not create.
_LEFT_OUT = re.compile(
    r"CREATE (?P<kind>EXTENSION|EVENT TRIGGER|PUBLICATION|SUBSCRIPTION|SERVER|FOREIGN DATA WRAPPER|USER MAPPING"
    r"|FOREIGN TABLE|TRANSFORM|(?:TRUSTED |PROCEDURAL |OR REPLACE )*LANGUAGE|ACCESS METHOD)"
    r"(?: IF NOT EXISTS| FOR)? (?P<name>[^\s;(]+)"
)
_NOT_ALLOWED = re.compile(r"must be superuser|permission denied to create|must be owner of extension")
_ERROR = re.compile(
    r"^(?:pg_restore: error: (?:could not execute query: |COPY failed for table \"[^\"]*\": )?)?ERROR:\s+(.*)$"
    r"|^pg_restore: error: (.*)$"
)
_STATEMENT = re.compile(r"^(?:Command was|STATEMENT):\s*(.*)$")
_META = "backslash commands are restricted"
_LONGEST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreMessages:
    """What could not be restored: expected things are left away, `left_out` are those that the server cannot have."""

    left_out: tuple[str, ...]
    errors: tuple[str, ...]


def restore_messages(text: str) -> RestoreMessages:
    """Sorts the errors in the messages of a restore."""
    left_out, errors = dict[str, None](), list[str]()
    for error, statement in _errors(text):
        if _EXPECTED.match(statement):
            continue
        if found := _LEFT_OUT.match(statement):
            left_out[f"{found['kind'].lower()} {found['name'].strip(chr(34))}"[:_LONGEST]] = None
        elif _NOT_ALLOWED.search(error):
            left_out[(statement or error)[:_LONGEST]] = None
        else:
            errors.append(" ".join(f"{error}: {statement}".split())[:_LONGEST] if statement else error[:_LONGEST])
    return RestoreMessages(left_out=tuple(left_out), errors=tuple(errors))


def _errors(text: str) -> Iterator[tuple[str, str]]:
    """Each error with the statement that it is of; empty where the message does not say."""
    pending = ""
    for line in text.splitlines():
        if statement := _STATEMENT.match(line):
            if pending:
                yield pending, statement[1]
            pending = ""
        elif found := _ERROR.match(line):
            if pending:
                yield pending, ""
            pending = found[1] or found[2]
        elif line.startswith(_META):
            continue
    if pending:
        yield pending, ""
