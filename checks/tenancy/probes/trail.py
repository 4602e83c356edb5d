"""What every role that Basewatch can become could do to a canary's audit records, tried and undone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from basewatch import components
from basewatch.errors import Absent
from basewatch.postgres import Database
from basewatch.postgres.place import Canary, Outcome
from basewatch.postgres.writing import CanaryWrites
from checks.tenancy.probes.firing import SetOff, sets_off
from checks.tenancy.probes.places import place_of
from checks.tenancy.probes.refusals import Refused, unless_refused
from isolation.inventory.reading import inventory
from isolation.inventory.relations import Command, Relation
from isolation.inventory.world import World, world

_EVER = datetime.min.replace(tzinfo=UTC)
_CHANGES = (Command.UPDATE, Command.DELETE)
# A wider table is tried on its first columns: with more than 64 writes one transaction makes every snapshot slower.
_COLUMNS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Changing:
    """What one role could do to a canary's audit records; None was not tried, as what it sets off is not vouched for.

    `own` says whether there is a record to try it on; `updates` are of each column, `added` is of a new record, and
    `discarded` says that the planner turns adding one into nothing.
    """

    role: str
    principal: bool
    own: Outcome
    may: tuple[str, ...]
    discarded: bool
    added: Outcome | None
    updates: tuple[tuple[str, Outcome], ...]
    delete: Outcome | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditTrail:
    """Every attempt of every role; `others` are roles that may change the table and that we cannot become.

    `tried` is false where nothing is: write probes are not wanted, or no row of the table is a canary's.
    """

    tried: bool = True
    changing: tuple[Changing, ...]
    others: tuple[str, ...]
    set_off: tuple[SetOff, ...]
    refused: tuple[Refused, ...]


_UNTRIED = AuditTrail(tried=False, changing=(), others=(), set_off=(), refused=())


def audit_trail(database: Database, component: components.Database) -> AuditTrail:
    """Tries to add, change and remove a canary's audit records, and undoes it all.

    Raises: CouldNotLook; Absent, when there is no such table.
    """
    audit, tenancy = component.audit, component.tenancy
    if audit is None or not tenancy.write_probes:
        return _UNTRIED
    known = world(inventory(database, component), tenancy)
    relation = known.relation_named(audit.table)
    if relation is None:
        raise Absent(f"there is no table {audit.table}")
    if not place_of(known, relation).keyed:
        return _UNTRIED
    would = {c: sets_off(known, relation, c) for c in (Command.INSERT, *_CHANGES)}
    safe = frozenset(c for c, some in would.items() if all(each.vouched(component, _EVER) for each in some))
    changing, refused = list[Changing](), list[Refused]()
    ours = _ours(known, database.principal, relation)
    for role in ours:
        with unless_refused(role, refused), database.writing(role, tenancy) as probe:
            changing.append(_try(probe, known, role, relation, safe))
    holders = {
        role.name
        for role in known.inventory.roles
        if _may(known, role.name, relation) and not role.superuser and not role.name.startswith("pg_")
    }
    return AuditTrail(
        changing=tuple(changing),
        others=tuple(sorted(holders - set(ours))),
        set_off=tuple(each for some in would.values() for each in some),
        refused=tuple(refused),
    )


def _ours(known: World, login: str, relation: Relation) -> tuple[str, ...]:
    """The principals, then what else we can become that may change the table; never a superuser."""
    principals = known.tenancy.principals
    became = (each.role for each in known.becomes(login) if each.sets and not each.role.superuser)
    others = sorted({role.name for role in became if _may(known, role.name, relation)} - set(principals))
    return (*principals, *others)


def _may(known: World, name: str, relation: Relation) -> tuple[str, ...]:
    role = known.role_named(name)
    held = known.commands(role.oid, relation) if role else frozenset[Command]()
    return tuple(command for command in _CHANGES if command in held)


def _try(probe: CanaryWrites, known: World, name: str, relation: Relation, safe: frozenset[Command]) -> Changing:
    role, place = known.role_named(name), place_of(known, relation)
    held = known.commands(role.oid, relation) if role else frozenset[Command]()
    # Without the privilege a statement is refused before it sets anything off.
    tried = {command for command in _CHANGES if command in safe or command not in held}
    probe.act_as(Canary.A)
    (own,) = probe.rows_of([place], Canary.A)
    written = known.column_privileges(role.oid, relation, "UPDATE") if role else frozenset[str]()
    columns = [c.name for c in relation.columns if not c.generated and c.name in written][:_COLUMNS] or [
        relation.columns[0].name
    ]
    copied = [c.name for c in relation.columns if not c.default and not c.generated]
    adds = Command.INSERT in held & safe and Command.SELECT in held
    return Changing(
        role=name,
        principal=name in known.tenancy.principals,
        own=own,
        may=_may(known, name, relation),
        discarded=Command.INSERT in held and probe.discards(place, Canary.A),
        added=probe.added(place, Canary.A, copied) if adds else None,
        updates=tuple((c, probe.update_of(place, Canary.A, c)) for c in columns) if Command.UPDATE in tried else (),
        delete=probe.delete_of(place, Canary.A) if Command.DELETE in tried else None,
    )
