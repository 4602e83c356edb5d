"""Built-in objects that are not as PostgreSQL ships them: every policy and every proof relies on them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from basewatch.model import Severity, Verdict
from checks.tenancy.flaws import Approvable, Flaw, flaw_verdict, role_paths, unapproved_flaws, with_owner_rights
from isolation.access.effective_access import EffectiveAccess
from isolation.inventory.egress import SystemChange
from isolation.inventory.naming import quoted
from isolation.inventory.shipped_objects import is_shipped

_EXPECTED: Final = "as PostgreSQL ships it"
# The superuser of RDS and Aurora owns every built-in object there, and no role of a customer can change one:
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Appendix.PostgreSQL.CommonDBATasks.Roles.rds_superuser.html
_SERVICE_OWNER: Final = "rdsadmin"
_LEAKPROOF: Final = "is LEAKPROOF"
_SEVERITIES: Final = {
    "is SECURITY DEFINER": Severity.CRITICAL,
    _LEAKPROOF: Severity.HIGH,
    "has settings of its own": Severity.HIGH,
}
_FIXES: Final = {
    "is SECURITY DEFINER": "ALTER FUNCTION {0} SECURITY INVOKER;",
    _LEAKPROOF: "ALTER FUNCTION {0} NOT LEAKPROOF;",
    "has settings of its own": "ALTER FUNCTION {0} RESET ALL;",
}
_LACKS: Final = "lacks the fix"
_RESTORE: Final = (
    "Find out who changed the system catalogues, and restore the database into a new cluster: no policy of this "
    "database can be relied on."
)


def changed_objects(access: EffectiveAccess, now: datetime) -> Iterator[Verdict]:
    """A FAIL for each built-in object that is not as shipped, or that another role than the initial superuser owns."""
    if access.role_named(_SERVICE_OWNER) is not None:
        return
    for change in access.inventory.system_changes:
        entry = _approvable(change)
        found = tuple(_flaws(access, change))
        flaws = unapproved_flaws(found, entry, access, now) if entry else found
        if flaws:
            subject = f"{change.kind} {change.name}"
            summary = f"The built-in {subject} is not {_EXPECTED}"
            yield flaw_verdict(subject, summary, flaws, expected=_EXPECTED, approvable=entry)


def _approvable(change: SystemChange) -> Approvable | None:
    match change.kind:
        case "function":
            return Approvable(kind="function", name=change.name, digest=change.digest)
        case "view":
            return Approvable(kind="view", name=change.name, digest=change.digest)
        case _:
            return None


def _flaws(access: EffectiveAccess, change: SystemChange) -> Iterator[Flaw]:
    if change.owner:
        yield _owned(access, change)
    if any(trait.startswith(_LACKS) for trait in change.traits):
        yield Flaw(
            severity=Severity.HIGH,
            what=f"it {change.traits[0]}: it shows sampled values of tables whose reader has no right to them",
            repair="Run fix-CVE-2024-4317.sql of the server's share directory in every database, as a superuser.",
        )
    elif not is_shipped(change):
        yield from _differences(change)


def _differences(change: SystemChange) -> Iterator[Flaw]:
    for trait in change.traits:
        leaks = "; it sees rows before policies filter them, and its errors show them" if trait == _LEAKPROOF else ""
        yield Flaw(
            severity=_SEVERITIES.get(trait, Severity.CRITICAL),
            what=f"it {trait}{leaks}",
            repair=_FIXES.get(trait, _RESTORE).format(change.name),
        )
    if not change.traits:
        what = "its definition is none that PostgreSQL 14 to 18 ships"
        yield Flaw(severity=Severity.CRITICAL, what=what, repair=_RESTORE)


def _owned(access: EffectiveAccess, change: SystemChange) -> Flaw:
    role = access.role_named(change.owner)
    principals = with_owner_rights(access, role.oid) if role else ()
    what = f"it belongs to {change.owner}, which may change it"
    repair = f"REASSIGN OWNED BY {quoted(change.owner)} TO <the bootstrap superuser>; or restore its owner alone."
    if principals:
        what += f", and {role_paths(principals)} has the rights of that role"
    return Flaw(
        severity=Severity.CRITICAL if principals else Severity.MEDIUM,
        what=what,
        repair=repair,
        approvable=not principals,
    )
