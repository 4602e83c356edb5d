"""The statements that give an object of a principal to another owner, and keep what the principal does with it."""

from __future__ import annotations

from collections import Counter
from itertools import count

from isolation.access.effective_access import EffectiveAccess
from isolation.inventory.naming import quoted
from isolation.inventory.roles import Role

_KEPT = {
    "TABLE": "SELECT, INSERT, UPDATE, DELETE ON TABLE",
    "SCHEMA": "USAGE ON SCHEMA",
    "DATABASE": "CONNECT ON DATABASE",
    "ROUTINE": "EXECUTE ON ROUTINE",
    "FUNCTION": "EXECUTE ON FUNCTION",
}


def change_owner(access: EffectiveAccess, kind: str, name: str, owner: int, *, kept: str = "") -> str:
    """The statements by which no principal has the rights of the owner of an object.

    A principal that can become the owner loses that membership. If a principal is the owner, another role that no
    principal can become gets the object, and the principal gets by grant what it had by ownership: `kept`, if those
    privileges are not the usual ones.
    """
    superusers = {each.role.name for each in access.all_reachable_roles() if each.role.superuser}
    if superusers:
        return " ".join(f"ALTER ROLE {quoted(name)} NOSUPERUSER;" for name in sorted(superusers))
    before = access.role(owner)
    if before and before.name not in access.tenancy.principals:
        paths = (each.role_path for each in access.all_reachable_roles() if each.role.oid == owner)
        revokes = dict.fromkeys(f"REVOKE {quoted(path[-1])} FROM {quoted(path[-2])};" for path in paths if path[1:])
        if revokes:
            return " ".join(revokes)
    return give_away(access, kind, name, owner, kept=kept)


def give_away(access: EffectiveAccess, kind: str, name: str, owner: int, *, kept: str = "") -> str:
    """The statements by which a role that no principal can become owns an object; its owner keeps `kept` by grant."""
    before, (create, new) = access.role(owner), new_owner(access)
    privileges = f"{kept} ON {kind}" if kept else _KEPT[kind]
    grant = f" GRANT {privileges} {name} TO {quoted(before.name)};" if before else ""
    return f"{create}ALTER {kind} {name} OWNER TO {new};{grant}"


def new_owner(access: EffectiveAccess) -> tuple[str, str]:
    """The role that can own what no principal may, quoted, after the statement that creates it if there is none."""
    role = safe_owner(access)
    new = quoted(role.name if role else _new_role(access))
    return "" if role else f"CREATE ROLE {new} NOLOGIN; ", new


def safe_owner(access: EffectiveAccess) -> Role | None:
    """The declared role that no principal can become and that owns most tables; None without one."""
    reached = frozenset[int]().union(
        *(access.inherited_roles(each.role.oid) | {each.role.oid} for each in access.all_reachable_roles())
    )
    owned = Counter(relation.owner for relation in access.inventory.relations if relation.is_table)
    declared = (access.role_named(name) for name in access.tenancy.privileged)
    safe = [role for role in declared if role and role.oid not in reached and owned[role.oid]]
    return max(safe, key=lambda role: (owned[role.oid], role.name), default=None)


def _new_role(access: EffectiveAccess) -> str:
    names = (f"{access.inventory.server.database}_owner{number or ''}" for number in count())
    return next(name for name in names if access.role_named(name) is None)
