"""Functions that a tenant-bound role may call, or that fire on what it writes, and that set the context."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from checks.tenancy.context.context_bodies import ContextWrite, context_write
from checks.tenancy.flaws import revoke_from, role_paths, without_superusers
from isolation.access.effective_access import EffectiveAccess
from isolation.access.role_graph import ReachableRole
from isolation.inventory.code import Function
from isolation.inventory.relations import Command

_WRITES = frozenset({Command.INSERT, Command.UPDATE, Command.DELETE})


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextSetter:
    """A function that sets the context, or may."""

    function: Function
    how: ContextWrite
    called_by: str
    repair: str


def context_functions(access: EffectiveAccess, now: datetime) -> Iterator[ContextSetter]:
    """Every such function that nobody vouches for, by name."""
    fired = _fired(access, now)
    contexts = tuple(name.lower() for name in access.tenancy.context)
    for function in sorted(access.inventory.functions, key=lambda function: function.name):
        told = context_write(function, contexts)
        if told is None or function.extension or access.is_approved("function", function.name, function.digest, now):
            continue
        callers = without_superusers(
            fired.get(function.oid, ()) if function.returns_trigger else access.executable_by(function), access
        )
        if callers:
            yield ContextSetter(
                function=function,
                how=told,
                called_by=role_paths(callers),
                repair=_repair(access, function, callers),
            )


def _repair(access: EffectiveAccess, function: Function, callers: tuple[ReachableRole, ...]) -> str:
    if function.returns_trigger:
        return f"Take it out of {function.name}, or drop the triggers that call it."
    who = revoke_from(access, callers, function.grants, "EXECUTE")
    return f"REVOKE EXECUTE ON ROUTINE {function.name} FROM {who};"


def _fired(access: EffectiveAccess, now: datetime) -> dict[int, tuple[ReachableRole, ...]]:
    """Trigger functions, and the principals on whose writes they fire: nobody needs EXECUTE for that."""
    found: dict[int, tuple[ReachableRole, ...]] = {}
    for trigger in access.inventory.triggers:
        relation = access.relation(trigger.relation)
        vouched = access.is_approved("trigger", trigger.name, trigger.digest, now)
        if relation is not None and trigger.enabled != "D" and not vouched:
            writers = (b for b in access.all_reachable_roles() if _WRITES & access.commands(b.role.oid, relation))
            found[trigger.function] = (*found.get(trigger.function, ()), *writers)
    return found
