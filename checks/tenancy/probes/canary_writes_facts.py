"""Attempts of each principal, acting for one canary, to write rows of the other; on the writer, rolled back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from basewatch import components
from basewatch.postgres import DatabaseClient
from basewatch.postgres.probe_types import Canary, ProbeOutcome
from basewatch.postgres.write_probe import WriteProbe
from checks.tenancy.probes.probe_outcomes import (
    AttemptResult,
    UnprobedPrincipal,
    change_result,
    insert_result,
    noting_unprobed,
    unless_unsupported,
)
from checks.tenancy.probes.probe_targets import BEFORE_ANY_EXPIRY, ProbeTarget, writable_targets
from checks.tenancy.probes.write_side_effects import SideEffect, side_effects
from isolation.access.effective_access import EffectiveAccess, effective_access
from isolation.inventory.relations import Command, RelationKind
from isolation.inventory.snapshot import inventory

_ADDS = frozenset({"insert", "copy"})
# Each write is a subtransaction; more than 64 in one transaction slow down all snapshots on the server.
_TABLES_IN_ONE_TRANSACTION = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class RelationWriteAttempts:
    """Attempts of one principal, acting for one canary, on rows of the other in one relation; None was not attempted.

    `control` is the positive control: whether the other canary can read a row of its own. `insert` sets the tenant key
    alone, `copy` all columns of an own row. `update` and `delete` select rows by key; `cursor_takeover` and
    `cursor_delete` write at a cursor without reading. `reassign` (by key) and `cursor_reassign` (at a cursor) give an
    own row to the other canary.
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
        """The attempts that were made, by name."""
        each = (
            ("insert", self.insert),
            ("copy", self.copy),
            ("update", self.update),
            ("delete", self.delete),
            ("cursor takeover", self.cursor_takeover),
            ("cursor delete", self.cursor_delete),
            ("reassign", self.reassign),
            ("cursor reassign", self.cursor_reassign),
        )
        return tuple((name, outcome) for name, outcome in each if outcome is not None)

    @property
    def results(self) -> tuple[tuple[str, AttemptResult], ...]:
        """The result of each attempt by name; of `insert` and `copy`, an inconclusive one is left out."""
        adds = {name: insert_result(outcome) for name, outcome in self.outcomes if name in _ADDS}
        conclusive = {name: result for name, result in adds.items() if result is not AttemptResult.INCONCLUSIVE}
        changes = ((name, change_result(outcome)) for name, outcome in self.outcomes if name not in _ADDS)
        return (*(conclusive or adds).items(), *changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryWriteAttempts:
    """All attempts of all principals as either canary.

    `side_effects` are pairs of a principal and a trigger or rule that its writes would fire.
    A write is attempted only if all its side effects are approved.
    """

    attempts: tuple[RelationWriteAttempts, ...]
    side_effects: tuple[tuple[str, SideEffect], ...]
    unprobed: tuple[UnprobedPrincipal, ...]
    table_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _WritePlan:
    """The attempts on one relation: the commands, those that may write the key, and the columns to use."""

    target: ProbeTarget
    commands: frozenset[Command]
    keyed: frozenset[Command]
    touch: str
    copied: tuple[str, ...]


def canary_write_attempts(database: DatabaseClient, component: components.Database) -> CanaryWriteAttempts:
    """Attempts writes as each principal, for canary A on rows of B and the reverse. Raises: ObservationError."""
    tenancy = component.tenancy
    access = effective_access(inventory(database, component), tenancy)
    attempts, effects, refused = (
        list[RelationWriteAttempts](),
        list[tuple[str, SideEffect]](),
        list[UnprobedPrincipal](),
    )
    for principal in tenancy.principals:
        plans = list[_WritePlan]()
        for target in writable_targets(access, principal):
            by_command = {
                c: side_effects(access, target.relation, c)
                for c in sorted(_write_privileges(access, principal, target))
            }
            effects.extend((principal, each) for some in by_command.values() for each in some)
            safe = (
                c for c, some in by_command.items() if all(each.approved(component, BEFORE_ANY_EXPIRY) for each in some)
            )
            plans.append(_write_plan(access, principal, target, frozenset(safe)))
        with noting_unprobed(principal, refused):
            for canary in Canary:
                # Even without an attempt, one transaction shows whether the principal can be probed.
                for start in range(0, max(1, len(plans)), _TABLES_IN_ONE_TRANSACTION):
                    with database.write_probe_as(principal, tenancy) as probe:
                        some = plans[start : start + _TABLES_IN_ONE_TRANSACTION]
                        attempts.extend(_attempts(probe, principal, canary, some))
    tables = len(access.tenant_tables())
    return CanaryWriteAttempts(
        attempts=tuple(attempts), side_effects=tuple(effects), unprobed=tuple(refused), table_count=tables
    )


def _write_privileges(access: EffectiveAccess, principal: str, target: ProbeTarget) -> frozenset[Command]:
    role = access.role_named(principal)
    return access.commands(role.oid, target.relation) - {Command.SELECT} if role else frozenset()


def _write_plan(
    access: EffectiveAccess, principal: str, target: ProbeTarget, commands: frozenset[Command]
) -> _WritePlan:
    role = access.role_named(principal)
    oid, relation, probed = role.oid if role else 0, target.relation, target.probed
    key = probed.key or tuple(own for own, _ in probed.on)
    given = {c: access.columns_with_privilege(oid, relation, c) for c in (Command.INSERT, Command.UPDATE)}
    readable = access.columns_with_privilege(oid, relation, "SELECT")
    free = [column.name for column in relation.columns if not column.generated]
    touchable = [name for name in free if name in given[Command.UPDATE] & readable]
    return _WritePlan(
        target=target,
        commands=commands,
        keyed=frozenset(c for c, columns in given.items() if set(key) <= columns & set(free) and c in commands),
        touch=next((name for name in key if name in touchable), touchable[0] if touchable else ""),
        copied=tuple(name for name in free if name in given[Command.INSERT] & readable),
    )


def _attempts(
    probe: WriteProbe, principal: str, mine: Canary, plans: Sequence[_WritePlan]
) -> Iterator[RelationWriteAttempts]:
    theirs = mine.other
    probe.set_context(theirs)
    owns = probe.rows_of([plan.target.probed for plan in plans], theirs)
    probe.set_context(mine)
    for plan, own in zip(plans, owns, strict=True):
        relation, commands = plan.target.probed, plan.commands
        changes = commands & {Command.UPDATE, Command.DELETE}
        has_cursor = plan.target.relation.kind is not RelationKind.VIEW
        adds, updates = Command.INSERT in plan.keyed, Command.UPDATE in plan.keyed
        removes = has_cursor and Command.DELETE in commands
        yield RelationWriteAttempts(
            principal=principal,
            acting_as=mine,
            table=plan.target.name,
            control=own if changes and plan.target.has_control else None,
            insert=probe.insert_for(relation, theirs) if adds else None,
            copy=_copy_outcome(probe, plan, mine) if adds else None,
            update=probe.update_of(relation, theirs, plan.touch) if plan.touch and Command.UPDATE in commands else None,
            delete=probe.delete_of(relation, theirs) if Command.DELETE in commands else None,
            cursor_takeover=unless_unsupported(probe.reassign_current(relation, of=theirs, acting_as=mine, to=mine))
            if updates and has_cursor
            else None,
            cursor_delete=unless_unsupported(
                probe.delete_current(relation, of=theirs, acting_as=mine, lock=bool(plan.touch))
            )
            if removes
            else None,
            reassign=probe.reassign(relation, of=mine, to=theirs) if updates else None,
            cursor_reassign=unless_unsupported(probe.reassign_current(relation, of=mine, acting_as=mine, to=theirs))
            if updates and has_cursor
            else None,
        )
        probe.stop_if_blocking()


def _copy_outcome(probe: WriteProbe, plan: _WritePlan, mine: Canary) -> ProbeOutcome | None:
    outcome = probe.copy_for(plan.target.probed, mine.other, of=mine, columns=plan.copied)
    # Without an own row there is nothing to copy.
    return None if outcome.rows == 0 else outcome
