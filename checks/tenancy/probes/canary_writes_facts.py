"""What each principal, acting for one canary, can do to the other's rows: tried on the writer, and undone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from basewatch import components
from basewatch.postgres import DatabaseClient
from basewatch.postgres.probe_types import Canary, ProbeOutcome
from basewatch.postgres.write_probe import WriteProbe
from checks.tenancy.probes.attempts import AttemptResult, change_result, insert_result, unless_unsupported
from checks.tenancy.probes.probe_outcomes import UnprobedPrincipal, noting_unprobed
from checks.tenancy.probes.probe_targets import ProbeTarget, writable_targets
from checks.tenancy.probes.write_side_effects import SideEffect, side_effects
from isolation.access.effective_access import EffectiveAccess, effective_access
from isolation.inventory.relations import Command, RelationKind
from isolation.inventory.snapshot import inventory

_ADDS = frozenset({"insert", "copy"})
# Each write is a sub-transaction; with more than 64 of one transaction every snapshot on the server gets slower.
_TABLES_IN_ONE_TRANSACTION = 5
# What was read once is still what it was, though the day it was vouched for until has passed: that is for the judge.
_EVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class RelationWriteAttempts:
    """What one principal, acting as one canary, could do to the other's rows of one relation; None was not tried.

    `control` is the positive control: whether the other canary has a row there that it sees itself. `insert` gives the
    key alone, `copy` all that a row of its own has. `update` and `delete` go by the key, `cursor_takeover` and
    `cursor_delete` stand on one row and read nothing; so do `reassign` and `cursor_reassign` of its own row.
    """

    principal: str
    acting_as: str
    table: str
    control: ProbeOutcome | None = None
    insert: ProbeOutcome | None = None
    copy: ProbeOutcome | None = None
    update: ProbeOutcome | None = None
    delete: ProbeOutcome | None = None
    cursor_takeover: ProbeOutcome | None = None
    cursor_delete: ProbeOutcome | None = None
    reassign: ProbeOutcome | None = None
    cursor_reassign: ProbeOutcome | None = None

    @property
    def outcomes(self) -> tuple[tuple[str, ProbeOutcome], ...]:
        """What was tried, by name."""
        each = (
            ("insert", self.insert),
            ("copy", self.copy),
            ("update", self.update),
            ("delete", self.delete),
            ("takeover", self.cursor_takeover),
            ("removal", self.cursor_delete),
            ("move", self.reassign),
            ("gift", self.cursor_reassign),
        )
        return tuple((name, outcome) for name, outcome in each if outcome is not None)

    @property
    def results(self) -> tuple[tuple[str, AttemptResult], ...]:
        """What each attempt shows, by its name; of the two that add a row, one that says nothing does not count."""
        adds = {name: insert_result(outcome) for name, outcome in self.outcomes if name in _ADDS}
        told = {name: shown for name, shown in adds.items() if shown is not AttemptResult.INCONCLUSIVE} or adds
        changes = ((name, change_result(outcome)) for name, outcome in self.outcomes if name not in _ADDS)
        return (*told.items(), *changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryWriteAttempts:
    """Every attempt of every principal as either canary.

    `side_effects` are the triggers and rules that a principal's writes would set off, and that do more than compute: a
    write was tried only where somebody vouches for all that it sets off.
    """

    attempts: tuple[RelationWriteAttempts, ...]
    side_effects: tuple[tuple[str, SideEffect], ...]
    unprobed: tuple[UnprobedPrincipal, ...]
    table_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """What may be tried on one relation: the commands, those of them that may write the key, and with which columns."""

    target: ProbeTarget
    commands: frozenset[Command]
    keyed: frozenset[Command]
    touch: str
    copied: tuple[str, ...]


def canary_write_attempts(database: DatabaseClient, component: components.Database) -> CanaryWriteAttempts:
    """Tries each principal as canary A on B's rows and the reverse, and undoes it all. Raises: ObservationError."""
    tenancy = component.tenancy
    known = effective_access(inventory(database, component), tenancy)
    attempts, set_off, refused = (
        list[RelationWriteAttempts](),
        list[tuple[str, SideEffect]](),
        list[UnprobedPrincipal](),
    )
    for principal in tenancy.principals:
        plans = list[_Plan]()
        for target in writable_targets(known, principal):
            would = {c: side_effects(known, target.relation, c) for c in sorted(_held(known, principal, target))}
            set_off.extend((principal, each) for some in would.values() for each in some)
            safe = (c for c, some in would.items() if all(each.approved(component, _EVER) for each in some))
            plans.append(_plan(known, principal, target, frozenset(safe)))
        with noting_unprobed(principal, refused):
            for canary in Canary:
                # Even where there is nothing to try, it is seen whether it could have been.
                for start in range(0, max(1, len(plans)), _TABLES_IN_ONE_TRANSACTION):
                    with database.write_probe_as(principal, tenancy) as probe:
                        some = plans[start : start + _TABLES_IN_ONE_TRANSACTION]
                        attempts.extend(_attempts(probe, principal, canary, some))
    tables = len(known.tenant_tables())
    return CanaryWriteAttempts(
        attempts=tuple(attempts), side_effects=tuple(set_off), unprobed=tuple(refused), table_count=tables
    )


