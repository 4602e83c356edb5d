"""Runs of all probes with given endpoints, and changes that break what each of them observes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from itertools import count
from typing import cast

from basewatch.clients import K
from basewatch.components import Component, Database
from basewatch.model import Finding, Status
from basewatch.postgres import Endpoints, connect
from basewatch.secrets import Secret
from basewatch.tenancy import ApprovedObject
from checks.engine.run import plan_checks, run_checks
from checks.tenancy.probes.audit_writes import audit_records_survive_attempts
from checks.tenancy.probes.canary_writes import tenants_write_only_their_own_rows
from checks.tenancy.probes.cross_tenant import tenants_read_only_their_own_rows
from checks.tenancy.probes.no_context import no_rows_without_a_context
from checks.tenancy.probes.proof_consistency import nothing_contradicts_the_proof
from demo.database import SandboxDatabase
from tests.checks.tenancy.looking import DEADLINES, LIMITS, NOW, SECUREBASE

_RUNS = count(1)

READS, WRITES, UNSET, AUDIT, MODEL = CHECKS = (
    tenants_read_only_their_own_rows,
    tenants_write_only_their_own_rows,
    no_rows_without_a_context,
    audit_records_survive_attempts,
    nothing_contradicts_the_proof,
)


APPROVED = ApprovedObject(
    kind="trigger",
    name="tells on documents",
    digest=f"sha256:{'0' * 64}",
    owner="platform",
    reason="it was read",
    until=date(2027, 6, 30),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseEndpoints:
    """Opens a database by its URL, that of its reader, and logins of principals, direct and through a proxy."""

    url: str
    reader: str = ""
    logins: Mapping[str, str] = field(default_factory=dict[str, str])
    proxied: Mapping[str, str] = field(default_factory=dict[str, str])

    def open(self, client_type: type[K], component: Component) -> AbstractContextManager[K]:
        """A connection for one observation."""
        del client_type, component

        def kept(url: str) -> Secret:
            return Secret("env:X", url)

        endpoints = Endpoints(
            writer=lambda: kept(self.url),
            reader=(lambda: kept(self.reader)) if self.reader else None,
            logins={role: partial(kept, url) for role, url in self.logins.items()},
            proxy_logins={role: partial(kept, url) for role, url in self.proxied.items()},
        )
        return cast("AbstractContextManager[K]", connect(endpoints, run=f"probes {next(_RUNS)}", timeouts=LIMITS))


def probe_findings(
    where: DatabaseEndpoints | str, component: Database = SECUREBASE, *, only: str = "*"
) -> tuple[Finding, ...]:
    """The findings of the probes, or of those that match `only`."""
    endpoints = where if isinstance(where, DatabaseEndpoints) else DatabaseEndpoints(url=where)
    return run_checks(plan_checks(CHECKS, [component], {}, only=only), endpoints, DEADLINES, NOW, lambda: NOW).findings


def red(findings: tuple[Finding, ...]) -> dict[tuple[str, str], Status]:
    """The findings that are FAIL or UNVERIFIED, by check and subject."""
    return {(f.check, f.subject): f.status for f in findings if f.status in {Status.FAIL, Status.UNVERIFIED}}


@contextmanager
def changed(database: SandboxDatabase, breaks: str, repairs: str) -> Iterator[None]:
    """The demo database with a change, which is repaired afterwards."""
    database.execute(breaks)
    try:
        yield
    finally:
        database.execute(repairs)
