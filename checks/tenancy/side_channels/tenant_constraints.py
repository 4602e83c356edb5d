"""The statements that add the tenant key to a unique or foreign key of a tenant table."""

from __future__ import annotations

import re
from collections.abc import Iterable

from isolation.access.effective_access import EffectiveAccess
from isolation.access.table_class import TableClass
from isolation.inventory.naming import qualified, quoted
from isolation.inventory.relations import Column, ForeignKey, Index, Relation, RelationKind

_ACTIONS = {"c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT", "r": "RESTRICT"}
# Since this version, SET NULL and SET DEFAULT can leave the tenant key as it is.
_COLUMNS_SINCE = 150000
_REDACTED = "…"


def foreign_key_repair(access: EffectiveAccess, relation: Relation, target: Relation, key: ForeignKey) -> str:
    """The statements that make a foreign key stay within a tenant; without a tenant key on both sides, that drop it."""
    table = access.sql_name(relation)
    drop = f"ALTER TABLE {table} DROP CONSTRAINT {quoted(key.name)}"
    pairs = _with_tenant(access, relation, target, key)
    if not pairs:
        return f"{drop}; Then let the application look the row up, as policies apply to that."
    theirs = ", ".join(quoted(other) for _, other in pairs)
    known = {frozenset(index.columns) for index in access.indexes_of(target) if index.unique and not index.partial}
    numbers = frozenset(column.number for column in target.columns if column.name in {other for _, other in pairs})
    unique = "" if numbers in known else f"ALTER TABLE {access.sql_name(target)} ADD UNIQUE ({theirs}); "
    mine = ", ".join(quoted(own) for own, _ in pairs)
    references = (
        f"FOREIGN KEY ({mine}) REFERENCES {access.sql_name(target)} ({theirs}){_actions(access, relation, key)}"
    )
    change = f"{unique}{drop}, ADD CONSTRAINT {quoted(key.name)} {references}"
    if relation.kind is RelationKind.PARTITIONED:
        return f"First correct every row that refers to another tenant's; while there is one, this fails: {change};"
    validate = f"ALTER TABLE {table} VALIDATE CONSTRAINT {quoted(key.name)};"
    return f"{change} NOT VALID; Then correct the rows that refer to another tenant's, and run: {validate}"


def unique_repair(access: EffectiveAccess, relation: Relation, index: Index, tenant: Iterable[Column]) -> str:
    """The statements that make a unique key apply within a tenant."""
    names = {column.number: quoted(column.name) for column in relation.columns}
    columns = index.keys or tuple(names.get(number, "?") for number in index.columns)
    if any(_REDACTED in text for text in (*columns, index.condition, index.exclusion_text)):
        return f"Create {quoted(index.name)} on {access.sql_name(relation)} again with the tenant key, compared by =."
    if index.exclusion:
        return _exclusion_repair(access, relation, index, tenant)
    key = ", ".join(dict.fromkeys((*(quoted(column.name) for column in tenant), *columns)))
    nulls = "" if index.nulls_distinct else " NULLS NOT DISTINCT"
    table = access.sql_name(relation)
    if not index.constraint:
        where = f" WHERE {index.condition}" if index.condition else ""
        old = qualified(relation.schema, index.name)
        return f"CREATE UNIQUE INDEX ON {table} ({key}){nulls}{where}; DROP INDEX {old};"
    word = "PRIMARY KEY" if index.primary else f"UNIQUE{nulls}"
    later = "" if index.immediate else " DEFERRABLE"
    dropped, added = _references(access, relation, index)
    change = f"ALTER TABLE {table} DROP CONSTRAINT {quoted(index.name)}, ADD {word} ({key}){later};"
    return " ".join((*dropped, change, *added))


def _exclusion_repair(access: EffectiveAccess, relation: Relation, index: Index, tenant: Iterable[Column]) -> str:
    before, opening, rest = index.exclusion_text.partition("(")
    names = [quoted(column.name) for column in tenant]
    # The tenant key may be there already, with an operator other than =.
    for name in names:
        rest = re.sub(rf"(?:(?<=, )|^){re.escape(name)} WITH [^\s,)]+(?:, )?", "", rest).replace(", )", ")", 1)
    elements = ", ".join(f"{name} WITH =" for name in names)
    extension = "CREATE EXTENSION IF NOT EXISTS btree_gist; " if "USING gist" in before else ""
    more = "" if rest.startswith(")") else ", "
    return (
        f"{extension}ALTER TABLE {access.sql_name(relation)} DROP CONSTRAINT {quoted(index.name)}, "
        f"ADD CONSTRAINT {quoted(index.name)} {before}{opening}{elements}{more}{rest};"
    )


def _references(access: EffectiveAccess, target: Relation, index: Index) -> tuple[list[str], list[str]]:
    """The foreign keys that need a unique key: the statements that drop them, and that create them with the tenant."""
    dropped, added = list[str](), list[str]()
    for key in access.inventory.foreign_keys:
        relation = access.relation(key.relation)
        if key.target != target.oid or relation is None or set(key.target_columns) != set(index.columns):
            continue
        table, pairs = access.sql_name(relation), _with_tenant(access, relation, target, key)
        dropped.append(f"ALTER TABLE {table} DROP CONSTRAINT {quoted(key.name)};")
        if pairs:
            mine, theirs = (", ".join(map(quoted, side)) for side in zip(*pairs, strict=True))
            added.append(
                f"ALTER TABLE {table} ADD CONSTRAINT {quoted(key.name)} FOREIGN KEY ({mine}) "
                f"REFERENCES {access.sql_name(target)} ({theirs}){_actions(access, relation, key)};"
            )
    return dropped, added


def _with_tenant(
    access: EffectiveAccess, relation: Relation, target: Relation, key: ForeignKey
) -> tuple[tuple[str, str], ...]:
    """The pairs of columns of a foreign key within a tenant; none where a side has no key of its own columns."""
    mine, theirs = access.tenant_key(relation), access.tenant_key(target)
    if not isinstance(mine, tuple) or not isinstance(theirs, tuple) or access.table_class(target) is TableClass.ROOT:
        return ()
    own, other = ({column.number: column.name for column in each.columns} for each in (relation, target))
    named = zip((own[n] for n in key.columns), (other[n] for n in key.target_columns), strict=True)
    tenant = zip((column.name for column in mine), (column.name for column in theirs), strict=False)
    return tuple(dict.fromkeys((*tenant, *named)))


def _actions(access: EffectiveAccess, relation: Relation, key: ForeignKey) -> str:
    own = {column.number: quoted(column.name) for column in relation.columns}
    columns = ", ".join(own[number] for number in key.columns)
    only = f" ({columns})" if access.inventory.server.version_num >= _COLUMNS_SINCE else ""
    deleted = (
        f" ON DELETE {_ACTIONS[key.on_delete]}{only if key.on_delete in 'nd' else ''}"
        if key.on_delete in _ACTIONS
        else ""
    )
    return deleted + (f" ON UPDATE {_ACTIONS[key.on_update]}" if key.on_update in _ACTIONS else "")
