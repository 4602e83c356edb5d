"""Functions that a principal may replace, and that stored objects run in the statements of other roles."""

from __future__ import annotations

from collections.abc import Iterator

from basewatch.model import Severity
from checks.tenancy.flaws import Flaw, role_paths, with_owner_rights
from checks.tenancy.ownership import change_owner
from isolation.access.effective_access import EffectiveAccess
from isolation.access.role_graph import ReachableRole
from isolation.inventory.code import Function
from isolation.inventory.relations import RelationKind

_SHOWN = 3


def replaceable_uses(access: EffectiveAccess, function: Function) -> Iterator[Flaw]:
    """The flaw of a function with an owner that a principal can act as, if another owner's objects call it.

    Those of a table are its defaults, constraints and indexes, and views above it; policies and triggers are judged
    elsewhere. Whoever uses the object runs the code.
    """
    owners = with_owner_rights(access, function.owner)
    if not owners:
        return
    tables = [(use.name, access.relation(use.relation)) for use in access.uses_of(function) if use.relation]
    views = [
        (f"view {access.declared_name(each)}", each)
        for each in access.inventory.relations
        if each.kind is RelationKind.VIEW and function.oid in each.referenced_functions
    ]
    foreign = [name for name, relation in (*tables, *views) if relation and not _own(access, owners, relation.owner)]
    others = [
        use.name for use in access.uses_of(function) if not use.relation and not _is_own(access, use.caller, owners)
    ]
    if foreign or others:
        names = ", ".join(sorted({*foreign, *others})[:_SHOWN])
        yield Flaw(
            severity=Severity.CRITICAL if foreign else Severity.HIGH,
            what=f"{role_paths(owners)} may replace it, and it runs in the statements of other roles: {names}",
            repair=change_owner(access, "FUNCTION", function.name, function.owner),
            approvable=False,
        )


def _is_own(access: EffectiveAccess, caller: int, owners: tuple[ReachableRole, ...]) -> bool:
    function = access.function(caller)
    return function is not None and _own(access, owners, function.owner)


def _own(access: EffectiveAccess, owners: tuple[ReachableRole, ...], owner: int) -> bool:
    """Whether all of these roles have the rights of an owner, which is reported for them."""
    return all(owner in access.inherited_roles(each.role.oid) for each in owners)
