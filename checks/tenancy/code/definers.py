"""What a SECURITY DEFINER function gives to whom may call it: the rights of its owner, where those are not its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from basewatch.model import Severity
from checks.tenancy.exits.harmless import HARMLESS_EXTENSIONS
from checks.tenancy.flaws import Flaw, granted_paths, grantees, ordinary, paths
from isolation.inventory.code import Function
from isolation.inventory.identities import Becomes
from isolation.inventory.relations import Command, Relation
from isolation.inventory.roles import Role
from isolation.inventory.standing import Standing
from isolation.inventory.world import World

_COMMANDS: Final = (Command.SELECT, Command.INSERT, Command.UPDATE, Command.DELETE)
_UNDER_POLICIES: Final = frozenset({Standing.TENANT, Standing.ROOT, Standing.MEMBERS})
_OPEN: Final = frozenset({Standing.SHARED, Standing.SEQUENCE})


def definer_flaws(known: World, function: Function) -> Iterator[Flaw]:
    """What is wrong with a function that principals may call and that runs as somebody else."""
    owner = known.role(function.owner)
    if not function.definer or function.extension in HARMLESS_EXTENSIONS:
        return
    callers = gaining(known, function)
    if not callers:
        return
    who = granted_paths(known, callers, function.grants)
    rights = rights_beyond(known, owner, callers)
    yield Flaw(
        severity=Severity.CRITICAL if rights else Severity.MEDIUM,
        what=f"{who} may call it, and it is SECURITY DEFINER: it runs as {owner.name if owner else 'a lost role'}, "
        + (rights or "who is bound by the same policies"),
        repair=f"REVOKE EXECUTE ON ROUTINE {function.name} FROM "
        f"{grantees(known, callers, function.grants, 'EXECUTE')}; or ALTER ROUTINE {function.name} SECURITY INVOKER;",
    )
    if function.search_path is None:
        what = (
            f"its search_path is not pinned, so that {who} may put objects of their own in the place of those it names"
        )
        repair = f"ALTER ROUTINE {function.name} SET search_path = pg_catalog, pg_temp;"
        yield Flaw(severity=Severity.HIGH, what=what, repair=repair)
        return
    for schema in schemas_of(function.search_path, owner.name if owner else ""):
        creating = [b for b in callers if known.rights.schema(schema) and _creates(known, b, schema)]
        if creating:
            what = f"its search_path has the schema {schema}, where {paths(creating)} may create objects"
            repair = f"ALTER ROUTINE {function.name} SET search_path = pg_catalog, pg_temp;"
            yield Flaw(severity=Severity.HIGH, what=what, repair=repair)


def gaining(known: World, function: Function) -> tuple[Becomes, ...]:
    """Who may call a function and is not, and cannot become, its owner.

    A function of another declared principal gives nothing: what that one may do is judged as its own.
    """
    owner = known.role(function.owner)
    if owner and owner.name in known.tenancy.principals:
        return ()
    has = {b.principal for b in known.principals() if function.owner in known.inherited(b.role.oid)}
    callers = ordinary((*known.executable_by(function), *_through_views(known, function)), known)
    return tuple(each for each in callers if each.principal not in has)


def _through_views(known: World, function: Function) -> Iterator[Becomes]:
    """Who reads a view that calls a function: the view has looked its name up, and EXECUTE is still asked for."""
    for relation in known.inventory.relations:
        if function.oid in relation.functions:
            for each in known.reached_by(relation):
                if known.holds(each.role.oid, function.owner, function.grants, "EXECUTE"):
                    yield each


def schemas_of(search_path: str, user: str) -> tuple[str, ...]:
    """The schemas of a search_path as it is written, with the user's name in the place of "$user"."""
    found = re.findall(r'"((?:[^"]|"")*)"|([^\s,"]+)', search_path)
    names = (quoted.replace('""', '"') if quoted else plain.lower().strip("'") for quoted, plain in found)
    return tuple(user if name == "$user" else name for name in names if name)


def _creates(known: World, becomes: Becomes, schema: str) -> bool:
    return known.rights.on_schema(becomes.role.oid, schema, "CREATE")


def rights_beyond(known: World, owner: Role | None, callers: tuple[Becomes, ...]) -> str:
    """What an owner may do that the callers may not, or empty where it is bound as they are."""
    if owner is None or owner.superuser:
        return "a superuser" if owner else "nobody knows with what rights"
    if owner.bypass_rls:
        return "who has BYPASSRLS"
    for relation in known.inventory.relations:
        if known.rights.any(owner.oid, relation):
            more = next((b for b in callers if not _as_bound(known, relation, owner, b.role)), None)
            if more:
                return f"who may do with {known.name(relation)} what {more} may not"
    return ""


def _as_bound(known: World, relation: Relation, owner: Role, caller: Role) -> bool:
    standing = known.standing(relation)
    if standing in _OPEN:
        return True
    mine, theirs = known.privileges(caller.oid, relation), known.privileges(owner.oid, relation)
    if not (relation.is_table and standing in _UNDER_POLICIES):
        return theirs <= mine and known.commands(owner.oid, relation) <= known.commands(caller.oid, relation)
    return (
        relation.enabled
        and not known.exempt(owner.oid, relation)
        and ("TRUNCATE" in mine or "TRUNCATE" not in theirs)
        and all(known.policies(relation, owner.oid, c) == known.policies(relation, caller.oid, c) for c in _COMMANDS)
    )
