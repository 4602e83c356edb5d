"""The check that no grant lets a tenant-bound role bypass policies, now or on future tables."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime

from basewatch.check import check
from basewatch.components import Database
from basewatch.model import Proof, Severity, Verdict
from checks.tenancy.flaws import findings_or_pass, flaw_verdict
from checks.tenancy.identity.relation_access import GrantedAccess
from checks.tenancy.privileges.object_grants import GrantFlaw, object_grants
from checks.tenancy.privileges.table_grants import table_grants
from isolation.access.effective_access import effective_access
from isolation.inventory import Inventory
from isolation.inventory.snapshot import inventory


@check(
    "tenancy.rls.grants",
    component=Database,
    observe=inventory,
    severity=Severity.HIGH,
    proof=Proof.CONFIGURATION,
    needs=("sql:CONNECT",),
    promises=("tenancy",),
)
def no_grant_bypasses_policies(facts: Inventory, database: Database, now: datetime) -> Iterator[Verdict]:
    """Tenant-bound roles hold no privilege that bypasses policies, and none on future tables by default.

    Why: No policy applies to TRUNCATE, TRIGGER and REFERENCES. CREATE allows a function that shadows a built-in one.
    A grant option or a default privilege becomes a grant later, and every new role inherits the grants of PUBLIC.
    Reads: The grants on tables, columns, schemas, the database and parameters, default privileges, and pg_init_privs.
    Unverified when: The catalogue cannot be read.
    Fix: REVOKE the privilege, or review it and approve it in tenancy.approved_objects.
    Source: https://www.postgresql.org/docs/15/ddl-priv.html
    """
    access = effective_access(facts, database.tenancy)
    reaching = GrantedAccess(access)
    by_subject: dict[str, list[GrantFlaw]] = defaultdict(list)
    for granted in (*table_grants(access, reaching), *object_grants(access, reaching)):
        if not granted.approvable.approved(access.tenancy, now):
            by_subject[granted.subject].append(granted)
    found = (_judge(subject, granted) for subject, granted in by_subject.items())
    checked = (
        f"{len(facts.relations)} relations, {len(facts.schemas)} schemas and {len(facts.default_privileges)} defaults"
    )
    yield from findings_or_pass(found, "No grant bypasses policies", observed=checked)


def _judge(subject: str, granted: list[GrantFlaw]) -> Verdict:
    summary = f"Grants on {subject} bypass policies"
    return flaw_verdict(subject, summary, [each.flaw for each in granted], expected="no such grant")
