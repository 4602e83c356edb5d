"""What each principal, acting for one canary, can do to the other's rows: tried on the writer, and undone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from basewatch import components
from basewatch.postgres import Database
from basewatch.postgres.place import Canary, Outcome
from basewatch.postgres.writing import CanaryWrites
from checks.tenancy.probes.attempts import Shown, change_shows, insert_shows, stood
from checks.tenancy.probes.firing import SetOff, sets_off
from checks.tenancy.probes.places import Target, writable
from checks.tenancy.probes.refusals import Refused, unless_refused
from isolation.inventory.reading import inventory
from isolation.inventory.relations import Command, RelationKind
from isolation.inventory.world import World, world

_ADDS = frozenset({"insert", "copy"})
# Each write is a sub-transaction; with more than 64 of one transaction every snapshot on the server gets slower.
_TABLES_IN_ONE_TRANSACTION = 5
# What was read once is still what it was, though the day it was vouched for until has passed: that is for the judge.
_EVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempts:
    """What one principal, acting as one canary, could do to the other's rows of one relation; None was not tried.

    `own` is the positive control: whether the other canary has a row there that it sees itself. `insert` gives the key
    alone, `copy` all that a row of its own has. `update` and `delete` go by the key, `takeover` and `removal` stand on
    one row and read nothing; so do `move` and `gift` of its own row.
    """

    principal: str
    acting_as: str
    table: str
    own: Outcome | None = None
    insert: Outcome | None = None
    copy: Outcome | None = None
    update: Outcome | None = None
    delete: Outcome | None = None
    takeover: Outcome | None = None
    removal: Outcome | None = None
    move: Outcome | None = None
    gift: Outcome | None = None

    @property
    def outcomes(self) -> tuple[tuple[str, Outcome], ...]:
        """What was tried, by name."""
        each = (
            ("insert", self.insert),
            ("copy", self.copy),
            ("update", self.update),
            ("delete", self.delete),
            ("takeover", self.takeover),
            ("removal", self.removal),
            ("move", self.move),
            ("gift", self.gift),
        )
        return tuple((name, outcome) for name, outcome in each if outcome is not None)

    @property
    def shows(self) -> tuple[tuple[str, Shown], ...]:
        """What each attempt shows, by its name; of the two that add a row, one that says nothing does not count."""
        adds = {name: insert_shows(outcome) for name, outcome in self.outcomes if name in _ADDS}
        told = {name: shown for name, shown in adds.items() if shown is not Shown.NOTHING} or adds
        changes = ((name, change_shows(outcome)) for name, outcome in self.outcomes if name not in _ADDS)
        return (*told.items(), *changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """Every attempt of every principal as either canary.

    `set_off` are the triggers and rules that a principal's writes would set off, and that do more than compute: a write
    was tried only where somebody vouches for all that it sets off.
    """

    attempts: tuple[Attempts, ...]
    set_off: tuple[tuple[str, SetOff], ...]
    refused: tuple[Refused, ...]
    tables: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """What may be tried on one relation: the commands, those of them that may write the key, and with which columns."""

    target: Target
    commands: frozenset[Command]
    keyed: frozenset[Command]
    touch: str
    copied: tuple[str, ...]


def canary_writes(database: Database, component: components.Database) -> Tried:
    """Tries each principal as canary A on B's rows and the reverse, and undoes it all. Raises: CouldNotLook."""
    tenancy = component.tenancy
    known = world(inventory(database, component), tenancy)
    attempts, set_off, refused = list[Attempts](), list[tuple[str, SetOff]](), list[Refused]()
    for principal in tenancy.principals:
        plans = list[_Plan]()
        for target in writable(known, principal):
            would = {c: sets_off(known, target.relation, c) for c in sorted(_held(known, principal, target))}
            set_off.extend((principal, each) for some in would.values() for each in some)
            safe = (c for c, some in would.items() if all(each.vouched(component, _EVER) for each in some))
            plans.append(_plan(known, principal, target, frozenset(safe)))
        with unless_refused(principal, refused):
            for canary in Canary:
                # Even where there is nothing to try, it is seen whether it could have been.
                for start in range(0, max(1, len(plans)), _TABLES_IN_ONE_TRANSACTION):
                    with database.writing(principal, tenancy) as probe:
                        some = plans[start : start + _TABLES_IN_ONE_TRANSACTION]
                        attempts.extend(_attempts(probe, principal, canary, some))
    tables = len(known.tenant_tables())
    return Tried(attempts=tuple(attempts), set_off=tuple(set_off), refused=tuple(refused), tables=tables)


def _held(known: World, principal: str, target: Target) -> frozenset[Command]:
    role = known.role_named(principal)
    return known.commands(role.oid, target.relation) - {Command.SELECT} if role else frozenset()


def _plan(known: World, principal: str, target: Target, commands: frozenset[Command]) -> _Plan:
    role = known.role_named(principal)
    oid, relation, place = role.oid if role else 0, target.relation, target.place
    key = place.key or tuple(own for own, _ in place.on)
    given = {c: known.column_privileges(oid, relation, c) for c in (Command.INSERT, Command.UPDATE)}
    readable = known.column_privileges(oid, relation, "SELECT")
    free = [column.name for column in relation.columns if not column.generated]
    touchable = [name for name in free if name in given[Command.UPDATE] & readable]
    return _Plan(
        target=target,
        commands=commands,
        keyed=frozenset(c for c, columns in given.items() if set(key) <= columns & set(free) and c in commands),
        touch=next((name for name in key if name in touchable), touchable[0] if touchable else ""),
        copied=tuple(name for name in free if name in given[Command.INSERT] & readable),
    )


def _attempts(probe: CanaryWrites, principal: str, mine: Canary, plans: Sequence[_Plan]) -> Iterator[Attempts]:
    theirs = mine.other
    probe.act_as(theirs)
    owns = probe.rows_of([plan.target.place for plan in plans], theirs)
    probe.act_as(mine)
    for plan, own in zip(plans, owns, strict=True):
        place, commands = plan.target.place, plan.commands
        changes = commands & {Command.UPDATE, Command.DELETE}
        stands = plan.target.relation.kind is not RelationKind.VIEW
        adds, updates = Command.INSERT in plan.keyed, Command.UPDATE in plan.keyed
        removes = stands and Command.DELETE in commands
        yield Attempts(
            principal=principal,
            acting_as=mine,
            table=plan.target.name,
            own=own if changes and plan.target.controlled else None,
            insert=probe.insert_for(place, theirs) if adds else None,
            copy=_copy(probe, plan, mine) if adds else None,
            update=probe.update_of(place, theirs, plan.touch) if plan.touch and Command.UPDATE in commands else None,
            delete=probe.delete_of(place, theirs) if Command.DELETE in commands else None,
            takeover=stood(probe.take(place, owner=theirs, by=mine, to=mine)) if updates and stands else None,
            removal=stood(probe.remove(place, owner=theirs, by=mine, lock=bool(plan.touch))) if removes else None,
            move=probe.move(place, owner=mine, to=theirs) if updates else None,
            gift=stood(probe.take(place, owner=mine, by=mine, to=theirs)) if updates and stands else None,
        )
        probe.step_aside()


def _copy(probe: CanaryWrites, plan: _Plan, mine: Canary) -> Outcome | None:
    outcome = probe.copy_for(plan.target.place, mine.other, of=mine, columns=plan.copied)
    # Without a row of its own there is nothing to copy.
    return None if outcome.rows == 0 else outcome
