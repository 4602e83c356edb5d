"""Functions that a tenant-bound role may call, or that fire on what it writes, and that set the context."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from checks.tenancy.context.context_bodies import Told, sets_context
from checks.tenancy.flaws import grantees, ordinary, paths
from isolation.inventory.code import Function
from isolation.inventory.identities import Becomes
from isolation.inventory.relations import Command
from isolation.inventory.world import World

_WRITES = frozenset({Command.INSERT, Command.UPDATE, Command.DELETE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Sets:
    """A function that sets the context, or may."""

    function: Function
    told: Told
    called_by: str
    repair: str


def context_functions(world: World, now: datetime) -> Iterator[Sets]:
    """Every such function that nobody vouches for, by name."""
    fired = _fired(world, now)
    contexts = tuple(name.lower() for name in world.tenancy.context)
    for function in sorted(world.inventory.functions, key=lambda function: function.name):
        told = sets_context(function, contexts)
        if told is None or function.extension or world.vouched("function", function.name, function.digest, now):
            continue
        callers = ordinary(
            fired.get(function.oid, ()) if function.returns_trigger else world.executable_by(function), world
        )
        if callers:
            yield Sets(
                function=function,
                told=told,
                called_by=paths(callers),
                repair=_repair(world, function, callers),
            )


def _repair(world: World, function: Function, callers: tuple[Becomes, ...]) -> str:
    if function.returns_trigger:
        return f"Take it out of {function.name}, or drop the triggers that call it."
    who = grantees(world, callers, function.grants, "EXECUTE")
    return f"REVOKE EXECUTE ON ROUTINE {function.name} FROM {who};"


def _fired(world: World, now: datetime) -> dict[int, tuple[Becomes, ...]]:
    """Trigger functions, and the principals on whose writes they fire: nobody needs EXECUTE for that."""
    found: dict[int, tuple[Becomes, ...]] = {}
    for trigger in world.inventory.triggers:
        relation = world.relation(trigger.relation)
        vouched = world.vouched("trigger", trigger.name, trigger.digest, now)
        if relation is not None and trigger.enabled != "D" and not vouched:
            writers = (b for b in world.principals() if _WRITES & world.commands(b.role.oid, relation))
            found[trigger.function] = (*found.get(trigger.function, ()), *writers)
    return found
