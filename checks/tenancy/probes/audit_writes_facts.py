"""Attempts to write audit records of a canary, as every role that Basewatch can become; rolled back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from basewatch import components
from basewatch.errors import NotFoundError
from basewatch.postgres import DatabaseClient
from basewatch.postgres.probe_types import Canary, ProbeOutcome
from basewatch.postgres.write_probe import WriteProbe
from checks.tenancy.probes.probe_outcomes import UnprobedPrincipal, noting_unprobed
from checks.tenancy.probes.probe_targets import BEFORE_ANY_EXPIRY, probed_relation
from checks.tenancy.probes.write_plans import EffectfulDefault, copied_columns
from checks.tenancy.probes.write_side_effects import SideEffect, side_effects
from isolation.access.effective_access import EffectiveAccess, effective_access
from isolation.inventory.relations import Command, Relation
from isolation.inventory.snapshot import inventory
from isolation.sql import load_statement

_CHANGES = (Command.UPDATE, Command.DELETE)
# Of a wider table, the first columns: more than 64 subtransactions slow down all snapshots on the server.
_COLUMNS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleAuditAttempts:
    """The attempts of one role on audit records of a canary; None was not attempted, for unapproved side effects.

    `control` is whether the canary has a record; `updates` has one outcome for each column, `insert` that of a copied
    record; `discarded` says that the planner reduces an INSERT to nothing.
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
    """All attempts of all roles; `untested_roles` may change the table, and Basewatch cannot become them.

    `tried` is false if write probes are off, or the table has no tenant key.
    """

    tried: bool = True
    attempts: tuple[RoleAuditAttempts, ...]
    untested_roles: tuple[str, ...]
    side_effects: tuple[SideEffect, ...]
    unprobed: tuple[UnprobedPrincipal, ...]


_UNTRIED = AuditWriteAttempts(tried=False, attempts=(), untested_roles=(), side_effects=(), unprobed=())


def audit_write_attempts(database: DatabaseClient, component: components.Database) -> AuditWriteAttempts:
    """Attempts to add, change and remove audit records of a canary, rolled back.

    Raises: ObservationError; NotFoundError, if the table does not exist.
    """
    audit, tenancy = component.audit, component.tenancy
    if audit is None or not tenancy.write_probes:
        return _UNTRIED
    access = effective_access(inventory(database, component), tenancy)
    relation = access.relation_named(audit.table)
    if relation is None:
        raise NotFoundError(f"the table {audit.table} does not exist")
    if not probed_relation(access, relation).keyed:
        return _UNTRIED
    by_command = {c: side_effects(access, relation, c) for c in (Command.INSERT, *_CHANGES)}
    safe = frozenset(
        c for c, some in by_command.items() if all(each.approved(component, BEFORE_ANY_EXPIRY) for each in some)
    )
    attempts, refused = list[RoleAuditAttempts](), list[UnprobedPrincipal]()
    defaults = database.query(load_statement("tenancy_defaults"), EffectfulDefault, {})
    roles = _probed_roles(access, database.principal, relation)
    for role in roles:
        with noting_unprobed(role, refused), database.write_probe_as(role, tenancy) as probe:
            attempts.append(_role_attempts(probe, access, role, relation, safe, defaults))
    holders = {
        role.name
        for role in access.inventory.roles
        if _granted_commands(access, role.name, relation) and not role.superuser and not role.name.startswith("pg_")
    }
    return AuditWriteAttempts(
        attempts=tuple(attempts),
        untested_roles=tuple(sorted(holders - set(roles))),
        side_effects=tuple(each for some in by_command.values() for each in some),
        unprobed=tuple(refused),
    )


def _probed_roles(access: EffectiveAccess, login: str, relation: Relation) -> tuple[str, ...]:
    """The principals, then the other roles that Basewatch can become and that may change the table; no superuser."""
    principals = access.tenancy.principals
    reachable = (each.role for each in access.reachable_roles(login) if each.can_set_role and not each.role.superuser)
    others = sorted(
        {role.name for role in reachable if _granted_commands(access, role.name, relation)} - set(principals)
    )
    return (*principals, *others)


def _granted_commands(access: EffectiveAccess, name: str, relation: Relation) -> tuple[str, ...]:
    role = access.role_named(name)
    held = access.commands(role.oid, relation) if role else frozenset[Command]()
    return tuple(command for command in _CHANGES if command in held)


def _role_attempts(  # noqa: PLR0917  # one role, with what is known of the table
    probe: WriteProbe,
    access: EffectiveAccess,
    name: str,
    relation: Relation,
    safe: frozenset[Command],
    defaults: Sequence[EffectfulDefault],
) -> RoleAuditAttempts:
    role, target = access.role_named(name), probed_relation(access, relation)
    held = access.commands(role.oid, relation) if role else frozenset[Command]()
    # Without the privilege a statement is rejected before it fires a trigger.
    tried = {command for command in _CHANGES if command in safe or command not in held}
    probe.set_context(Canary.A)
    (own,) = probe.rows_of([target], Canary.A)
    written = access.columns_with_privilege(role.oid, relation, "UPDATE") if role else frozenset[str]()
    columns = [c.name for c in relation.columns if not c.generated and c.name in written][:_COLUMNS] or [
        relation.columns[0].name
    ]
    # A default gives the copy an id or a time of its own, as the application's records have.
    run = {each.name for each in defaults if each.relation == relation.oid}
    free = {c.name for c in relation.columns if not c.generated and (not c.has_default or c.name in run)}
    insertable = access.columns_with_privilege(role.oid, relation, "INSERT") if role else frozenset[str]()
    copied = tuple(copied_columns(access, relation, free & insertable, run, own=True))
    adds = Command.INSERT in held & safe and Command.SELECT in held and run <= insertable
    return RoleAuditAttempts(
        role=name,
        principal=name in access.tenancy.principals,
        control=own,
        granted_commands=_granted_commands(access, name, relation),
        discarded=Command.INSERT in held and probe.insert_is_discarded(target, Canary.A),
        insert=probe.insert_own_copy(target, Canary.A, copied) if adds else None,
        updates=tuple((c, probe.update_of(target, Canary.A, c)) for c in columns) if Command.UPDATE in tried else (),
        delete=probe.delete_of(target, Canary.A) if Command.DELETE in tried else None,
    )
