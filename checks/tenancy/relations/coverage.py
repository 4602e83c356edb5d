"""The check that every relation in reach of tenant-bound roles has row-level security, or is declared as shared."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from basewatch.check import check
from basewatch.components import Database
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed, unverified
from checks.tenancy.relations.coverage_judge import CoverageJudge
from isolation.access.effective_access import EffectiveAccess, effective_access
from isolation.access.table_class import TableClass
from isolation.inventory import Inventory
from isolation.inventory.snapshot import inventory


@check(
    "tenancy.rls.coverage",
    component=Database,
    observe=inventory,
    severity=Severity.CRITICAL,
    proof=Proof.CONFIGURATION,
    needs=("sql:CONNECT",),
    promises=("tenancy",),
)
def every_tenant_table_is_covered(facts: Inventory, database: Database, now: datetime) -> Iterator[Verdict]:
    """Every relation that a tenant-bound role reaches has row-level security, or holds no data of a tenant.

    Why: One table, partition, copy or view without it exposes its rows to every tenant, whatever other policies say.
    Reads: Every relation outside the system schemas with its flags, policies, grants, keys and the views above it.
    Unverified when: No table has the tenant key (a wrong database or schema), a table with policies is not in the
    configuration, or a view reads with the rights of an owner whose policies are not proven.
    Fix: ALTER TABLE ... ENABLE ROW LEVEL SECURITY, then FORCE ROW LEVEL SECURITY and CREATE POLICY; for a relation
    without the key, declare it in tenancy.shared or REVOKE it from the principals.
    Source: https://www.postgresql.org/docs/15/ddl-rowsecurity.html
    """
    access = effective_access(facts, database.tenancy)
    yield _table_count(access)
    judge = CoverageJudge(access, now)
    for relation in sorted(facts.relations, key=access.declared_name):
        if not relation.temporary:
            yield from judge.judge(relation)
    yield from judge.owners()


def _table_count(access: EffectiveAccess) -> Verdict:
    tenancy = access.tenancy
    count = sum(
        access.table_class(table) is TableClass.TENANT and not table.parents and table.schema in tenancy.schemas
        for table in access.tenant_tables()
    )
    key = ", ".join(tenancy.key)
    observed, expected = f"{count} tables with a tenant key", f"at least {tenancy.min_tables}"
    if count == 0:
        return unverified(
            Reason.NOT_ENOUGH_DATA,
            f"no table in {', '.join(tenancy.schemas)} has the tenant key {key}",
            observed=observed,
            expected=expected,
            remedy="Correct the database's url, tenancy.schemas, tenancy.key or tenancy.keys.",
        )
    if count < tenancy.min_tables:
        return failed(
            f"{tenancy.min_tables - count} tenant tables are missing",
            observed=observed,
            expected=expected,
            remedy=f"Find the tables without the column {key}, or correct tenancy.keys or tenancy.min_tables.",
        )
    return passed("At least the declared number of tables have the tenant key", observed=observed, expected=expected)
