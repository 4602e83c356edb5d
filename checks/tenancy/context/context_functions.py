"""Functions that set the context and that a tenant-bound role may call, or that its writes fire."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from basewatch.model import Severity
from checks.tenancy.flaws import revoke_from, role_paths, without_superusers
from isolation.access.effective_access import EffectiveAccess
from isolation.access.role_graph import ReachableRole
from isolation.inventory.code import Function
from isolation.inventory.relations import Command

_WRITES = frozenset({Command.INSERT, Command.UPDATE, Command.DELETE})


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextSetter:
    """A function that sets the context, or may set it."""

    function: Function
    how: ContextWrite
    called_by: str
    repair: str


def context_functions(access: EffectiveAccess, now: datetime) -> Iterator[ContextSetter]:
    """Every unapproved function that sets the context, sorted by name."""
    fired = _fired(access, now)
    contexts = tuple(name.lower() for name in access.tenancy.context_settings)
    for function in sorted(access.inventory.functions, key=lambda function: function.name):
        write = context_write(function, contexts)
        if (
            write is None
            or _is_machinery(function, write)
            or access.is_approved("function", function.name, function.digest, now)
        ):
            continue
        callers = without_superusers(
            fired.get(function.oid, ()) if function.returns_trigger else access.executable_by(function), access
        )
        if callers:
            yield ContextSetter(
                function=function,
                how=write,
                called_by=role_paths(callers),
                repair=_repair(access, function, callers),
            )


def _is_machinery(function: Function, write: ContextWrite) -> bool:
    """Whether an extension sets some setting for its own work, such as the search_path."""
    return bool(function.compiled_by or (function.extension and not write.certain))


def _repair(access: EffectiveAccess, function: Function, callers: tuple[ReachableRole, ...]) -> str:
    if function.returns_trigger:
        return f"Remove the statement from {function.name}, or drop the triggers that call it."
    who = revoke_from(access, callers, function.grants, "EXECUTE")
    local = ", ".join(f"set_config('{name}', ..., true)" for name in access.tenancy.context)
    return (
        f"If the application calls it, let it do no more than set the context for the transaction, to its argument: "
        f"{local}. If not: REVOKE EXECUTE ON ROUTINE {function.name} FROM {who};"
    )


def _fired(access: EffectiveAccess, now: datetime) -> dict[int, tuple[ReachableRole, ...]]:
    """Trigger functions with the principals whose writes fire them, which needs no EXECUTE."""
    found: dict[int, tuple[ReachableRole, ...]] = {}
    for trigger in access.inventory.triggers:
        relation = access.relation(trigger.relation)
        if relation is None or trigger.enabled == "D":
            continue
        name = f"{trigger.name} on {access.declared_name(relation)}"
        if not access.is_approved("trigger", name, trigger.digest, now):
            writers = (b for b in access.all_reachable_roles() if _WRITES & access.commands(b.role.oid, relation))
            found[trigger.function] = (*found.get(trigger.function, ()), *writers)
    return found


# The first argument of set_config(), if it is a literal.
_CALL: Final = re.compile(
    r"\bset_config\"?\s*\(\s*(?:setting_name\s*(?:=>|:=)\s*)?('[^']*'\s*(?:::\s*\w+\s*)?,)?", re.IGNORECASE
)
_PART: Final = r"(?:\"[^\"]+\"|[\w$]+)"
_SET: Final = re.compile(rf"\bset\s+(?:(?:local|session)\s+)?({_PART}(?:\s*\.\s*{_PART})+)", re.IGNORECASE)
_THROUGH_VIEW: Final = re.compile(r"\bupdate\s+(?:only\s+)?(?:pg_catalog\s*\.\s*)?pg_settings\b", re.IGNORECASE)
_ASSIGNS: Final = re.compile(r"\b(?:set|update)\b", re.IGNORECASE)
# What the inventory stores in place of a literal that may be a tenant id.
_GAP: Final = "…"
_ROLES: Final = frozenset({"role", "session_authorization", "session_replication_role"})
_READ: Final = frozenset({"sql", "plpgsql"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextWrite:
    """How a function sets the context; not `certain` where its text does not prove that it does."""

    what: str
    severity: Severity = Severity.HIGH
    certain: bool = True


_SETTER: Final = re.compile(
    r"\s*(?:select|begin\s+perform)\s+(?:pg_catalog\s*\.\s*)?set_config\s*\(\s*'(?P<name>[^']+)'\s*,"
    r"\s*(?P<value>\$\d+|(?!current_|session_|user\b)[a-z_]\w*)\s*(?:::\s*\w+\s*)?,\s*true\s*\)\s*;?\s*"
    r"(?:return\s*;\s*)?(?:end\s*;?\s*)?",
    re.IGNORECASE,
)


def _only_sets(body: str, contexts: tuple[str, ...]) -> bool:
    """Whether a body does nothing but set the context to its argument until the transaction ends.

    Every caller can do the same by itself; a policy that calls such a function is not proven.
    """
    found = _SETTER.fullmatch(body)
    return found is not None and found["name"].lower() in contexts


def context_write(function: Function, contexts: tuple[str, ...]) -> ContextWrite | None:
    """How a function sets one of these settings (lower case) or its role; None if it does neither."""
    return next(_context_writes(function, contexts), None)


def _context_writes(function: Function, contexts: tuple[str, ...]) -> Iterator[ContextWrite]:
    settings = {name.lower() for name in function.settings}
    if not settings - {"search_path"} and function.argument_count and _only_sets(function.body, contexts):
        return
    mentions = {word.lower() for word in function.body_keywords}
    named = [name for name in contexts if name in mentions]
    pinned, switched = sorted(set(contexts) & settings), sorted(_ROLES & settings)
    if pinned:
        yield ContextWrite(what=f"its SET clause sets {', '.join(pinned)}", severity=Severity.CRITICAL)
    if switched:
        yield ContextWrite(what=f"its SET clause changes {', '.join(switched)}")
    if function.body:
        yield from _explicit_writes(function.body, contexts, named)
        yield from _dynamic_writes(function.body, named, mentions)
    else:
        yield from _possible_writes(function, named, mentions)


def _explicit_writes(body: str, contexts: tuple[str, ...], named: list[str]) -> Iterator[ContextWrite]:
    """Assignments that are explicit in the text of a body."""
    for found in _SET.finditer(body):
        name = re.sub(r"[\s\"]", "", found[1]).lower()
        if name in contexts:
            yield ContextWrite(what=f"it sets {name}")
    for found in _CALL.finditer(body):
        argument = found[1] or ""
        name = argument.split("'")[1].lower() if argument else ""
        if name in contexts:
            yield ContextWrite(what=f"it sets {name}")
        elif not argument or (name == _GAP and named and not _is_read(body, named)):
            more = f", and its body contains {', '.join(named)}" if named else ""
            yield ContextWrite(what=f"it sets a setting with a computed name{more}", certain=bool(named))
    if _THROUGH_VIEW.search(body):
        yield ContextWrite(what="it sets settings through pg_settings", certain=bool(named))


def _dynamic_writes(body: str, named: list[str], mentions: set[str]) -> Iterator[ContextWrite]:
    """Assignments in dynamic SQL, by the keywords that the inventory stores of its strings."""
    if "execute" in mentions and named:
        what = f"it runs dynamic SQL, and its body contains {', '.join(named)}"
        yield ContextWrite(what=what, certain=not _is_read(body, named))
    elif {"execute", "set"} <= mentions and "update" not in mentions and not _ASSIGNS.search(body):
        yield ContextWrite(what="it runs dynamic SQL with SET", certain=False)


def _possible_writes(function: Function, named: list[str], mentions: set[str]) -> Iterator[ContextWrite]:
    """Possible assignments in a body that is too long, in another language, or compiled."""
    assigns = "set" in mentions and "update" not in mentions
    if "set_config" in mentions or (named and (function.language not in _READ or "execute" in mentions or assigns)):
        names = ", ".join(named) or "a setting"
        yield ContextWrite(what=f"it may set {names}, and its body cannot be analysed", certain=bool(named))


def _is_read(body: str, named: list[str]) -> bool:
    """Whether the body reads the context, which explains the name of the setting in it."""
    return any(f"'{name}'" in body.lower() for name in named)
