"""Runs of one probe on a real database with given logins, and databases with other schemas."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import cast

import psycopg
from psycopg import conninfo, sql

from basewatch.check import AnyCheck
from basewatch.clients import K
from basewatch.components import Component, Database
from basewatch.model import Finding, Status
from basewatch.postgres import Endpoints, Timeouts, connect
from basewatch.secrets import Secret
from checks.engine.run import CheckResults, plan_checks, run_checks
from demo.database import SandboxDatabase
from tests.checks.tenancy.looking import DEADLINES, LIMITS, NOW, SECUREBASE

_RUNS = count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeEndpoints:
    """Opens a database by its URL, with the URLs of logins through a pooler by principal."""

    url: str
    proxied: Mapping[str, str] = field(default_factory=dict[str, str])
    limits: Timeouts = LIMITS

    def open(self, client_type: type[K], component: Component) -> AbstractContextManager[K]:
        """A connection for one observation."""
        del client_type, component
        secrets = {role: Secret("env:X", url) for role, url in self.proxied.items()}
        endpoints = Endpoints(
            writer=lambda: Secret("env:X", self.url),
            proxy_logins={role: lambda secret=secret: secret for role, secret in secrets.items()},  # type: ignore[misc]  # each keeps its own
        )
        return cast("AbstractContextManager[K]", connect(endpoints, run=f"probing {next(_RUNS)}", timeouts=self.limits))


def probe(check: AnyCheck, endpoints: ProbeEndpoints | str, component: Database = SECUREBASE) -> CheckResults:
    """The findings of one check with their evidence."""
    plan = plan_checks([check], [component], {})
    opened = endpoints if isinstance(endpoints, ProbeEndpoints) else ProbeEndpoints(url=endpoints)
    return run_checks(plan, opened, DEADLINES, NOW, lambda: NOW)


def red(checked: CheckResults) -> dict[str, Finding]:
    """The findings that are FAIL or UNVERIFIED, by subject."""
    return {f.subject: f for f in checked.findings if f.status in {Status.FAIL, Status.UNVERIFIED}}


def statuses(checked: CheckResults) -> dict[str, Status]:
    """The status of each subject."""
    return {finding.subject: finding.status for finding in checked.findings}


def declared(**tenancy: object) -> Database:
    """The database of SecureBase with other tenancy values."""
    return SECUREBASE.model_copy(update={"tenancy": SECUREBASE.tenancy.model_copy(update=tenancy)})


@contextmanager
def broken(database: SandboxDatabase, breaks: str, repairs: str) -> Iterator[None]:
    """The demo database with a change, which is repaired afterwards."""
    database.execute(breaks)
    try:
        yield
    finally:
        database.execute(repairs)


@contextmanager
def another(box: SandboxDatabase, name: str, schema: str) -> Iterator[str]:
    """The URL of another database with another schema on the demo server, for the role of Basewatch."""
    identifier = sql.Identifier(name)
    with psycopg.connect(box.superuser_url, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(identifier))
        connection.execute(sql.SQL("CREATE DATABASE {}").format(identifier))
    try:
        with psycopg.connect(conninfo.make_conninfo(box.superuser_url, dbname=name)) as connection:
            connection.execute(schema.encode())
        yield conninfo.make_conninfo(box.url, dbname=name)
    finally:
        with psycopg.connect(box.superuser_url, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(identifier))
