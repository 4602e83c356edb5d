"""What a SECURITY DEFINER function gives to whom may call it: the rights of its owner, where those are not its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from basewatch.model import Severity
from checks.tenancy.egress.known_extensions import HARMLESS_EXTENSIONS
from checks.tenancy.flaws import Flaw, grant_paths, revoke_from, role_paths, without_superusers
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
    """What is wrong with a function that principals may call and that runs as somebody else."""
    owner = access.role(function.owner)
    if not function.security_definer or function.extension in HARMLESS_EXTENSIONS:
        return
    callers = callers_gaining_rights(access, function)
    if not callers:
        return
    who = grant_paths(access, callers, function.grants)
    rights = extra_rights(access, owner, callers)
    yield Flaw(
        severity=Severity.CRITICAL if rights else Severity.MEDIUM,
        what=f"{who} may call it, and it is SECURITY DEFINER: it runs as {owner.name if owner else 'a lost role'}, "
        + (rights or "who is bound by the same policies"),
        repair=f"REVOKE EXECUTE ON ROUTINE {function.name} FROM "
        f"{revoke_from(access, callers, function.grants, 'EXECUTE')}; or ALTER ROUTINE {function.name} SECURITY INVOKER;",
    )
    if function.search_path is None:
        what = (
            f"its search_path is not pinned, so that {who} may put objects of their own in the place of those it names"
        )
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
    """Who may call a function and is not, and cannot become, its owner.

    A function of another declared principal gives nothing: what that one may do is judged as its own.
    """
    owner = access.role(function.owner)
    if owner and owner.name in access.tenancy.principals:
        return ()
    has = {b.principal for b in access.all_reachable_roles() if function.owner in access.inherited_roles(b.role.oid)}
    callers = without_superusers((*access.executable_by(function), *_through_views(access, function)), access)
    return tuple(each for each in callers if each.principal not in has)


def _through_views(access: EffectiveAccess, function: Function) -> Iterator[ReachableRole]:
    """Who reads a view that calls a function: the view has looked its name up, and EXECUTE is still asked for."""
    for relation in access.inventory.relations:
        if function.oid in relation.referenced_functions:
            for each in access.accessible_by(relation):
                if access.has_privilege(each.role.oid, function.owner, function.grants, "EXECUTE"):
                    yield each


def search_path_schemas(search_path: str, user: str) -> tuple[str, ...]:
    """The schemas of a search_path as it is written, with the user's name in the place of "$user"."""
    found = re.findall(r'"((?:[^"]|"")*)"|([^\s,"]+)', search_path)
    names = (quoted.replace('""', '"') if quoted else plain.lower().strip("'") for quoted, plain in found)
    return tuple(user if name == "$user" else name for name in names if name)


def _creates(access: EffectiveAccess, reachable: ReachableRole, schema: str) -> bool:
    return access.role_privileges.has_schema_privilege(reachable.role.oid, schema, "CREATE")


def extra_rights(access: EffectiveAccess, owner: Role | None, callers: tuple[ReachableRole, ...]) -> str:
    """What an owner may do that the callers may not, or empty where it is bound as they are."""
    if owner is None or owner.superuser:
        return "a superuser" if owner else "nobody knows with what rights"
    if owner.bypass_rls:
        return "who has BYPASSRLS"
    for relation in access.inventory.relations:
        if access.role_privileges.has_any_privilege(owner.oid, relation):
            more = next((b for b in callers if not _as_bound(access, relation, owner, b.role)), None)
            if more:
                return f"who may do with {access.declared_name(relation)} what {more} may not"
    return ""


def _as_bound(access: EffectiveAccess, relation: Relation, owner: Role, caller: Role) -> bool:
    standing = access.table_class(relation)
    if standing in _OPEN:
        return True
    mine, theirs = access.relation_privileges(caller.oid, relation), access.relation_privileges(owner.oid, relation)
    if not (relation.is_table and standing in _UNDER_POLICIES):
        return theirs <= mine and access.commands(owner.oid, relation) <= access.commands(caller.oid, relation)
    return (
        relation.rls_enabled
        and not access.rls_exemption(owner.oid, relation)
        and ("TRUNCATE" in mine or "TRUNCATE" not in theirs)
        and all(access.policies(relation, owner.oid, c) == access.policies(relation, caller.oid, c) for c in _COMMANDS)
    )
