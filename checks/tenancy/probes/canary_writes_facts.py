"""Attempts of each principal, acting for one canary, to write rows of the other; on the writer, rolled back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from basewatch import components
from basewatch.postgres import DatabaseClient
from basewatch.postgres.probe_types import Canary, ProbeOutcome
from basewatch.postgres.write_probe import WriteProbe
from checks.tenancy.probes.part_reads import missing_indexes
from checks.tenancy.probes.probe_outcomes import UnprobedPrincipal, is_raised, noting_unprobed, unless_unsupported
from checks.tenancy.probes.probe_targets import BEFORE_ANY_EXPIRY, ProbeTarget, writable_targets
from checks.tenancy.probes.write_attempts import RelationWriteAttempts
from checks.tenancy.probes.write_plans import EffectfulDefault, WritePlan, write_plan
from checks.tenancy.probes.write_side_effects import SideEffect, side_effects
from isolation.access.effective_access import EffectiveAccess, effective_access
from isolation.inventory.relations import Command
from isolation.inventory.snapshot import inventory
from isolation.sql import load_statement

# Each write is a subtransaction; more than 64 in one transaction slow down all snapshots on the server.
_TABLES_IN_ONE_TRANSACTION = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryWriteAttempts:
    """All attempts of all principals as either canary; `missing_indexes` are the statements that create them.

    `side_effects` are pairs of a principal and a trigger or rule that its writes would fire.
    A write is attempted only if all its side effects are approved.
    """

    attempts: tuple[RelationWriteAttempts, ...]
    missing_indexes: tuple[str, ...] = ()
    side_effects: tuple[tuple[str, SideEffect], ...]
    unprobed: tuple[UnprobedPrincipal, ...]
    table_count: int


def canary_write_attempts(database: DatabaseClient, component: components.Database) -> CanaryWriteAttempts:
    """Attempts writes as each principal, for canary A on rows of B and the reverse. Raises: ObservationError."""
    tenancy = component.tenancy
    access = effective_access(inventory(database, component), tenancy)
    defaults = database.query(load_statement("tenancy_defaults"), EffectfulDefault, {})
    attempts, effects, refused = (
        list[RelationWriteAttempts](),
        list[tuple[str, SideEffect]](),
        list[UnprobedPrincipal](),
    )
    for principal in tenancy.principals:
        plans = list[WritePlan]()
        for target in writable_targets(access, principal):
            by_command = {
                c: side_effects(access, target.relation, c)
                for c in sorted(_write_privileges(access, principal, target))
            }
            effects.extend((principal, each) for some in by_command.values() for each in some)
            safe = (
                c for c, some in by_command.items() if all(each.approved(component, BEFORE_ANY_EXPIRY) for each in some)
            )
            plans.append(write_plan(access, principal, target, frozenset(safe), defaults))
        with noting_unprobed(principal, refused):
            for canary in Canary:
                # Even without an attempt, one transaction shows whether the principal can be probed.
                for start in range(0, max(1, len(plans)), _TABLES_IN_ONE_TRANSACTION):
                    with database.write_probe_as(principal, tenancy) as probe:
                        some = plans[start : start + _TABLES_IN_ONE_TRANSACTION]
                        attempts.extend(_attempts(probe, principal, canary, some))
    tables = len(access.tenant_tables())
    whole = {name for attempt in attempts for name in attempt.unindexed}
    return CanaryWriteAttempts(
        attempts=tuple(attempts),
        missing_indexes=tuple(missing_indexes(access, whole)),
        side_effects=tuple(effects),
        unprobed=tuple(refused),
        table_count=tables,
    )


def _write_privileges(access: EffectiveAccess, principal: str, target: ProbeTarget) -> frozenset[Command]:
    role = access.role_named(principal)
    return access.commands(role.oid, target.relation) - {Command.SELECT} if role else frozenset()


def _attempts(
    probe: WriteProbe, principal: str, mine: Canary, plans: Sequence[WritePlan]
) -> Iterator[RelationWriteAttempts]:
    theirs = mine.other
    probe.set_context(theirs)
    owns = probe.rows_of([plan.target.probed for plan in plans], theirs)
    probe.set_context(mine)
    for plan, own in zip(plans, owns, strict=True):
        relation, commands = plan.target.probed, plan.commands
        if own.unindexed:
            # A write would read the relation as a whole, too.
            yield RelationWriteAttempts(
                principal=principal, acting_as=mine, table=plan.target.name, unindexed=own.unindexed
            )
            continue
        controlled = plan.target.has_control and bool(commands & {Command.UPDATE, Command.DELETE} or plan.copied)
        adds = Command.INSERT in plan.keyed and not plan.numbered
        found = RelationWriteAttempts(
            principal=principal,
            acting_as=mine,
            table=plan.target.name,
            control=own if controlled else None,
            update=probe.update_of(relation, theirs, plan.touch) if plan.touch and Command.UPDATE in commands else None,
            delete=probe.delete_of(relation, theirs) if Command.DELETE in commands else None,
            numbered=plan.numbered if Command.INSERT in plan.keyed else (),
            replaces_key=plan.replaces_key,
        )
        found = _with_inserts(found, probe, plan, mine) if adds else found
        yield _with_blind_writes(_with_moves(found, probe, plan, mine), probe, plan, mine)
        probe.stop_if_blocking([plan.target.probed for plan in plans])


def _with_inserts(
    found: RelationWriteAttempts, probe: WriteProbe, plan: WritePlan, mine: Canary
) -> RelationWriteAttempts:
    relation, look = plan.target.probed, plan.look

    def copied(owner: Canary) -> ProbeOutcome | None:
        outcome = probe.copy_for(relation, owner, of=mine, columns=plan.copied, look=look)
        # Without an own row there is nothing to copy.
        return None if outcome is None or outcome.rows == 0 else outcome

    copy = copied(mine.other)
    return replace(
        found,
        insert=probe.insert_for(relation, mine.other, nulls=plan.nulls, look=look),
        copy=copy,
        own_copy=copied(mine) if copy is not None and is_raised(copy) else None,
    )


def _with_moves(
    found: RelationWriteAttempts, probe: WriteProbe, plan: WritePlan, mine: Canary
) -> RelationWriteAttempts:
    relation, look = plan.target.probed, plan.look
    if Command.UPDATE not in plan.keyed:
        return found
    found = replace(found, reassign=probe.reassign(relation, of=mine, to=mine.other, look=look))
    if not plan.has_cursor:
        return found
    moved = probe.reassign_current(relation, of=mine, acting_as=mine, to=mine.other, look=look)
    return replace(found, cursor_reassign=unless_unsupported(moved))


def _with_blind_writes(
    found: RelationWriteAttempts, probe: WriteProbe, plan: WritePlan, mine: Canary
) -> RelationWriteAttempts:
    relation, theirs = plan.target.probed, mine.other
    if not plan.has_cursor:
        return found
    if Command.UPDATE in plan.keyed:
        taken = probe.reassign_current(relation, of=theirs, acting_as=mine, to=mine)
        found = replace(found, cursor_takeover=unless_unsupported(taken))
    elif Command.UPDATE in plan.commands and plan.touch:
        updated = probe.update_current(relation, of=theirs, acting_as=mine, column=plan.touch)
        found = replace(found, cursor_update=unless_unsupported(updated))
    if Command.DELETE in plan.commands:
        removed = probe.delete_current(relation, of=theirs, acting_as=mine, lock=bool(plan.touch))
        found = replace(found, cursor_delete=unless_unsupported(removed))
    return found