def _held(access: EffectiveAccess, principal: str, target: ProbeTarget) -> frozenset[Command]:
    role = access.role_named(principal)
    return access.commands(role.oid, target.relation) - {Command.SELECT} if role else frozenset()


def _plan(access: EffectiveAccess, principal: str, target: ProbeTarget, commands: frozenset[Command]) -> _Plan:
    role = access.role_named(principal)
    oid, relation, place = role.oid if role else 0, target.relation, target.probed
    key = place.key or tuple(own for own, _ in place.on)
    given = {c: access.columns_with_privilege(oid, relation, c) for c in (Command.INSERT, Command.UPDATE)}
    readable = access.columns_with_privilege(oid, relation, "SELECT")
    free = [column.name for column in relation.columns if not column.generated]
    touchable = [name for name in free if name in given[Command.UPDATE] & readable]
    return _Plan(
        target=target,
        commands=commands,
        keyed=frozenset(c for c, columns in given.items() if set(key) <= columns & set(free) and c in commands),
        touch=next((name for name in key if name in touchable), touchable[0] if touchable else ""),
        copied=tuple(name for name in free if name in given[Command.INSERT] & readable),
    )


def _attempts(
    probe: WriteProbe, principal: str, mine: Canary, plans: Sequence[_Plan]
) -> Iterator[RelationWriteAttempts]:
    theirs = mine.other
    probe.set_context(theirs)
    owns = probe.rows_of([plan.target.probed for plan in plans], theirs)
    probe.set_context(mine)
    for plan, own in zip(plans, owns, strict=True):
        place, commands = plan.target.probed, plan.commands
        changes = commands & {Command.UPDATE, Command.DELETE}
        stands = plan.target.relation.kind is not RelationKind.VIEW
        adds, updates = Command.INSERT in plan.keyed, Command.UPDATE in plan.keyed
        removes = stands and Command.DELETE in commands
        yield RelationWriteAttempts(
            principal=principal,
            acting_as=mine,
            table=plan.target.name,
            control=own if changes and plan.target.has_control else None,
            insert=probe.insert_for(place, theirs) if adds else None,
            copy=_copy(probe, plan, mine) if adds else None,
            update=probe.update_of(place, theirs, plan.touch) if plan.touch and Command.UPDATE in commands else None,
            delete=probe.delete_of(place, theirs) if Command.DELETE in commands else None,
            cursor_takeover=unless_unsupported(probe.reassign_current(place, of=theirs, acting_as=mine, to=mine))
            if updates and stands
            else None,
            cursor_delete=unless_unsupported(
                probe.delete_current(place, of=theirs, acting_as=mine, lock=bool(plan.touch))
            )
            if removes
            else None,
            reassign=probe.reassign(place, of=mine, to=theirs) if updates else None,
            cursor_reassign=unless_unsupported(probe.reassign_current(place, of=mine, acting_as=mine, to=theirs))
            if updates and stands
            else None,
        )
        probe.stop_if_blocking()


def _copy(probe: WriteProbe, plan: _Plan, mine: Canary) -> ProbeOutcome | None:
    outcome = probe.copy_for(plan.target.probed, mine.other, of=mine, columns=plan.copied)
    # Without a row of its own there is nothing to copy.
    return None if outcome.rows == 0 else outcome
