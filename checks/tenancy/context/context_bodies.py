"""Whether a function sets the context: read from its SET clauses, and from its text without what was blanked in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from basewatch.model import Severity
from isolation.inventory.code import Function

# The first argument of set_config(), when it is a text that stands there.
_CALL: Final = re.compile(
    r"\bset_config\"?\s*\(\s*(?:setting_name\s*(?:=>|:=)\s*)?('[^']*'\s*(?:::\s*\w+\s*)?,)?", re.IGNORECASE
)
_PART: Final = r"(?:\"[^\"]+\"|[\w$]+)"
_SET: Final = re.compile(rf"\bset\s+(?:(?:local|session)\s+)?({_PART}(?:\s*\.\s*{_PART})+)", re.IGNORECASE)
_THROUGH_VIEW: Final = re.compile(r"\bupdate\s+(?:only\s+)?(?:pg_catalog\s*\.\s*)?pg_settings\b", re.IGNORECASE)
_ASSIGNS: Final = re.compile(r"\b(?:set|update)\b", re.IGNORECASE)
# What the inventory leaves of a text that may be a tenant's id.
_GAP: Final = "…"
_ROLES: Final = frozenset({"role", "session_authorization", "session_replication_role"})
_READ: Final = frozenset({"sql", "plpgsql"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextWrite:
    """How a function sets the context, in words; not `certain` when nobody could tell from its text."""

    what: str
    severity: Severity = Severity.HIGH
    certain: bool = True


def context_write(function: Function, contexts: tuple[str, ...]) -> ContextWrite | None:
    """How a function sets one of these settings, in lower case, or who it is; None when it does neither."""
    return next(_ways(function, contexts), None)


def _ways(function: Function, contexts: tuple[str, ...]) -> Iterator[ContextWrite]:
    settings = {name.lower() for name in function.settings}
    mentions = {word.lower() for word in function.body_keywords}
    named = [name for name in contexts if name in mentions]
    pinned, switched = sorted(set(contexts) & settings), sorted(_ROLES & settings)
    if pinned:
        yield ContextWrite(what=f"its SET clause pins {', '.join(pinned)}", severity=Severity.CRITICAL)
    if switched:
        yield ContextWrite(what=f"its SET clause switches {', '.join(switched)}")
    if function.body:
        yield from _stated(function.body, contexts, named)
        yield from _put_together(function.body, named, mentions)
    else:
        yield from _unread(function, named, mentions)


def _stated(body: str, contexts: tuple[str, ...], named: list[str]) -> Iterator[ContextWrite]:
    """What the text of a body says itself."""
    for found in _SET.finditer(body):
        name = re.sub(r"[\s\"]", "", found[1]).lower()
        if name in contexts:
            yield ContextWrite(what=f"it sets {name}")
    for found in _CALL.finditer(body):
        asked = found[1] or ""
        name = asked.split("'")[1].lower() if asked else ""
        if name in contexts:
            yield ContextWrite(what=f"it sets {name}")
        elif not asked or (name == _GAP and named and not _is_read(body, named)):
            more = f", and names {', '.join(named)}" if named else ""
            yield ContextWrite(what=f"it sets a setting whose name it works out{more}", certain=bool(named))
    if _THROUGH_VIEW.search(body):
        yield ContextWrite(what="it sets settings through pg_settings", certain=bool(named))


def _put_together(body: str, named: list[str], mentions: set[str]) -> Iterator[ContextWrite]:
    """What its strings say, of which the inventory keeps the words that matter."""
    if "execute" in mentions and named:
        what = f"it runs statements that it puts together, and names {', '.join(named)}"
        yield ContextWrite(what=what, certain=not _is_read(body, named))
    elif {"execute", "set"} <= mentions and "update" not in mentions and not _ASSIGNS.search(body):
        yield ContextWrite(what="it runs a SET that it puts together", certain=False)


def _unread(function: Function, named: list[str], mentions: set[str]) -> Iterator[ContextWrite]:
    """What can be said of a body that is too long, in another language, or compiled."""
    assigns = "set" in mentions and "update" not in mentions
    if "set_config" in mentions or (named and (function.language not in _READ or "execute" in mentions or assigns)):
        names = ", ".join(named) or "a setting"
        yield ContextWrite(what=f"it sets or may set {names}, and its body is not read further", certain=bool(named))


def _is_read(body: str, named: list[str]) -> bool:
    """Whether the body plainly asks for the context, which accounts for its name."""
    return any(f"'{name}'" in body.lower() for name in named)
