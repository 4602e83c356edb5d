"""What sessions start with, where that undermines the isolation: a tenant, another role, enforcement switched off."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from basewatch.affected import ANY_PRINCIPAL_OR_OBJECT, Affected, session_object
from basewatch.model import Severity
from checks.tenancy.flaws import Flaw
from isolation.access.effective_access import EffectiveAccess
from isolation.inventory.naming import quoted
from isolation.inventory.relations import Command
from isolation.inventory.roles import RoleSetting

SESSION_CONTEXT = session_object("context")
"""What a session has for a tenant before anybody names one."""
_WRITES = frozenset({Command.INSERT, Command.UPDATE, Command.DELETE})
_ON = frozenset({"on", "true", "yes", "1", "t", "y"})
_PATH = re.compile(r'"((?:[^"]|"")*)"|([^,\s]+)')


def session_default_flaws(access: EffectiveAccess) -> Iterator[tuple[str, Flaw]]:
    """Each default that is wrong, with the place where it stands, such as `role app`."""
    contexts = {name.lower() for name in access.tenancy.context}
    for setting in access.inventory.role_settings:
        if setting.database not in (0, access.inventory.server.database_oid):
            continue
        flaw = _context(access, setting) if setting.name.lower() in contexts else _risky(access, setting)
        if flaw:
            yield _place(access, setting), flaw
    told = {setting.name.lower() for setting in access.inventory.role_settings if not setting.empty}
    for name in access.inventory.server.context_defaults:
        if name.lower() not in told:
            yield (
                "server",
                Flaw(
                    severity=Severity.CRITICAL,
                    what=f"a new session has {name} already, by the server's files, ALTER SYSTEM or the connection",
                    repair=f"ALTER SYSTEM RESET {_setting(name)}; or take it out of the parameter group.",
                    about=((ANY_PRINCIPAL_OR_OBJECT, SESSION_CONTEXT),),
                ),
            )


def _context(access: EffectiveAccess, setting: RoleSetting) -> Flaw | None:
    """A tenant by default; an empty one is none, as a policy that is proven lets nothing through for it."""
    if setting.empty or not _starts_principal(access, setting):
        return None
    return Flaw(
        severity=Severity.CRITICAL,
        what=f"{setting.name} is set before the application says whose request it is",
        repair=_reset(access, setting),
        about=_about(access, setting, SESSION_CONTEXT),
    )


def _risky(access: EffectiveAccess, setting: RoleSetting) -> Flaw | None:
    """A default that takes enforcement away from a principal, or from whoever writes the tables it is bound on."""
    asked = _RISKY.get(setting.name.lower())
    if asked is None:
        return None
    severity, why, widely, is_wrong = asked
    concerned = _starts_principal(access, setting) or (widely and _writes_tenants(access, setting))
    if not concerned or not is_wrong(access, setting.value or ""):
        return None
    what, about = (
        f"{setting.name} = {setting.value}: {why}",
        _about(access, setting, session_object(setting.name.lower())),
    )
    return Flaw(severity=severity, what=what, repair=_reset(access, setting), about=about)


def _about(access: EffectiveAccess, setting: RoleSetting, what: str) -> tuple[Affected, ...]:
    return tuple((principal, what) for principal in _started(access, setting))


def _starts_principal(access: EffectiveAccess, setting: RoleSetting) -> bool:
    """Whether sessions that are or become a principal start so."""
    return bool(_started(access, setting))


def _started(access: EffectiveAccess, setting: RoleSetting) -> tuple[str, ...]:
    """The principals that sessions which start so are or become."""
    role = access.role(setting.role)
    if role is None:
        return (ANY_PRINCIPAL_OR_OBJECT,) if setting.role == 0 else ()
    names = {becomes.role.name for becomes in access.reachable_roles(role.name)}
    return tuple(principal for principal in access.tenancy.principals if principal in names)


def _writes_tenants(access: EffectiveAccess, setting: RoleSetting) -> bool:
    """Whether the role writes any tenant table, as the one does that owns them."""
    role = access.role(setting.role)
    return role is not None and any(
        _WRITES & access.commands(becomes.role.oid, table)
        for becomes in access.reachable_roles(role.name)
        for table in access.tenant_tables()
    )


def _is_other_role(access: EffectiveAccess, value: str) -> bool:
    return value not in {"", "none", *access.tenancy.principals}


def _is_replica(access: EffectiveAccess, value: str) -> bool:
    return value == "replica"


def _is_on(access: EffectiveAccess, value: str) -> bool:
    return value.lower() in _ON


def _is_off(access: EffectiveAccess, value: str) -> bool:
    return value.lower() not in _ON


def _is_set(access: EffectiveAccess, value: str) -> bool:
    return bool(value.strip().strip('"'))


def _hides_builtins(access: EffectiveAccess, value: str) -> bool:
    """Whether a schema comes before PostgreSQL's own; unnamed, pg_catalog is first of all."""
    path = [(plain or named.replace('""', '"')) for named, plain in _PATH.findall(value)]
    return "pg_catalog" in path and path[0] != "pg_catalog"


_Rule = tuple[Severity, str, bool, Callable[[EffectiveAccess, str], bool]]
# The third says that it also matters for those who are no principals and write tenants' rows and audit records.
_RISKY: dict[str, _Rule] = {
    "role": (Severity.CRITICAL, "sessions run as a role that is no principal", False, _is_other_role),
    "session_authorization": (Severity.CRITICAL, "sessions run as another role", False, _is_other_role),
    "session_replication_role": (Severity.HIGH, "no trigger and no foreign key is asked", True, _is_replica),
    "row_security": (Severity.LOW, "every query that a policy would filter is an error", False, _is_off),
    "search_path": (Severity.MEDIUM, "a function of that schema goes before the built-in one", True, _hides_builtins),
    "lo_compat_privileges": (Severity.HIGH, "every large object is everybody's", False, _is_on),
    "allow_system_table_mods": (Severity.HIGH, "the catalogues can be edited", True, _is_on),
    "session_preload_libraries": (Severity.HIGH, "code is loaded into every session", True, _is_set),
    "local_preload_libraries": (Severity.MEDIUM, "code is loaded into every session", True, _is_set),
}


def _place(access: EffectiveAccess, setting: RoleSetting) -> str:
    """Where a default stands, as findings name it."""
    role, database = access.role(setting.role), access.inventory.server.database
    who = f"role {role.name}" if role else ""
    where = f"database {database}" if setting.database else ""
    return " in ".join(part for part in (who, where) if part) or "every role"


def _reset(access: EffectiveAccess, setting: RoleSetting) -> str:
    role, database = access.role(setting.role), quoted(access.inventory.server.database)
    name = _setting(setting.name)
    if setting.role == 0 and setting.database:
        return f"ALTER DATABASE {database} RESET {name};"
    who = quoted(role.name) if role else "ALL"
    where = f" IN DATABASE {database}" if setting.database else ""
    return f"ALTER ROLE {who}{where} RESET {name};"


def _setting(name: str) -> str:
    return ".".join(quoted(part) for part in name.split("."))
