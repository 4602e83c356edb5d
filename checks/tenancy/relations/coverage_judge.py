"""Whether one relation is covered: by row-level security, by being shared, or by nobody reaching it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from basewatch.model import Reason, Severity, Verdict, not_applicable, passed, unverified
from checks.tenancy.flaws import Approvable, Flaw, flaw_verdict
from checks.tenancy.identity.relation_access import (
    GrantedAccess,
    RelationAccess,
    commands_of,
    describe_access,
    revoke_sql,
)
from checks.tenancy.relations.owner_access import OwnerAccess
from checks.tenancy.relations.roots import only_public_reaches, root_flaws
from checks.tenancy.relations.row_security import lets_rows_through, row_security_flaws
from checks.tenancy.relations.tenant_keys import tenant_key_flaws, tenant_key_hint
from checks.tenancy.relations.views import ViewAnalysis
from checks.tenancy.showing import visible_through
from isolation.access.effective_access import EffectiveAccess
from isolation.access.table_class import TableClass
from isolation.inventory.relations import Command, Relation, RelationKind

_WRITES = frozenset({Command.INSERT, Command.UPDATE, Command.DELETE})
_COVERED = "row security enabled and forced, with a policy and a sound tenant key"


class CoverageJudge:
    """Judges the relations of one world, one at a time."""

    def __init__(self, access: EffectiveAccess, now: datetime) -> None:
        self._world = access
        self._now = now
        self._reaching = GrantedAccess(access)
        self._owners = OwnerAccess(access, now)
        self._views = ViewAnalysis(access, now, self._owners)

    def judge(self, relation: Relation) -> Iterator[Verdict]:
        """The verdict on a relation of a declared schema, or on any other that a principal reaches; or none."""
        name, reached = self._world.declared_name(relation), self._reaching.on(relation)
        if relation.kind is RelationKind.SEQUENCE:
            yield from self._sequence(relation, name, reached)
        elif reached:
            yield self._reached(relation, name, reached)
        elif relation.schema in self._world.tenancy.schemas:
            yield passed(f"{name} is reached by no tenant-bound role", subject=name, observed="not reached")

    def _reached(self, relation: Relation, name: str, reached: tuple[RelationAccess, ...]) -> Verdict:
        judges: dict[RelationKind, Callable[[Relation, str, tuple[RelationAccess, ...]], Verdict]] = {
            RelationKind.VIEW: self._view,
            RelationKind.MATERIALIZED_VIEW: self._view,
            RelationKind.FOREIGN_TABLE: self._foreign,
        }
        if relation.extension and self._extension_holds(relation.extension):
            return passed(f"{name} belongs to {relation.extension}, which is vouched for", subject=name)
        return judges.get(relation.kind, self._table)(relation, name, reached)

    def _extension_holds(self, name: str) -> bool:
        found = (extension for extension in self._world.inventory.extensions if extension.name == name)
        return any(self._world.is_approved("extension", name, extension.digest, self._now) for extension in found)

    def _table(self, relation: Relation, name: str, reached: tuple[RelationAccess, ...]) -> Verdict:
        standing = self._world.table_class(relation)
        if standing is TableClass.SHARED:
            return self._shared(relation, name, reached)
        if standing is TableClass.OTHER:
            return self._unclassified(relation, name, reached)
        if standing in {TableClass.ROOT, TableClass.MEMBERS} and not relation.rls_enabled:
            if only_public_reaches(reached):
                return not_applicable(f"{name} is PUBLIC's, and tenancy.rls.grants says so", subject=name)
            flaws = tuple(root_flaws(self._world, relation, reached))
        else:
            switches = row_security_flaws(self._world, relation, reached)
            flaws = (
                *switches,
                *tenant_key_flaws(self._world, relation, proven=lambda: self._owners.reads_are_isolated(relation)),
            )
        if flaws:
            summary = f"{name} is not under row-level security as it should be"
            return flaw_verdict(name, summary, _seen(flaws, reached), expected=_COVERED)
        return passed(f"{name} is covered", subject=name, observed=describe_access(reached), expected=_COVERED)

    def _shared(self, relation: Relation, name: str, reached: tuple[RelationAccess, ...]) -> Verdict:
        """A shared table may be read by all, so what one tenant writes there every other tenant gets."""
        writers = [reach for reach in reached if self._writes(relation, reach)]
        if writers:
            verbs = ", ".join(sorted(commands_of(writers) & _WRITES))
            what = f"every tenant gets what {describe_access(writers)} writes there"
            flaw = Flaw(severity=Severity.HIGH, what=what, repair=revoke_sql(self._world, relation, writers, verbs))
            return flaw_verdict(name, f"{name} is shared, and tenants write to it", [flaw], expected="read alone")
        return passed(
            f"{name} is declared as shared", subject=name, observed=describe_access(reached), expected="read alone"
        )

    def _writes(self, relation: Relation, reach: RelationAccess) -> bool:
        """Whether a write would get through: under row security without a permissive policy, none does."""
        return any(lets_rows_through(self._world, relation, reach, command) for command in reach.commands & _WRITES)

    def _unclassified(self, relation: Relation, name: str, reached: tuple[RelationAccess, ...]) -> Verdict:
        hint = tenant_key_hint(self._world, relation)
        expected = "a tenant key under row-level security, declared in tenancy.shared, or reached by no principal"
        take = revoke_sql(self._world, relation, reached)
        if not relation.rls_enabled:
            severity = Severity.CRITICAL if Command.SELECT in commands_of(reached) else Severity.HIGH
            shared = f"Or, when it holds nothing of any tenant, declare {name} in tenancy.shared."
            flaw = Flaw(
                severity=severity,
                what=f"no row security{hint.observed}",
                repair=f"{take} {hint.remedy}{shared}",
                about=visible_through(self._world, relation),
            )
            summary = f"{name} is open to tenant-bound roles without row-level security"
            return flaw_verdict(name, summary, _seen((flaw,), reached), expected=expected)
        denied = tuple(row_security_flaws(self._world, relation, reached))
        if denied:
            return flaw_verdict(
                name, f"{name} is not covered as it should be", _seen(denied, reached), expected=expected
            )
        return unverified(
            Reason.UNSUPPORTED,
            f"{name} has policies, and the configuration does not say what they should hold it to",
            subject=name,
            observed=f"{describe_access(reached)}{hint.observed}",
            expected=expected,
            remedy=f"{hint.remedy or f'Declare the tenant key of {name} in tenancy.keys.'} Or {take}",
        )

    def _foreign(self, relation: Relation, name: str, reached: tuple[RelationAccess, ...]) -> Verdict:
        if self._world.table_class(relation) is TableClass.SHARED and not commands_of(reached) & _WRITES:
            return passed(f"{name} is declared as shared", subject=name, observed=describe_access(reached))
        repair = (
            f"{revoke_sql(self._world, relation, reached)} Or declare {name} in tenancy.shared, when it is read alone."
        )
        flaw = Flaw(severity=Severity.HIGH, what="row security cannot stand on a foreign table", repair=repair)
        return flaw_verdict(
            name,
            f"{name} reads another server with the rights of its user mapping",
            _seen((flaw,), reached),
            expected="reached by no principal",
        )

    def _view(self, relation: Relation, name: str, reached: tuple[RelationAccess, ...]) -> Verdict:
        expected = "its reader's own rights, or those of an owner whose policies are proven"
        entry = Approvable(kind="view", name=name, digest=relation.digest)
        found = self._views.exposure(relation, reached)
        if found.flaws:
            return flaw_verdict(
                name,
                f"{name} shows rows past row-level security",
                _seen(found.flaws, reached),
                expected=expected,
                approvable=entry,
            )
        if found.unproven:
            return unverified(
                Reason.UNSUPPORTED,
                f"{name} reads with its owner's rights, and what it lets through is not proven",
                subject=name,
                observed="; ".join((describe_access(reached), *found.unproven)),
                expected=expected,
                remedy=f"ALTER VIEW {self._world.sql_name(relation)} SET (security_invoker = true); Or read it and "
                f"vouch for it in tenancy.allowed: {entry}",
            )
        return passed(
            f"{name} shows no rows of other tenants", subject=name, observed=describe_access(reached), expected=expected
        )

    def _sequence(self, relation: Relation, name: str, reached: tuple[RelationAccess, ...]) -> Iterator[Verdict]:
        readers = [reach for reach in reached if Command.SELECT in reach.commands]
        if readers and name not in self._world.tenancy.shared:
            repair = revoke_sql(self._world, relation, readers, "SELECT").replace(" ON ", " ON SEQUENCE ", 1)
            flaw = Flaw(severity=Severity.LOW, what="its last value counts the rows of every tenant", repair=repair)
            summary = f"{name} tells tenants of each other"
            yield flaw_verdict(
                name, summary, _seen((flaw,), readers), expected="USAGE alone, which is enough for nextval()"
            )


def _seen(flaws: tuple[Flaw, ...], reached: tuple[RelationAccess, ...] | list[RelationAccess]) -> list[Flaw]:
    """The flaws, and who reaches it."""
    return [*flaws, Flaw(severity=Severity.LOW, what=f"reached by {describe_access(reached)}")]
