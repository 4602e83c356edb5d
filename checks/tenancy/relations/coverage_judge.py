"""Whether one relation is covered: it has row-level security, is shared, or no principal reaches it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime

from basewatch.model import Reason, Severity, Verdict, not_applicable, passed, unverified
from checks.tenancy.flaws import Approvable, Flaw, flaw_verdict, visible_through
from checks.tenancy.identity.relation_access import (
    GrantedAccess,
    RelationAccess,
    commands_of,
    describe_access,
    revoke_sql,
)
from checks.tenancy.relations.owner_access import OwnerAccess
from checks.tenancy.relations.row_security import no_inherit_sql, row_security_flaws
from checks.tenancy.relations.shared_verdicts import WRITES, shared_table_verdict, with_access
from checks.tenancy.relations.tenant_keys import tenant_key_flaws, tenant_key_hint
from checks.tenancy.relations.unforced_owners import never_forcing_owners, unforced_owner_findings
from checks.tenancy.relations.views import ViewAnalysis
from isolation.access.effective_access import EffectiveAccess
from isolation.access.table_class import TableClass
from isolation.inventory.relations import Command, Relation, RelationKind
from isolation.inventory.roles import PUBLIC
from isolation.proof import member_expression

_COVERED = "row security enabled and forced, with a policy and a valid tenant key"


class CoverageJudge:
    """Judges the relations of one database, one at a time."""

    def __init__(self, access: EffectiveAccess, now: datetime) -> None:
        self._access = access
        self._now = now
        self._granted = GrantedAccess(access)
        self._never_forcing = never_forcing_owners(access)
        self._owners = OwnerAccess(access, now)
        self._views = ViewAnalysis(access, now, self._owners)

    def owners(self) -> Iterator[Verdict]:
        """The findings of owners that never force row security."""
        return unforced_owner_findings(self._access, self._never_forcing)

    def judge(self, relation: Relation) -> Iterator[Verdict]:
        """The verdict on a relation in a declared schema or in reach of a principal; none for any other."""
        name, reached = self._access.declared_name(relation), self._granted.on(relation)
        if relation.kind is RelationKind.SEQUENCE:
            yield from self._sequence(relation, name, reached)
        elif reached:
            yield self._reached(relation, name, reached)
        elif relation.schema in self._access.tenancy.schemas:
            yield passed(f"No tenant-bound role reaches {name}", subject=name, observed="not reached")

    def _reached(self, relation: Relation, name: str, reached: tuple[RelationAccess, ...]) -> Verdict:
        judges: dict[RelationKind, Callable[[Relation, str, tuple[RelationAccess, ...]], Verdict]] = {
            RelationKind.VIEW: self._view,
            RelationKind.MATERIALIZED_VIEW: self._view,
            RelationKind.FOREIGN_TABLE: self._foreign,
        }
        if relation.extension and self._extension_is_approved(relation.extension):
            return passed(f"{name} belongs to the approved extension {relation.extension}", subject=name)
        return judges.get(relation.kind, self._table)(relation, name, reached)

    def _extension_is_approved(self, name: str) -> bool:
        found = (extension for extension in self._access.inventory.extensions if extension.name == name)
        return any(self._access.is_approved("extension", name, extension.digest, self._now) for extension in found)

    def _table(self, relation: Relation, name: str, reached: tuple[RelationAccess, ...]) -> Verdict:
        table_class = self._access.table_class(relation)
        if table_class is TableClass.SHARED:
            return shared_table_verdict(self._access, relation, reached, self._now)
        if table_class is TableClass.OTHER:
            return self._unclassified(relation, name, reached)
        if table_class in {TableClass.ROOT, TableClass.MEMBERS} and not relation.rls_enabled:
            if only_public_reaches(reached):
                return not_applicable(f"{name} is accessible to PUBLIC, which tenancy.rls.grants reports", subject=name)
            flaws = tuple(root_flaws(self._access, relation, reached))
        else:
            said = relation.owner in self._never_forcing
            rls_flaws = row_security_flaws(self._access, relation, reached, said_of_owner=said)
            flaws = (
                *rls_flaws,
                *tenant_key_flaws(
                    self._access, relation, self._now, proven=lambda: self._owners.reads_are_isolated(relation)
                ),
            )
        if flaws:
            summary = f"{name} is not fully protected by row-level security"
            return flaw_verdict(name, summary, with_access(flaws, reached), expected=_COVERED)
        return passed(f"{name} is covered", subject=name, observed=describe_access(reached), expected=_COVERED)

    def _unclassified(self, relation: Relation, name: str, reached: tuple[RelationAccess, ...]) -> Verdict:
        hint = tenant_key_hint(self._access, relation)
        expected = "a tenant key under row-level security, declared in tenancy.shared, or reached by no principal"
        revoke = revoke_sql(self._access, relation, reached)
        if not relation.rls_enabled:
            severity = Severity.CRITICAL if Command.SELECT in commands_of(reached) else Severity.HIGH
            shared = f"Or declare {name} in tenancy.shared if it holds no data of a tenant."
            if commands_of(reached) & WRITES:
                entry = f"{{{json.dumps(name, ensure_ascii=False)}: <the reason>}}"
                shared = (
                    f"Only if it holds no data of a tenant, as sessions or login attempts may, and principals must "
                    f"write to it, declare tenancy.platform_tables: {entry}."
                )
            flaw = Flaw(
                severity=severity,
                what=f"no row security{hint.observed}",
                repair=f"{no_inherit_sql(self._access, relation)}{revoke} {hint.remedy}{shared}",
                affected=visible_through(self._access, relation),
            )
            summary = f"{name} is accessible to tenant-bound roles without row-level security"
            return flaw_verdict(name, summary, with_access((flaw,), reached), expected=expected)
        denied = tuple(row_security_flaws(self._access, relation, reached))
        if denied:
            return flaw_verdict(
                name,
                f"{name} is not fully protected by row-level security",
                with_access(denied, reached),
                expected=expected,
            )
        return unverified(
            Reason.UNSUPPORTED,
            f"{name} has policies, but no tenant key is declared to check them against",
            subject=name,
            observed=f"{describe_access(reached)}{hint.observed}",
            expected=expected,
            remedy=f"{hint.remedy or f'Declare the tenant key of {name} in tenancy.keys.'} Or {revoke}",
        )

    def _foreign(self, relation: Relation, name: str, reached: tuple[RelationAccess, ...]) -> Verdict:
        if self._access.table_class(relation) is TableClass.SHARED and not commands_of(reached) & WRITES:
            return shared_table_verdict(self._access, relation, reached, self._now)
        repair = (
            f"{revoke_sql(self._access, relation, reached)} Or declare {name} in tenancy.shared if it is read only."
        )
        flaw = Flaw(severity=Severity.HIGH, what="a foreign table cannot have row security", repair=repair)
        return flaw_verdict(
            name,
            f"{name} reads another server with the rights of its user mapping",
            with_access((flaw,), reached),
            expected="reached by no principal",
        )

    def _view(self, relation: Relation, name: str, reached: tuple[RelationAccess, ...]) -> Verdict:
        expected = "the rights of the reader, or of an owner whose policies are proven"
        entry = Approvable.of(self._access, "view", name, relation.digest)
        found = self._views.exposure(relation, reached)
        if found.flaws:
            return flaw_verdict(
                name,
                f"{name} exposes rows past row-level security",
                with_access(found.flaws, reached),
                expected=expected,
                approvable=entry,
            )
        if found.unproven:
            return unverified(
                Reason.UNSUPPORTED,
                f"{name} reads with the rights of its owner, and the rows that it exposes are not proven",
                subject=name,
                observed="; ".join((describe_access(reached), *found.unproven)),
                expected=expected,
                remedy=f"ALTER VIEW {self._access.sql_name(relation)} SET (security_invoker = true); {entry.offer()}",
            )
        return passed(
            f"{name} exposes no rows of other tenants",
            subject=name,
            observed=describe_access(reached),
            expected=expected,
        )

    def _sequence(self, relation: Relation, name: str, reached: tuple[RelationAccess, ...]) -> Iterator[Verdict]:
        readers = [role_access for role_access in reached if Command.SELECT in role_access.commands]
        if readers and name not in self._access.tenancy.shared:
            repair = revoke_sql(self._access, relation, readers, "SELECT").replace(" ON ", " ON SEQUENCE ", 1)
            flaw = Flaw(
                severity=Severity.LOW, what="its last value reveals the number of rows of all tenants", repair=repair
            )
            summary = f"{name} reveals activity of other tenants"
            yield flaw_verdict(
                name, summary, with_access((flaw,), readers), expected="USAGE alone, which is enough for nextval()"
            )


_ONLY_READ = frozenset({Command.SELECT})


def only_public_reaches(reached: tuple[RelationAccess, ...]) -> bool:
    """Whether all access is through grants to PUBLIC, which tenancy.rls.grants reports."""
    return all(role_access.grantees <= {PUBLIC} for role_access in reached)


def root_flaws(access: EffectiveAccess, relation: Relation, reached: tuple[RelationAccess, ...]) -> Iterator[Flaw]:
    """The flaw of the root or members table without row security, by whether it can be read or written."""
    commands = commands_of(reached)
    if commands <= _ONLY_READ and access.declared_name(relation) in access.tenancy.shared:
        return
    root = access.table_class(relation) is TableClass.ROOT
    if not commands <= _ONLY_READ:
        severity = Severity.CRITICAL
        what = "the table of tenants can be written" if root else "anyone can be made a member of any tenant"
    elif root and not all(role_access.columns_only for role_access in reached):
        severity, what = Severity.HIGH, "every tenant can read the list of all tenants"
    else:
        severity = Severity.MEDIUM
        what = (
            "every tenant can read columns of all others" if root else "every tenant can read the members of the others"
        )
    table = access.sql_name(relation)
    repair = f"{revoke_sql(access, relation, reached)} Or ENABLE and FORCE ROW LEVEL SECURITY on {table} with a policy."
    # Policies look memberships up with the rights of the principal, so that it has to keep its own.
    if not root and commands <= _ONLY_READ and (own := member_expression(access)):
        enable = f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;"
        repair = f"{enable} CREATE POLICY own_memberships ON {table} FOR SELECT USING ({own});"
    about = visible_through(access, relation)
    yield Flaw(severity=severity, what=f"no row security: {what}", repair=repair, affected=about)
