"""What an installed extension can do to the isolation of tenants, and whether a principal may have it done."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from basewatch.model import Severity
from checks.tenancy.exits.harmless import (
    GUARDED_EXTENSIONS,
    HARMLESS_EXTENSIONS,
    MOVING_EXTENSIONS,
    REVEALING_EXTENSIONS,
)
from checks.tenancy.flaws import Flaw, ordinary, paths
from isolation.inventory.exports import Extension
from isolation.inventory.identities import Becomes
from isolation.inventory.naming import quoted
from isolation.inventory.world import World

# https://www.postgresql.org/docs/18/predefined-roles.html: who has these sees what all sessions run.
_SEES_SESSIONS: Final = frozenset({"pg_read_all_stats", "pg_monitor"})


def extension_flaws(known: World, extension: Extension) -> Iterator[Flaw]:
    """What is wrong with an extension being installed, if anything."""
    name = extension.name
    drop = f"DROP EXTENSION {quoted(name)};"
    if name in HARMLESS_EXTENSIONS:
        return
    if name in MOVING_EXTENSIONS:
        users = using(known, extension)
        repair = f"{drop} or REVOKE EXECUTE on its functions FROM PUBLIC." if users else drop
        what = f"it {MOVING_EXTENSIONS[name]}" + (f", and {paths(users)} may use it" if users else "")
        yield Flaw(severity=Severity.HIGH if users else Severity.MEDIUM, what=what, repair=repair)
    elif name in REVEALING_EXTENSIONS:
        seeing = [b for b in _ordinary(known) if _sees_sessions(known, b)]
        what = f"it {REVEALING_EXTENSIONS[name]}"
        if seeing:
            what += f", and {paths(seeing)} may read what all sessions do"
        yield Flaw(severity=Severity.MEDIUM if seeing else Severity.LOW, what=what, repair=drop)
    else:
        yield Flaw(severity=Severity.LOW, what="what it can do is not known", repair=drop)


def using(known: World, extension: Extension) -> tuple[Becomes, ...]:
    """The principals that may have an extension do what it can do: by its functions, its wrapper or a server of it."""
    if extension.name in GUARDED_EXTENSIONS:
        return ()
    if extension.name.endswith("_fdw"):
        servers = [server for server in known.inventory.servers if server.wrapper == extension.name]
        grants = [g for g in known.inventory.system_grants if g.kind == "foreign_data_wrapper"]
        granted = {grant.grantee for grant in grants if grant.name == extension.name}
        return tuple(
            b
            for b in _ordinary(known)
            if any(known.holds(b.role.oid, server.owner, server.grants, "USAGE") for server in servers)
            or not granted.isdisjoint(known.inherited(b.role.oid))
        )
    functions = [function for function in known.inventory.functions if function.extension == extension.name]
    found = {b for function in functions for b in known.executable_by(function)}
    return tuple(b for b in _ordinary(known) if b in found)


def _ordinary(known: World) -> tuple[Becomes, ...]:
    return ordinary(known.principals(), known)


def _sees_sessions(known: World, becomes: Becomes) -> bool:
    roles = (known.role(oid) for oid in known.inherited(becomes.role.oid))
    return any(role and role.name in _SEES_SESSIONS for role in roles)
