"""The SQL that repairs policies: the expression that a table needs, and the statement that sets it."""

from __future__ import annotations

from collections.abc import Sequence

from basewatch.tenancy import DerivedKey, Tenancy
from isolation.access.effective_access import EffectiveAccess
from isolation.inventory.naming import quoted
from isolation.inventory.relations import Column, Command, Policy, Relation

_MAX_PARENTS = 5
# A text compares with them as it is.
_TEXTS = ("text", "character varying", "character", "name", "citext")


def expected_expression(access: EffectiveAccess, relation: Relation) -> str:
    """The expression that restricts a table's rows to the current tenant; empty if the manifest is not sufficient."""
    members = access.tenancy.members
    if members is not None and access.relation_named(members.table) == relation:
        # A policy of the table of members that read this table would make every statement fail.
        return member_expression(access)
    return _of_row(access, relation, access.sql_name(relation), 0)


def repair(access: EffectiveAccess, relation: Relation, policies: Sequence[Policy]) -> str:
    """The statements that repair policies; without an expected expression, those that drop them."""
    drops = " ".join(f"DROP POLICY {quoted(policy.name)} ON {access.sql_name(relation)};" for policy in policies)
    rewrites = [text for policy in policies if (text := rewrite(access, relation, policy))]
    return f"{' '.join(rewrites)} Or, where another policy gives the access: {drops}" if rewrites else drops


def rewrite(access: EffectiveAccess, relation: Relation, policy: Policy) -> str:
    """The statement that makes a policy ask for the tenant alone; empty without an expected expression.

    Where rows without a tenant are everybody's, they can still be read.
    """
    table, expression = access.sql_name(relation), expected_expression(access, relation)
    if not expression:
        return ""
    everybodys, also = _everybodys(access, relation), ""
    if everybodys and policy.command is Command.SELECT:
        expression = f"{everybodys} OR {expression}"
    elif everybodys and policy.command is Command.ALL:
        name = quoted(f"{policy.name[:50]}_everybodys")
        also = f" CREATE POLICY {name} ON {table} FOR SELECT USING ({everybodys});"
    clauses = list[str]()
    if policy.command is not Command.INSERT:
        clauses.append(f"USING ({expression})")
    if policy.command in {Command.INSERT, Command.UPDATE, Command.ALL}:
        clauses.append(f"WITH CHECK ({expression})")
    return f"ALTER POLICY {quoted(policy.name)} ON {table} {' '.join(clauses)};{also}"


def _everybodys(access: EffectiveAccess, relation: Relation) -> str:
    """The condition of rows that are everybody's; empty if none are, or a parent row decides."""
    key = access.tenant_key(relation)
    if not access.has_global_rows(relation) or not isinstance(key, tuple):
        return ""
    table = access.sql_name(relation)
    if values := access.global_values(relation):
        each = ((quoted(name), value.replace("'", "''")) for name, value in values.items())
        return " AND ".join(f"{table}.{name} = '{value}'" for name, value in each)
    return " AND ".join(f"{table}.{quoted(column.name)} IS NULL" for column in key)


def member_expression(access: EffectiveAccess) -> str:
    """The expression that restricts the table of members to the memberships of the user in the context."""
    members = access.tenancy.members
    table = access.relation_named(members.table) if members else None
    member = table.column(members.member) if table and members else None
    value = _setting(access, member, access.tenancy.context[0]) if member else ""
    return f"{quoted(member.name)} = {value}" if member and value else ""


def parent_key_repair(access: EffectiveAccess, relation: Relation) -> str:
    """What makes a row have one parent: a unique key of the parent, and a foreign key; empty if both exist.

    Without the unique key, a row belongs to every tenant with a parent of that id, and no policy of its own helps.
    """
    key = access.tenant_key(relation)
    parent = access.relation_named(key.parent) if isinstance(key, DerivedKey) else None
    if parent is None or not isinstance(key, DerivedKey):
        return ""
    target = {column.number for name in key.on.values() if (column := parent.column(name))}
    known = (index for index in access.indexes_of(parent) if index.unique and index.valid and not index.partial)
    if any(index.columns and set(index.columns) <= target for index in known):
        return ""
    table, own, its = (
        access.sql_name(relation),
        *(", ".join(map(quoted, side)) for side in zip(*key.on.items(), strict=True)),
    )
    return (
        f"Nothing makes ({its}) of {access.sql_name(parent)} unique, so a row may have parents of several tenants: "
        f"ALTER TABLE {access.sql_name(parent)} ADD UNIQUE ({its}); "
        f"ALTER TABLE {table} ADD FOREIGN KEY ({own}) REFERENCES {access.sql_name(parent)} ({its}); "
        "If tenants count their ids each for itself, this fails: then give the table the tenant's column as well, and "
        f"name it in tenancy.keys, {access.declared_name(relation)}."
    )


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
    parts = [(column, _setting(access, column, name)) for column, name in zip(key, tenancy.context, strict=True)]
    if not all(value for _, value in parts):
        return ""
    return " AND ".join(f"{row}.{quoted(column.name)} = {value}" for column, value in parts)


def _of_member(access: EffectiveAccess, key: tuple[Column, ...], row: str, tenancy: Tenancy) -> str:
    members = tenancy.members
    table = access.relation_named(members.table) if members else None
    member = table.column(members.member) if table and members else None
    if members is None or table is None or member is None:
        return ""
    on = [f"m.{quoted(its)} = {row}.{quoted(own.name)}" for own, its in zip(key, members.key, strict=False)]
    value = _setting(access, member, tenancy.context[0])
    condition = " AND ".join([*on, f"m.{quoted(members.member)} = {value}"])
    return _exists(f"{access.sql_name(table)} m", condition) if value else ""


def _exists(table: str, where: str) -> str:
    return f"EXISTS (SELECT 1 FROM {table} WHERE {where})"  # noqa: S608  # printed, never executed


def _setting(access: EffectiveAccess, column: Column, name: str) -> str:
    """The value of the context in SQL; empty if the setting is JSON without a declared claim or function."""
    is_text, tenancy = column.type_name.partition("(")[0] in _TEXTS, access.tenancy
    cast = "" if is_text else f"::{column.type_name}"
    value = f"nullif(current_setting('{name}', true), '')"
    if tenancy.claim is not None:
        path = [part.replace("'", "''") for part in tenancy.claim]
        steps = "".join(f" -> '{part}'" for part in path[:-1])
        return f"({value}::jsonb{steps} ->> '{path[-1]}'){cast}"
    if any(text.lstrip().startswith("{") for _, values in tenancy.canary_contexts for text in values):
        declared = (each.name for each in tenancy.approved_objects if each.kind == "function" and each.returns_tenant)
        return next((f"(SELECT {called})" for called in declared), "")
    return value + cast
