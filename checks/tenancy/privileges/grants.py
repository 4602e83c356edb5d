"""The check that nothing was granted that lets a tenant-bound role around the policies, now or later."""

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
    """Tenant-bound roles hold no privilege that policies do not bind, and none on tables that are yet to be made.

    Why: TRUNCATE, TRIGGER and REFERENCES ask no policy, CREATE puts a function in the way of a built-in one, a grant
    option or a default privilege is tomorrow's grant, and what PUBLIC holds every later role holds.
    Reads: The grants on tables, columns, schemas, the database and parameters, default privileges, and pg_init_privs.
    Unverified when: The catalogue cannot be read.
    Fix: REVOKE the privilege; who has read it and finds that it does no harm declares it in tenancy.allowed.
    Source: https://www.postgresql.org/docs/15/ddl-priv.html
    """
    made = effective_access(facts, database.tenancy)
    reaching = GrantedAccess(made)
    by_subject: dict[str, list[GrantFlaw]] = defaultdict(list)
    for granted in (*table_grants(made, reaching), *object_grants(made, reaching)):
        if not granted.approvable.approved(made, now):
            by_subject[granted.subject].append(granted)
    found = (_judge(subject, granted) for subject, granted in by_subject.items())
    looked = (
        f"{len(facts.relations)} relations, {len(facts.schemas)} schemas and {len(facts.default_privileges)} defaults"
    )
    yield from findings_or_pass(found, "Nothing is granted that policies do not bind", observed=looked)


def _judge(subject: str, granted: list[GrantFlaw]) -> Verdict:
    summary = f"What was granted on {subject} leads around the policies"
    return flaw_verdict(subject, summary, [each.flaw for each in granted], expected="no such grant")
