"""Functions that a tenant-bound role may call, or that fire on what it writes, and that set the context."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from basewatch.model import Severity
from checks.tenancy.flaws import grantees, ordinary, paths
from checks.tenancy.inventory.code import Function
from checks.tenancy.inventory.identities import Becomes
from checks.tenancy.inventory.relations import Command
from checks.tenancy.inventory.world import World

_WRITES = frozenset({Command.INSERT, Command.UPDATE, Command.DELETE})
_CALL = re.compile(
    r"\bset_config\"?\s*\(\s*(?:setting_name\s*(?:=>|:=)\s*)?('[^']*'\s*(?:::\s*\w+\s*)?,)?", re.IGNORECASE
)
_SET = re.compile(
    r"\bset\s+(?:(?:local|session)\s+)?((?:\"[^\"]+\"|[\w$]+)(?:\s*\.\s*(?:\"[^\"]+\"|[\w$]+))+)", re.IGNORECASE
)
_THROUGH_VIEW = re.compile(r"\bupdate\s+(?:only\s+)?(?:pg_catalog\s*\.\s*)?pg_settings\b", re.IGNORECASE)
# What the inventory leaves of a text that may be a tenant's id.
_GAP = "…"
_ROLES = frozenset({"role", "session_authorization", "session_replication_role"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Sets:
    """A function that sets the context, or may: not `certain` when nobody could tell from its text."""

    function: Function
    what: str
    severity: Severity
    certain: bool
    called_by: str
    repair: str


def context_functions(world: World, now: datetime) -> Iterator[Sets]:
    """Every such function that nobody vouches for, by name."""
    fired = _fired(world, now)
    for function in sorted(world.inventory.functions, key=lambda function: function.name):
        told = _told(function, tuple(name.lower() for name in world.tenancy.context))
        if told is None or function.extension or world.vouched("function", function.name, function.digest, now):
            continue
        callers = ordinary(
            fired.get(function.oid, ()) if function.returns_trigger else world.executable_by(function), world
        )
        if callers:
            severity, what, certain = told
            yield Sets(
                function=function,
                what=what,
                severity=severity,
                certain=certain,
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


def _told(function: Function, contexts: tuple[str, ...]) -> tuple[Severity, str, bool] | None:
    """How bad it is, in words, and whether that is certain; None when it sets nothing that matters."""
    pinned = sorted(set(contexts) & {name.lower() for name in function.settings})
    if pinned:
        return Severity.CRITICAL, f"its SET clause pins {', '.join(pinned)}", True
    switched = sorted(_ROLES & set(function.settings))
    if switched:
        return Severity.HIGH, f"its SET clause switches {', '.join(switched)}", True
    mentions = {word.lower() for word in function.mentions}
    named = [name for name in contexts if name in mentions]
    if function.body:
        return _by_body(function.body, contexts, named, executes="execute" in mentions)
    if "set_config" in mentions or (named and mentions & {"set", "execute"}) or (named and _is_foreign(function)):
        what = f"its body sets or may set {', '.join(named) or 'a setting'}, and cannot be read further"
        return Severity.HIGH, what, bool(named)
    return None


def _is_foreign(function: Function) -> bool:
    """Whether its language is one whose statements are not read here."""
    return function.language not in {"sql", "plpgsql"}


def _by_body(
    body: str, contexts: tuple[str, ...], named: list[str], *, executes: bool
) -> tuple[Severity, str, bool] | None:
    """What the text of a body says, whose strings are blanked but for the names of settings."""
    for found in _SET.finditer(body):
        name = re.sub(r"[\s\"]", "", found[1]).lower()
        if name in contexts:
            return Severity.HIGH, f"it sets {name}", True
    for found in _CALL.finditer(body):
        asked = found[1] or ""
        name = asked.split("'")[1].lower() if asked else ""
        if name in contexts:
            return Severity.HIGH, f"it sets {name}", True
        if not asked or (name == _GAP and named and not _is_read(body, named)):
            return Severity.HIGH, _computed(named), bool(named)
    if _THROUGH_VIEW.search(body):
        return Severity.HIGH, "it sets settings through pg_settings", bool(named)
    if named and executes:
        certain = not _is_read(body, named)
        return Severity.HIGH, f"it runs statements that it puts together and names {', '.join(named)}", certain
    return None


def _computed(named: list[str]) -> str:
    more = f", and names {', '.join(named)}" if named else ""
    return f"it sets a setting whose name it works out{more}"


def _is_read(body: str, named: list[str]) -> bool:
    """Whether the body plainly asks for the context, which accounts for its name."""
    return any(f"'{name}'" in body.lower() for name in named)
