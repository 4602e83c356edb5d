"""The SQL that repairs policies: the expression that a table needs, and the statement that sets it."""

from __future__ import annotations

from basewatch.tenancy import DerivedKey, Tenancy
from isolation.access.effective_access import EffectiveAccess
from isolation.inventory.naming import quoted
from isolation.inventory.relations import Column, Command, Policy, Relation

_MAX_PARENTS = 5
_CASTS = {"uuid": "::uuid", "bigint": "::bigint", "integer": "::integer", "smallint": "::smallint"}


def expected_expression(access: EffectiveAccess, relation: Relation) -> str:
    """The expression that restricts a table's rows to the current tenant; empty if the manifest is not sufficient."""
    return _of_row(access, relation, access.sql_name(relation), 0)


def repair(access: EffectiveAccess, relation: Relation, policy: Policy) -> str:
    """The statement that repairs one policy; without an expected expression, the statement that drops it."""
    table, expression = access.sql_name(relation), expected_expression(access, relation)
    drop = f"DROP POLICY {quoted(policy.name)} ON {table};"
    if not expression:
        return drop
    clauses = list[str]()
    if policy.command is not Command.INSERT:
        clauses.append(f"USING ({expression})")
    if policy.command in {Command.INSERT, Command.UPDATE, Command.ALL}:
        clauses.append(f"WITH CHECK ({expression})")
    return f"ALTER POLICY {quoted(policy.name)} ON {table} {' '.join(clauses)};  -- or: {drop}"


def _of_row(access: EffectiveAccess, relation: Relation, row: str, depth: int) -> str:
    key, tenancy = access.tenant_key(relation), access.tenancy
    if isinstance(key, DerivedKey):
        parent = access.relation_named(key.parent)
        name = f"parent{depth or ''}"
        inner = _of_row(access, parent, name, depth + 1) if parent and depth < _MAX_PARENTS else ""
        on = " AND ".join(f"{name}.{quoted(its)} = {row}.{quoted(own)}" for own, its in key.on.items())
        return _exists(f"{access.sql_name(parent)} {name}", f"{on} AND {inner}") if parent and inner else ""
    if not key:
        return ""
    if tenancy.members is not None:
        return _of_member(access, key, row, tenancy)
    if len(key) != len(tenancy.context):
        return ""
    parts = zip(key, tenancy.context, strict=True)
    return " AND ".join(f"{row}.{quoted(column.name)} = {_setting(column, name)}" for column, name in parts)


def _of_member(access: EffectiveAccess, key: tuple[Column, ...], row: str, tenancy: Tenancy) -> str:
    members = tenancy.members
    table = access.relation_named(members.table) if members else None
    member = table.column(members.member) if table and members else None
    if members is None or table is None or member is None:
        return ""
    on = [f"m.{quoted(its)} = {row}.{quoted(own.name)}" for own, its in zip(key, members.key, strict=False)]
    condition = " AND ".join([*on, f"m.{quoted(members.member)} = {_setting(member, tenancy.context[0])}"])
    return _exists(f"{access.sql_name(table)} m", condition)


def _exists(table: str, where: str) -> str:
    return f"EXISTS (SELECT 1 FROM {table} WHERE {where})"  # noqa: S608  # printed, never executed


def _setting(column: Column, name: str) -> str:
    cast = _CASTS.get(column.type_name, "")
    return f"nullif(current_setting('{name}', true), ''){cast}"
