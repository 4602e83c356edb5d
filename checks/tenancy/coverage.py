"""The check that row-level security stands on every table with the tenant key, and that no other way leads past it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from basewatch.check import check
from basewatch.components import Database
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed, unverified
from basewatch.tenancy import Tenancy
from checks.tenancy.catalogue import Catalogue, Kind, Relation, catalogue, declared_name

_COVERED = "row security enabled and forced, with a policy"


@check(
    "tenancy.rls.coverage",
    component=Database,
    observe=catalogue,
    severity=Severity.CRITICAL,
    proof=Proof.CONFIGURATION,
    needs=("sql:CONNECT",),
    promises=("tenancy",),
)
def every_tenant_table_is_covered(facts: Catalogue, database: Database, now: datetime) -> Iterator[Verdict]:
    """Every table with the tenant key is under row-level security, and nothing else shows tenants' rows.

    Why: One table, partition or view left out hands its rows to every tenant, whatever the other policies say.
    Reads: pg_class, pg_policy and privileges, in one listing of every relation outside the system schemas.
    Unverified when: No table has the tenant key (a wrong database or schema), or a view runs with its owner's rights.
    Fix: ALTER TABLE ... ENABLE ROW LEVEL SECURITY, then FORCE ROW LEVEL SECURITY and CREATE POLICY; for a relation
    without the key, declare it in tenancy.shared or REVOKE it from the principals.
    Source: https://www.postgresql.org/docs/15/ddl-rowsecurity.html
    """
    tenancy = database.tenancy
    yield _enough_tables(facts.relations, tenancy)
    for relation in facts.relations:
        if relation.concerns(tenancy):
            yield _judge(relation, declared_name(relation.schema, relation.name, tenancy), tenancy)


def _enough_tables(relations: tuple[Relation, ...], tenancy: Tenancy) -> Verdict:
    count = sum(r.keyed and r.is_table and not r.partition and r.schema in tenancy.schemas for r in relations)
    observed, expected = f"{count} tables with {tenancy.key[0]}", f"at least {tenancy.tables}"
    if count == 0:
        return unverified(
            Reason.NOT_ENOUGH_DATA,
            f"no table in {', '.join(tenancy.schemas)} has the tenant key {tenancy.key[0]}",
            observed=observed,
            expected=expected,
            remedy="Correct the database's url, tenancy.schemas or tenancy.key.",
        )
    if count < tenancy.tables:
        return failed(f"{tenancy.tables - count} tenant tables are missing", observed=observed, expected=expected)
    return passed("As many tables carry the tenant key as were promised", observed=observed, expected=expected)


def _judge(relation: Relation, name: str, tenancy: Tenancy) -> Verdict:
    if relation.is_table and (relation.keyed or (name == tenancy.root and relation.reached_by)):
        return _judge_protected(relation, name)
    reached = f"reached by {', '.join(relation.reached_by)}"
    if not relation.reached_by:
        return passed(f"{name} is reached by no tenant-bound role", subject=name, observed="not reached")
    if name in tenancy.shared and not relation.keyed:
        return passed(f"{name} is declared as shared", subject=name, observed=reached)
    if relation.kind is Kind.VIEW and relation.invoker:
        return passed(f"{name} shows its readers only what they may read", subject=name, observed=reached)
    if relation.kind is Kind.VIEW and not relation.owner_exempt:
        return unverified(
            Reason.UNSUPPORTED,
            f"the view {name} reads with its owner's rights, and what it lets through is not proven",
            subject=name,
            observed=reached,
            remedy=f"ALTER VIEW {name} SET (security_invoker = true), or declare it in tenancy.shared",
        )
    return failed(
        f"{name} is open to tenant-bound roles without row-level security",
        subject=name,
        observed=reached,
        expected=f"declared in tenancy.shared without {tenancy.key[0]}, or reached by none of the principals",
    )


def _judge_protected(relation: Relation, name: str) -> Verdict:
    missing = [
        word
        for word, there in (
            ("row security is not enabled", relation.enabled),
            ("row security is not forced on the owner", relation.forced),
            ("there is no policy", relation.policies > 0),
        )
        if not there
    ]
    if missing:
        return failed(
            f"{name} is not under row-level security", subject=name, observed="; ".join(missing), expected=_COVERED
        )
    return passed(f"{name} is under row-level security", subject=name, observed=_COVERED, expected=_COVERED)
