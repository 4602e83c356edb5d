"""Flaws of event triggers: one that only reads and raises has none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from basewatch.model import Severity
from checks.tenancy.egress.known_extensions import HARMLESS_EXTENSIONS
from checks.tenancy.flaws import Flaw, role_paths, with_owner_rights
from checks.tenancy.stored_code import function_bodies
from isolation.access.effective_access import EffectiveAccess
from isolation.inventory.code import EventTrigger
from isolation.inventory.naming import quoted

# Statements of a body that does more than read and raise: it may grant, disable, copy or set.
_ACTS: Final = re.compile(
    r"\b(?:insert|update|delete|merge|perform|execute|call|copy|notify|truncate|alter|create|drop|grant|revoke|set"
    r"|set_config|reset|pg_notify)\b(?!_)"
)
_OPENS: Final = frozenset({"grant", "disable", "role", "row_security"})


def event_trigger_flaws(access: EffectiveAccess, trigger: EventTrigger) -> Iterator[Flaw]:
    """The flaws of an enabled event trigger."""
    function = access.function(trigger.function)
    if trigger.enabled not in {"O", "A"} or (function and function.compiled_by in HARMLESS_EXTENSIONS):
        return
    disable = f"ALTER EVENT TRIGGER {quoted(trigger.name)} DISABLE;"
    if function is None:
        yield Flaw(severity=Severity.HIGH, what="the function that it runs does not exist", repair=disable)
        return
    owners = with_owner_rights(access, function.owner)
    if owners:
        what = f"it runs {function.name} in other sessions, and {role_paths(owners)} may replace that function"
        yield Flaw(severity=Severity.HIGH, what=what, repair=disable, approvable=False)
    body = function_bodies.normalized_body(function)
    only_reads = function.language == "plpgsql" and body.strip() and not _ACTS.search(body)
    if function.security_definer or not only_reads or function_bodies.reaches_outside(function):
        what = f"it runs {function.name} on every {trigger.event}, which may grant, disable or copy"
        opens = not _OPENS.isdisjoint(function.body_keywords)
        yield Flaw(severity=Severity.CRITICAL if opens else Severity.HIGH, what=what, repair=disable)
