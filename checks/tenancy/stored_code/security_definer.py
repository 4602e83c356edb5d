"""Rights that a SECURITY DEFINER function gives to its callers beyond their own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from basewatch.model import Severity
from checks.tenancy.egress.known_extensions import HARMLESS_EXTENSIONS
from checks.tenancy.flaws import Flaw, grant_paths, revoke_from, role_paths, without_superusers
from checks.tenancy.identity.bypass_privileges import PREDEFINED_ROLES
from isolation.access.effective_access import EffectiveAccess
from isolation.access.role_graph import ReachableRole
from isolation.access.table_class import TableClass
from isolation.inventory.code import Function
from isolation.inventory.relations import Command, Relation
from isolation.inventory.roles import Role

_COMMANDS: Final = (Command.SELECT, Command.INSERT, Command.UPDATE, Command.DELETE)
_UNDER_POLICIES: Final = frozenset({TableClass.TENANT, TableClass.ROOT, TableClass.MEMBERS})
_OPEN: Final = frozenset({TableClass.SHARED, TableClass.SEQUENCE})


def definer_flaws(access: EffectiveAccess, function: Function) -> Iterator[Flaw]:
    """The flaws of a SECURITY DEFINER function that principals may call."""
    owner = access.role(function.owner)
    if not function.security_definer or function.compiled_by in HARMLESS_EXTENSIONS:
        return
    callers = callers_gaining_rights(access, function)
    if not callers:
        return
    who = grant_paths(access, callers, function.grants)
    rights = extra_rights(access, owner, callers)
    yield Flaw(
        severity=Severity.CRITICAL if rights else Severity.MEDIUM,
        what=f"{who} may call it, and it is SECURITY DEFINER: it runs as {owner.name if owner else 'an unknown role'}, "
        + (rights or "which is subject to the same policies"),
        repair=f"REVOKE EXECUTE ON ROUTINE {function.name} "
        f"FROM {revoke_from(access, callers, function.grants, 'EXECUTE')}; "
        f"or ALTER ROUTINE {function.name} SECURITY INVOKER;",
    )
    if function.search_path is None:
        what = f"its search_path is not fixed, so that {who} can substitute the objects that it uses"
        repair = f"ALTER ROUTINE {function.name} SET search_path = pg_catalog, pg_temp;"
        yield Flaw(severity=Severity.HIGH, what=what, repair=repair)
        return
    for schema in search_path_schemas(function.search_path, owner.name if owner else ""):
        creating = [b for b in callers if access.role_privileges.schema(schema) and _creates(access, b, schema)]
        if creating:
            what = f"its search_path has the schema {schema}, where {role_paths(creating)} may create objects"
            repair = f"ALTER ROUTINE {function.name} SET search_path = pg_catalog, pg_temp;"
            yield Flaw(severity=Severity.HIGH, what=what, repair=repair)


def callers_gaining_rights(access: EffectiveAccess, function: Function) -> tuple[ReachableRole, ...]:
    """The roles that may call a function without having the rights of its owner.

    Functions owned by a declared principal are left out: the rights of that principal are checked separately.
    """
    owner = access.role(function.owner)
    if owner and owner.name in access.tenancy.principals:
        return ()
    owners = {b.principal for b in access.all_reachable_roles() if function.owner in access.inherited_roles(b.role.oid)}
    ways = (access.executable_by(function), _through_views(access, function), _through_uses(access, function, set()))
    callers = without_superusers(dict.fromkeys(each for way in ways for each in way), access)
    return tuple(each for each in callers if each.principal not in owners)


def _through_views(access: EffectiveAccess, function: Function) -> Iterator[ReachableRole]:
    """The readers of views that call a function; they need EXECUTE on it, but no USAGE on its schema."""
    for relation in access.inventory.relations:
        if function.oid in relation.referenced_functions:
            for each in access.accessible_by(relation):
                if access.has_privilege(each.role.oid, function.owner, function.grants, "EXECUTE"):
                    yield each


def _through_uses(access: EffectiveAccess, function: Function, seen: set[int]) -> Iterator[ReachableRole]:
    """The roles that run a function by an operator, a default or another stored object, without USAGE on its schema."""
    seen.add(function.oid)
    for use in access.uses_of(function):
        caller, relation = access.function(use.caller), access.relation(use.relation)
        if relation is not None:
            ways = tuple(each for each in access.accessible_by(relation) if access.commands(each.role.oid, relation))
        elif caller is not None:
            within = () if caller.oid in seen else tuple(_through_uses(access, caller, seen))
            ways = (*access.executable_by(caller), *within)
        else:
            ways = access.all_reachable_roles()
        for each in ways:
            if access.has_privilege(each.role.oid, function.owner, function.grants, "EXECUTE"):
                yield each


def search_path_schemas(search_path: str, user: str) -> tuple[str, ...]:
    """The schemas of a search_path setting, with the name of the user in place of "$user"."""
    found = re.findall(r'"((?:[^"]|"")*)"|([^\s,"]+)', search_path)
    names = (quoted.replace('""', '"') if quoted else plain.lower().strip("'") for quoted, plain in found)
    return tuple(user if name == "$user" else name for name in names if name)


def _creates(access: EffectiveAccess, reachable: ReachableRole, schema: str) -> bool:
    return access.role_privileges.has_schema_privilege(reachable.role.oid, schema, "CREATE")


def extra_rights(access: EffectiveAccess, owner: Role | None, callers: tuple[ReachableRole, ...]) -> str:
    """A right of the owner that the callers do not have, as text; empty without one."""
    if owner is None or owner.superuser:
        return "a superuser" if owner else "whose rights are unknown"
    if owner.bypass_rls:
        return "which has BYPASSRLS"
    predefined = _predefined_right(access, owner, callers)
    if predefined:
        return predefined
    for relation in access.inventory.relations:
        if access.role_privileges.has_any_privilege(owner.oid, relation):
            caller = next((b for b in callers if not _has_no_more_rights(access, relation, owner, b.role)), None)
            if caller:
                return f"which has rights on {access.declared_name(relation)} that {caller} does not have"
    return ""


def _predefined_right(access: EffectiveAccess, owner: Role, callers: tuple[ReachableRole, ...]) -> str:
    """A predefined role or a grant on a system object that the owner has and a caller does not have, as text."""
    held = access.inherited_roles(owner.oid)
    for caller in callers:
        gained = held - access.inherited_roles(caller.role.oid)
        names = (role.name for oid in sorted(gained) if (role := access.role(oid)))
        name = next((name for name in names if name in PREDEFINED_ROLES), "")
        if name:
            return f"which {PREDEFINED_ROLES[name][0]} as a member of {name}"
        grant = next((grant for grant in access.inventory.system_grants if grant.grantee in gained), None)
        if grant:
            return f"which has {grant.privilege} on {grant.name}"
    return ""


def _has_no_more_rights(access: EffectiveAccess, relation: Relation, owner: Role, caller: Role) -> bool:
    table_class = access.table_class(relation)
    if table_class in _OPEN:
        return True
    mine, theirs = access.relation_privileges(caller.oid, relation), access.relation_privileges(owner.oid, relation)
    if not (relation.is_table and table_class in _UNDER_POLICIES):
        return theirs <= mine and access.commands(owner.oid, relation) <= access.commands(caller.oid, relation)
    return (
        relation.rls_enabled
        and not access.rls_exemption(owner.oid, relation)
        and ("TRUNCATE" in mine or "TRUNCATE" not in theirs)
        and all(access.policies(relation, owner.oid, c) == access.policies(relation, caller.oid, c) for c in _COMMANDS)
    )
