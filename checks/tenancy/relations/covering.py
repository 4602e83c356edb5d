"""Whether one relation is covered: by row-level security, by being shared, or by nobody reaching it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from basewatch.model import Reason, Severity, Verdict, not_applicable, passed, unverified
from checks.tenancy.flaws import Entry, Flaw, judged
from checks.tenancy.reach import Reach, Reaching, commands_of, revoke, told
from checks.tenancy.relations.keys import key_flaws, likely_key
from checks.tenancy.relations.owners import Owners
from checks.tenancy.relations.roots import by_public_alone, root_flaws
from checks.tenancy.relations.switches import asked_of, switch_flaws
from checks.tenancy.relations.views import Views
from checks.tenancy.showing import showing
from isolation.inventory.relations import Command, Relation, RelationKind
from isolation.inventory.standing import Standing
from isolation.inventory.world import World

_WRITES = frozenset({Command.INSERT, Command.UPDATE, Command.DELETE})
_COVERED = "row security enabled and forced, with a policy and a sound tenant key"


class Covering:
    """Judges the relations of one world, one at a time."""

    def __init__(self, world: World, now: datetime) -> None:
        self._world = world
        self._now = now
        self._reaching = Reaching(world)
        self._owners = Owners(world, now)
        self._views = Views(world, now, self._owners)

    def judge(self, relation: Relation) -> Iterator[Verdict]:
        """The verdict on a relation of a declared schema, or on any other that a principal reaches; or none."""
        name, reached = self._world.name(relation), self._reaching.of(relation)
        if relation.kind is RelationKind.SEQUENCE:
            yield from self._sequence(relation, name, reached)
        elif reached:
            yield self._reached(relation, name, reached)
        elif relation.schema in self._world.tenancy.schemas:
            yield passed(f"{name} is reached by no tenant-bound role", subject=name, observed="not reached")

    def _reached(self, relation: Relation, name: str, reached: tuple[Reach, ...]) -> Verdict:
        judges: dict[RelationKind, Callable[[Relation, str, tuple[Reach, ...]], Verdict]] = {
            RelationKind.VIEW: self._view,
            RelationKind.MATERIALIZED_VIEW: self._view,
            RelationKind.FOREIGN_TABLE: self._foreign,
        }
        if relation.extension and self._extension_holds(relation.extension):
            return passed(f"{name} belongs to {relation.extension}, which is vouched for", subject=name)
        return judges.get(relation.kind, self._table)(relation, name, reached)

    def _extension_holds(self, name: str) -> bool:
        found = (extension for extension in self._world.inventory.extensions if extension.name == name)
        return any(self._world.vouched("extension", name, extension.digest, self._now) for extension in found)

    def _table(self, relation: Relation, name: str, reached: tuple[Reach, ...]) -> Verdict:
        standing = self._world.standing(relation)
        if standing is Standing.SHARED:
            return self._shared(relation, name, reached)
        if standing is Standing.OTHER:
            return self._unclassified(relation, name, reached)
        if standing in {Standing.ROOT, Standing.MEMBERS} and not relation.enabled:
            if by_public_alone(reached):
                return not_applicable(f"{name} is PUBLIC's, and tenancy.rls.grants says so", subject=name)
            flaws = tuple(root_flaws(self._world, relation, reached))
        else:
            switches = switch_flaws(self._world, relation, reached)
            flaws = (*switches, *key_flaws(self._world, relation, proven=lambda: self._owners.holds(relation)))
        if flaws:
            summary = f"{name} is not under row-level security as it should be"
            return judged(name, summary, _seen(flaws, reached), expected=_COVERED)
        return passed(f"{name} is covered", subject=name, observed=told(reached), expected=_COVERED)

    def _shared(self, relation: Relation, name: str, reached: tuple[Reach, ...]) -> Verdict:
        """A shared table may be read by all, so what one tenant writes there every other tenant gets."""
        writers = [reach for reach in reached if self._writes(relation, reach)]
        if writers:
            verbs = ", ".join(sorted(commands_of(writers) & _WRITES))
            what = f"every tenant gets what {told(writers)} writes there"
            flaw = Flaw(severity=Severity.HIGH, what=what, repair=revoke(self._world, relation, writers, verbs))
            return judged(name, f"{name} is shared, and tenants write to it", [flaw], expected="read alone")
        return passed(f"{name} is declared as shared", subject=name, observed=told(reached), expected="read alone")

    def _writes(self, relation: Relation, reach: Reach) -> bool:
        """Whether a write would get through: under row security without a permissive policy, none does."""
        return any(asked_of(self._world, relation, reach, command) for command in reach.commands & _WRITES)

    def _unclassified(self, relation: Relation, name: str, reached: tuple[Reach, ...]) -> Verdict:
        hint = likely_key(self._world, relation)
        expected = "a tenant key under row-level security, declared in tenancy.shared, or reached by no principal"
        take = revoke(self._world, relation, reached)
        if not relation.enabled:
            severity = Severity.CRITICAL if Command.SELECT in commands_of(reached) else Severity.HIGH
            shared = f"Or, when it holds nothing of any tenant, declare {name} in tenancy.shared."
            flaw = Flaw(
                severity=severity,
                what=f"no row security{hint.observed}",
                repair=f"{take} {hint.remedy}{shared}",
                about=showing(self._world, relation),
            )
            summary = f"{name} is open to tenant-bound roles without row-level security"
            return judged(name, summary, _seen((flaw,), reached), expected=expected)
        denied = tuple(switch_flaws(self._world, relation, reached))
        if denied:
            return judged(name, f"{name} is not covered as it should be", _seen(denied, reached), expected=expected)
        return unverified(
            Reason.UNSUPPORTED,
            f"{name} has policies, and the configuration does not say what they should hold it to",
            subject=name,
            observed=f"{told(reached)}{hint.observed}",
            expected=expected,
            remedy=f"{hint.remedy or f'Declare the tenant key of {name} in tenancy.keys.'} Or {take}",
        )

    def _foreign(self, relation: Relation, name: str, reached: tuple[Reach, ...]) -> Verdict:
        if self._world.standing(relation) is Standing.SHARED and not commands_of(reached) & _WRITES:
            return passed(f"{name} is declared as shared", subject=name, observed=told(reached))
        repair = f"{revoke(self._world, relation, reached)} Or declare {name} in tenancy.shared, when it is read alone."
        flaw = Flaw(severity=Severity.HIGH, what="row security cannot stand on a foreign table", repair=repair)
        return judged(
            name,
            f"{name} reads another server with the rights of its user mapping",
            _seen((flaw,), reached),
            expected="reached by no principal",
        )

    def _view(self, relation: Relation, name: str, reached: tuple[Reach, ...]) -> Verdict:
        expected = "its reader's own rights, or those of an owner whose policies are proven"
        entry = Entry(kind="view", name=name, digest=relation.digest)
        found = self._views.shown(relation, reached)
        if found.flaws:
            return judged(
                name,
                f"{name} shows rows past row-level security",
                _seen(found.flaws, reached),
                expected=expected,
                entry=entry,
            )
        if found.unproven:
            return unverified(
                Reason.UNSUPPORTED,
                f"{name} reads with its owner's rights, and what it lets through is not proven",
                subject=name,
                observed="; ".join((told(reached), *found.unproven)),
                expected=expected,
                remedy=f"ALTER VIEW {self._world.sql_name(relation)} SET (security_invoker = true); Or read it and "
                f"vouch for it in tenancy.allowed: {entry}",
            )
        return passed(f"{name} shows no rows of other tenants", subject=name, observed=told(reached), expected=expected)

    def _sequence(self, relation: Relation, name: str, reached: tuple[Reach, ...]) -> Iterator[Verdict]:
        readers = [reach for reach in reached if Command.SELECT in reach.commands]
        if readers and name not in self._world.tenancy.shared:
            repair = revoke(self._world, relation, readers, "SELECT").replace(" ON ", " ON SEQUENCE ", 1)
            flaw = Flaw(severity=Severity.LOW, what="its last value counts the rows of every tenant", repair=repair)
            summary = f"{name} tells tenants of each other"
            yield judged(name, summary, _seen((flaw,), readers), expected="USAGE alone, which is enough for nextval()")


def _seen(flaws: tuple[Flaw, ...], reached: tuple[Reach, ...] | list[Reach]) -> list[Flaw]:
    """The flaws, and who reaches it."""
    return [*flaws, Flaw(severity=Severity.LOW, what=f"reached by {told(reached)}")]
