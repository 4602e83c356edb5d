"""The least privilege that a plan needs, as an IAM policy and as SQL."""

from __future__ import annotations

from itertools import groupby

import orjson

from basewatch.components import Database
from workflows.plan import Plan

# How a check's `needs` name a grant in the database; every other need is an IAM action.
_SQL = "sql:"


def iam_policy(plan: Plan) -> str:
    """The reader's IAM policy as JSON: every action the planned checks declare, by service; nothing writes."""
    actions = sorted({need for p in plan.checks for need in p.check.needs if not need.startswith(_SQL)})
    statements = [
        {
            "Sid": "Read" + service.replace("-", "").capitalize(),
            "Effect": "Allow",
            "Action": list(same),
            "Resource": "*",
        }
        for service, same in groupby(actions, key=lambda action: action.partition(":")[0])
    ]
    return orjson.dumps({"Version": "2012-10-17", "Statement": statements}, option=orjson.OPT_INDENT_2).decode()


def sql_grants(plan: Plan) -> str:
    """The SQL that makes the reader's role: it owns and inherits nothing, and may become each principal to probe."""
    databases = {p.component.ref: p.component for p in plan.checks if isinstance(p.component, Database)}
    lines = [
        "-- PostgreSQL 16 and later. On 15, NOINHERIT on the role does what WITH INHERIT FALSE does here:",
        "-- leave the WITH clause away.",
        "CREATE ROLE basewatch LOGIN NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;",
    ]
    for database in databases.values():
        lines.append(f"GRANT CONNECT ON DATABASE {_quoted(database.name)} TO basewatch;")
        lines += [
            f"GRANT {_quoted(principal)} TO basewatch WITH INHERIT FALSE, SET TRUE;"
            for principal in database.tenancy.principals
        ]
    return "\n".join(lines)


def _quoted(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'
