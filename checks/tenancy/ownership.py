"""The statements that give an object of a principal to another owner, and keep what the principal does with it."""

from __future__ import annotations

from collections import Counter

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
    """The statements that give an object to a role that no principal can become.

    The owner before gets by grant what it had by ownership; `kept` are those privileges, if not the usual ones.
    """
    role, before = safe_owner(access), access.role(owner)
    create = "" if role else f"CREATE ROLE {quoted(_new_role(access))} NOLOGIN; "
    new = quoted(role.name if role else _new_role(access))
    privileges = f"{kept} ON {kind}" if kept else _KEPT[kind]
    grant = f" GRANT {privileges} {name} TO {quoted(before.name)};" if before else ""
    return f"{create}ALTER {kind} {name} OWNER TO {new};{grant}"


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
    return f"{access.inventory.server.database}_owner"
