"""Makes designs on a real server, drafts or reads their manifests, and runs every tenancy check."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import date
from typing import cast

import psycopg
import yaml
from psycopg import conninfo, sql

from basewatch.clients import K
from basewatch.components import Component, Database
from basewatch.model import Finding, Status
from basewatch.postgres import Endpoints, connect
from basewatch.secrets import Reference, Secret
from basewatch.tenancy import ApprovedObject, Tenancy
from checks.engine.run import plan_checks, run_checks
from checks.tenancy import CHECKS
from checks.tenancy.manifest import digests_by_name
from demo.database import SandboxDatabase
from isolation.access.effective_access import effective_access
from isolation.inventory.snapshot import inventory
from tests.checks.tenancy.designs.reading import Break, Design
from tests.checks.tenancy.looking import DEADLINES, LIMITS, NOW
from workflows.init_config import draft_config

_NAME = "design"
_A, _B = "aaaaaaaa-0000-4000-8000-000000000001", "bbbbbbbb-0000-4000-8000-000000000001"
_URL = Reference("env", "DESIGN_URL")
# How current the engine is depends on the machine.
_OF_THE_MACHINE = frozenset({"tenancy.rls.engine"})
DEFAULTS: dict[str, object] = {
    "context": "app.tenant",
    "root": "tenants",
    "key": "tenant_id",
    "principals": ["web"],
    "privileged": {"keeper": "owns the tables"},
    "min_tables": 1,
    "write_probes": True,
    "canaries": {"a": _A, "b": _B},
}


@dataclass(frozen=True, slots=True)
class _Clients:
    url: str

    def open(self, client_type: type[K], component: Component) -> AbstractContextManager[K]:
        del client_type, component
        endpoints = Endpoints(writer=lambda: Secret("env:DESIGN_URL", self.url), logins={})
        return cast("AbstractContextManager[K]", connect(endpoints, run="design", timeouts=LIMITS))


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A design in a database of its own, with the manifest that is judged."""

    design: Design
    component: Database
    superuser_url: str
    reader_url: str

    def alarms(self) -> tuple[Finding, ...]:
        """The findings that are not green."""
        plan = plan_checks([one for one in CHECKS if one.id not in _OF_THE_MACHINE], [self.component], {})
        found = run_checks(plan, _Clients(self.reader_url), DEADLINES, NOW, lambda: NOW).findings
        return tuple(one for one in found if one.status in {Status.FAIL, Status.UNVERIFIED})

    def run(self, statements: str) -> None:
        """Runs SQL as the superuser, in one transaction."""
        with psycopg.connect(self.superuser_url) as connection:
            connection.execute(statements.encode())

    def works(self, one: Break) -> bool:
        """Whether the exploit of a break returns or changes a row as a principal; it is rolled back. None: false."""
        return bool(one.exploit) and any(self._works(one, role) for role in self.component.tenancy.principals)

    def _works(self, one: Break, role: str) -> bool:
        tenancy = self.component.tenancy
        (_, a), (_, b) = tenancy.canary_contexts
        values = {"a": a, "b": b, "unset": ()}[one.context]
        try:
            with psycopg.connect(self.superuser_url) as connection, connection.transaction(force_rollback=True):
                user = sql.Identifier(role)
                connection.execute(sql.SQL("SET LOCAL SESSION AUTHORIZATION {}").format(user))
                for name, value in zip(tenancy.context, values, strict=False):
                    connection.execute("SELECT set_config(%s, %s, true)", (name, value))
                return connection.execute(one.exploit.encode()).rowcount > 0
        except psycopg.Error:
            return False


@contextmanager
def built(server: SandboxDatabase, design: Design) -> Iterator[Built]:
    """The design as it is when it is sound; its database and its roles are dropped afterwards."""
    with psycopg.connect(server.superuser_url, autocommit=True) as admin:
        before = _roles(admin)
        admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(_NAME)))
        try:
            superuser_url = conninfo.make_conninfo(server.superuser_url, dbname=_NAME)
            reader_url = _as_url(conninfo.make_conninfo(server.url, dbname=_NAME))
            admin.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(_NAME)))
            with psycopg.connect(superuser_url) as connection:
                connection.execute(design.builds.encode())
            connect_to = sql.SQL("GRANT CONNECT ON DATABASE {} TO basewatch").format(sql.Identifier(_NAME))
            admin.execute(connect_to)
            tenancy = _tenancy(design, reader_url)
            for principal in tenancy.principals:
                grant = "GRANT {} TO basewatch" + (
                    " WITH INHERIT FALSE, SET TRUE" if admin.info.server_version >= 160000 else ""
                )
                admin.execute(sql.SQL(grant).format(sql.Identifier(principal)))
            component = Database(name=_NAME, url=_URL, tenancy=tenancy)
            if design.approve:
                component = _approving(component, design.approve, reader_url)
            yield Built(design=design, component=component, superuser_url=superuser_url, reader_url=reader_url)
        finally:
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(_NAME)))
            for role in sorted(_roles(admin) - before):
                admin.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))


def readable(findings: Sequence[Finding]) -> list[str]:
    """Findings as one reads them when a test fails."""
    return [f"{f.check} {f.subject}: {f.status} {f.summary} ({f.observed}); {f.remedy}" for f in findings]


def drafted(url: str) -> dict[str, object]:
    """The tenancy section of the draft of `basewatch init`, with its placeholders."""
    text = draft_config("env:DESIGN_URL", None, {"DESIGN_URL": url}, checks=()).replace("on: {", '"on": {')
    return cast("dict[str, object]", yaml.safe_load(text)["components"]["databases"][0]["tenancy"])


def _tenancy(design: Design, url: str) -> Tenancy:
    if design.drafted:
        return Tenancy.model_validate({**drafted(url), **design.manifest})
    privileged = {"basewatch": "observes, and becomes the principals to probe as they do"}
    said = {**DEFAULTS, **design.manifest}
    said["privileged"] = {**cast("dict[str, str]", said["privileged"]), **privileged}
    return Tenancy.model_validate(said)


def _approving(component: Database, entries: Sequence[dict[str, object]], url: str) -> Database:
    secret = Secret("env:DESIGN_URL", url)
    with connect(secret, run="design", timeouts=LIMITS) as database:
        known = effective_access(inventory(database, component), component.tenancy)
    approved = [
        ApprovedObject.model_validate(
            {
                "digest": digests_by_name(known, one["kind"])[str(one["name"])],  # type: ignore[arg-type]  # of a kind
                "owner": "platform",
                "reason": "it was reviewed",
                "until": date(2027, 6, 30),
                **one,
            }
        )
        for one in entries
    ]
    tenancy = component.tenancy.model_copy(update={"approved_objects": tuple(approved)})
    return component.model_copy(update={"tenancy": tenancy})


def _roles(connection: psycopg.Connection) -> set[str]:
    return {name for (name,) in connection.execute("SELECT rolname FROM pg_roles").fetchall()}


def _as_url(parameters: str) -> str:
    at = conninfo.conninfo_to_dict(parameters)
    return f"postgresql://{at['user']}:{at['password']}@{at['host']}:{at['port']}/{at['dbname']}"
