"""One static check on the real demo database, unchanged and with one change."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

from basewatch import postgres
from basewatch.check import AnyCheck
from basewatch.components import Database
from basewatch.model import Finding, Severity, Status
from basewatch.tenancy import ApprovedObject, ObjectKind
from checks.engine.run import plan_checks, run_checks
from demo.database import SandboxDatabase
from isolation.inventory import Inventory
from isolation.inventory.snapshot import inventory
from tests.checks.tenancy.looking import DEADLINES, NOW, SECUREBASE, UrlEndpoint
from tests.checks.tenancy.remembering import remembered_inventories


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change of the database, its repair, and the expected findings by subject with their severity."""

    name: str
    does: str
    undoes: str
    found: tuple[tuple[str, Severity], ...] = ()


@contextmanager
def changed(database: SandboxDatabase, change: Change) -> Generator[None, None, None]:
    """The database with one change, which is always repaired afterwards."""
    database.execute(change.does)
    try:
        yield
    finally:
        database.execute(change.undoes)


def findings(database: SandboxDatabase, check: AnyCheck, component: Database = SECUREBASE) -> tuple[Finding, ...]:
    """All findings of one check on the database."""
    plan = plan_checks([check], [component], {})
    with remembered_inventories():
        return run_checks(plan, UrlEndpoint(database.url), DEADLINES, NOW, lambda: NOW).findings


def faults(database: SandboxDatabase, check: AnyCheck, component: Database = SECUREBASE) -> dict[str, Severity]:
    """The FAILs of one check by subject; asserts that nothing is UNVERIFIED."""
    found = findings(database, check, component)
    assert {finding.status for finding in found} <= {Status.PASS, Status.FAIL}, found
    return {finding.subject: finding.severity for finding in found if finding.status is Status.FAIL}


def facts_of(database: SandboxDatabase) -> Inventory:
    """The inventory of the demo database, as a check reads it."""
    with remembered_inventories(), UrlEndpoint(database.url).open(postgres.DatabaseClient, SECUREBASE) as client:
        return inventory(client, SECUREBASE)


def with_approval(kind: ObjectKind, name: str, digest: str) -> Database:
    """SecureBase with an approval of one object."""
    entry = ApprovedObject(
        kind=kind, name=name, digest=digest, owner="platform", reason="was read", until=date(2027, 6, 30)
    )
    return with_allowed(entry)


def with_allowed(*entries: ApprovedObject) -> Database:
    """SecureBase with only these entries in tenancy.approved_objects."""
    return SECUREBASE.model_copy(
        update={"tenancy": SECUREBASE.tenancy.model_copy(update={"approved_objects": entries})}
    )


def entry_in(finding: Finding) -> tuple[str, str]:
    """The name and digest of the tenancy.approved_objects entry in the remedy of a finding."""
    _, _, entry = finding.remedy.partition(": {kind: ")
    name = entry.partition('name: "')[2].partition('", digest: ')[0].replace('\\"', '"')
    return name, entry.partition("digest: ")[2].partition(",")[0]
