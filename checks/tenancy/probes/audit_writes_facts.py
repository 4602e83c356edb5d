"""What every role that Basewatch can become could do to a canary's audit records, tried and undone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from basewatch import components
from basewatch.errors import NotFoundError
from basewatch.postgres import DatabaseClient
from basewatch.postgres.probe_types import Canary, ProbeOutcome
from basewatch.postgres.write_probe import WriteProbe
from checks.tenancy.probes.probe_outcomes import UnprobedPrincipal, noting_unprobed
from checks.tenancy.probes.probe_targets import probed_relation
from checks.tenancy.probes.write_side_effects import SideEffect, side_effects
from isolation.access.effective_access import EffectiveAccess, effective_access
from isolation.inventory.relations import Command, Relation
from isolation.inventory.snapshot import inventory

_EVER = datetime.min.replace(tzinfo=UTC)
_CHANGES = (Command.UPDATE, Command.DELETE)
# A wider table is tried on its first columns: with more than 64 writes one transaction makes every snapshot slower.
_COLUMNS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleAuditAttempts:
    """What one role could do to a canary's audit records; None was not tried, as what it sets off is not vouched for.

    `control` says whether there is a record to try it on; `updates` are of each column, `insert` is of a new record,
    and `discarded` says that the planner turns adding one into nothing.
    """

    role: str
    principal: bool
    control: ProbeOutcome
    granted_commands: tuple[str, ...]
    discarded: bool
    insert: ProbeOutcome | None
    updates: tuple[tuple[str, ProbeOutcome], ...]
    delete: ProbeOutcome | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditWriteAttempts:
    """Every attempt of every role; `untested_roles` are roles that may change the table and that we cannot become.

    `tried` is false where nothing is: write probes are not wanted, or no row of the table is a canary's.
    """

    tried: bool = True
    attempts: tuple[RoleAuditAttempts, ...]
    untested_roles: tuple[str, ...]
    side_effects: tuple[SideEffect, ...]
    unprobed: tuple[UnprobedPrincipal, ...]


_UNTRIED = AuditWriteAttempts(tried=False, attempts=(), untested_roles=(), side_effects=(), unprobed=())


def audit_write_attempts(database: DatabaseClient, component: components.Database) -> AuditWriteAttempts:
    """Tries to add, change and remove a canary's audit records, and undoes it all.

    Raises: ObservationError; NotFoundError, when there is no such table.
    """
    audit, tenancy = component.audit, component.tenancy
    if audit is None or not tenancy.write_probes:
        return _UNTRIED
    known = effective_access(inventory(database, component), tenancy)
    relation = known.relation_named(audit.table)
    if relation is None:
        raise NotFoundError(f"there is no table {audit.table}")
    if not probed_relation(known, relation).keyed:
        return _UNTRIED
    would = {c: side_effects(known, relation, c) for c in (Command.INSERT, *_CHANGES)}
    safe = frozenset(c for c, some in would.items() if all(each.approved(component, _EVER) for each in some))
    changing, refused = list[RoleAuditAttempts](), list[UnprobedPrincipal]()
    ours = _ours(known, database.principal, relation)
    for role in ours:
        with noting_unprobed(role, refused), database.write_probe_as(role, tenancy) as probe:
            changing.append(_try(probe, known, role, relation, safe))
    holders = {
        role.name
        for role in known.inventory.roles
        if _may(known, role.name, relation) and not role.superuser and not role.name.startswith("pg_")
    }
    return AuditWriteAttempts(
        attempts=tuple(changing),
        untested_roles=tuple(sorted(holders - set(ours))),
        side_effects=tuple(each for some in would.values() for each in some),
        unprobed=tuple(refused),
    )


def _ours(access: EffectiveAccess, login: str, relation: Relation) -> tuple[str, ...]:
    """The principals, then what else we can become that may change the table; never a superuser."""
    principals = access.tenancy.principals
    became = (each.role for each in access.reachable_roles(login) if each.can_set_role and not each.role.superuser)
    others = sorted({role.name for role in became if _may(access, role.name, relation)} - set(principals))
    return (*principals, *others)


def _may(access: EffectiveAccess, name: str, relation: Relation) -> tuple[str, ...]:
    role = access.role_named(name)
    held = access.commands(role.oid, relation) if role else frozenset[Command]()
    return tuple(command for command in _CHANGES if command in held)


def _try(
    probe: WriteProbe, access: EffectiveAccess, name: str, relation: Relation, safe: frozenset[Command]
) -> RoleAuditAttempts:
    role, place = access.role_named(name), probed_relation(access, relation)
    held = access.commands(role.oid, relation) if role else frozenset[Command]()
    # Without the privilege a statement is refused before it sets anything off.
    tried = {command for command in _CHANGES if command in safe or command not in held}
    probe.set_context(Canary.A)
    (own,) = probe.rows_of([place], Canary.A)
    written = access.columns_with_privilege(role.oid, relation, "UPDATE") if role else frozenset[str]()
    columns = [c.name for c in relation.columns if not c.generated and c.name in written][:_COLUMNS] or [
        relation.columns[0].name
    ]
    copied = [c.name for c in relation.columns if not c.has_default and not c.generated]
    adds = Command.INSERT in held & safe and Command.SELECT in held
    return RoleAuditAttempts(
        role=name,
        principal=name in access.tenancy.principals,
        control=own,
        granted_commands=_may(access, name, relation),
        discarded=Command.INSERT in held and probe.insert_is_discarded(place, Canary.A),
        insert=probe.insert_own_copy(place, Canary.A, copied) if adds else None,
        updates=tuple((c, probe.update_of(place, Canary.A, c)) for c in columns) if Command.UPDATE in tried else (),
        delete=probe.delete_of(place, Canary.A) if Command.DELETE in tried else None,
    )
