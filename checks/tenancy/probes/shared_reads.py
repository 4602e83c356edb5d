"""Searches of declared shared tables for the ids of the canaries: what every tenant reads must tell of none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from basewatch.model import Severity, Verdict
from basewatch.postgres import TenantSession
from basewatch.postgres.probe_types import NoTenant, ProbeOutcome
from basewatch.tenancy import Tenancy
from checks.tenancy.flaws import Approvable, Flaw, flaw_verdict
from checks.tenancy.probes.probe_targets import probed_relation
from checks.tenancy.probes.unclear_tables import UnclearTables
from checks.tenancy.relations.shared_tables import tenant_reference_flaws
from isolation.access.effective_access import EffectiveAccess, TableClass
from isolation.inventory.redaction import text_digest
from isolation.inventory.relations import Relation, RelationKind

_STORED = frozenset({RelationKind.TABLE, RelationKind.PARTITIONED, RelationKind.MATERIALIZED_VIEW})
_EXPECTED = "no row about a single tenant"


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedRead:
    """Whether a row that mentions a canary was read from one shared table."""

    principal: str
    table: str
    sql_name: str
    outcome: ProbeOutcome

    @property
    def approvable(self) -> Approvable:
        """The entry that accepts such rows."""
        name = f"SELECT on {self.table} to every tenant"
        return Approvable(kind="grant", name=name, digest=text_digest(f"{name}: rows that mention a tenant"))


def shared_reads(session: TenantSession, access: EffectiveAccess, principal: str) -> Iterator[SharedRead]:
    """The searches of the shared tables that a principal may read.

    Left out are those with columns that tell of tenants by their name or foreign key: tenancy.rls.coverage judges them.
    """
    role = access.role_named(principal)
    names = tuple(sorted({"tenant", *access.tenancy.key} - {"id"}))
    for relation in access.inventory.relations if role else ():
        if _is_searched(access, relation) and (
            columns := access.columns_with_privilege(role.oid, relation, "SELECT") if role else frozenset[str]()
        ):
            with session.probe() as probe:
                probe.set_context(NoTenant.UNKNOWN)
                outcome = probe.mentions(probed_relation(access, relation), sorted(columns), names)
            if outcome is not None:
                table, sql_name = access.declared_name(relation), access.sql_name(relation)
                yield SharedRead(principal=principal, table=table, sql_name=sql_name, outcome=outcome)


def _is_searched(access: EffectiveAccess, relation: Relation) -> bool:
    return (
        relation.kind in _STORED
        and not relation.parents
        and access.table_class(relation) is TableClass.SHARED
        and not tenant_reference_flaws(access, relation)
    )


def judge_shared(reads: Iterable[SharedRead], tenancy: Tenancy, now: datetime) -> Iterator[Verdict]:
    """A FAIL for each shared table with a row that mentions a canary, and UNVERIFIED where the search failed."""
    counted = [read for read in reads if not read.approvable.approved(tenancy, now)]
    leaks = {read.table: read for read in counted if read.outcome.rows}
    for table, read in sorted(leaks.items()):
        who = ", ".join(sorted({each.principal for each in counted if each.table == table and each.outcome.rows}))
        flaw = Flaw(
            severity=Severity.HIGH,
            what=f"{who}, without a tenant, reads a row of {table} that contains the id of a canary or of its user",
            repair=f"Keep what is about one tenant in a table with the tenant key and row-level security, and delete "
            f"it from {read.sql_name}.",
        )
        summary = f"{table} is declared as shared, and has rows about single tenants"
        yield flaw_verdict(table, summary, [flaw], expected=_EXPECTED, approvable=read.approvable)
    for principal in sorted({read.principal for read in counted}):
        own = [read for read in counted if read.principal == principal and not read.outcome.conclusive]
        yield from UnclearTables.of(principal, _EXPECTED, ((r.table, "search", r.outcome) for r in own)).judge(
            without=leaks
        )
