"""The tenant key of one table: its flaws, and the foreign key that suggests an undeclared one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from basewatch.model import Severity
from checks.tenancy.flaws import Flaw, visible_through
from checks.tenancy.relations.global_rows import global_rows_offer
from isolation.access.effective_access import EffectiveAccess
from isolation.access.table_class import TableClass
from isolation.inventory.naming import quoted
from isolation.inventory.relations import Column, ForeignKey, Relation


def tenant_key_flaws(
    access: EffectiveAccess, relation: Relation, now: datetime, *, proven: Callable[[], bool]
) -> Iterator[Flaw]:
    """The flaws of the key columns; `proven` returns whether no policy can expose a row without a tenant."""
    key = access.tenant_key(relation)
    if not isinstance(key, tuple) or access.table_class(relation) is not TableClass.TENANT:
        return
    table = access.sql_name(relation)
    for column in key:
        inherited = [_same(access, parent, column) for parent in relation.parents]
        if not column.not_null and all(parent is None or parent.not_null for parent in inherited):
            hidden = proven()
            if hidden and access.has_global_rows(relation) and not access.global_values(relation):
                continue
            doubt = "" if hidden else ", and its policies are not proven to hide it"
            yield Flaw(
                severity=Severity.MEDIUM if hidden else Severity.HIGH,
                what=f"{column.name} can be NULL, so that a row may have no tenant{doubt}",
                repair=f"{_filled(table, quoted(column.name))} {global_rows_offer(access, relation, now)}".rstrip(),
            )
        if column.constant_default and not any(parent and parent.constant_default for parent in inherited):
            yield Flaw(
                severity=Severity.MEDIUM,
                what=f"{column.name} has a constant DEFAULT, so that rows without an explicit tenant go to one tenant",
                repair=f"ALTER TABLE {table} ALTER COLUMN {quoted(column.name)} DROP DEFAULT;",
            )
        if not column.deterministic_collation and all(
            parent is None or parent.deterministic_collation for parent in inherited
        ):
            yield Flaw(
                severity=Severity.HIGH,
                what=f"{column.name} has a nondeterministic collation, by which two tenant ids may compare as equal",
                repair=f'ALTER TABLE {table} ALTER COLUMN {quoted(column.name)} TYPE {column.type_name} COLLATE "C";',
                affected=visible_through(access, relation),
            )


def _filled(table: str, column: str) -> str:
    """The SQL that gives rows a tenant, whose id has to be filled in."""
    rows = f"{table} SET {column} = <their tenant> WHERE {column} IS NULL"
    required = f"ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL;"
    return f"Rows without a tenant get one first, or are deleted; replace the blank: UPDATE {rows}; {required}"


def _same(access: EffectiveAccess, parent: int, column: Column) -> Column | None:
    found = access.relation(parent)
    return found.column(column.name) if found else None


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantKeyHint:
    """The link of an unclassified table to the tenants: a description, and the entry to declare; empty without one."""

    observed: str = ""
    remedy: str = ""


def tenant_key_hint(access: EffectiveAccess, relation: Relation) -> TenantKeyHint:
    """The foreign key through which the rows of a table belong to a tenant, if there is one."""
    keys = access.foreign_keys_of(relation)
    for table_class in (TableClass.ROOT, TableClass.TENANT):
        for key in keys:
            target = access.relation(key.target)
            if target is not None and access.table_class(target) is table_class:
                return _hint(access, relation, key, target)
    return TenantKeyHint()


def _hint(access: EffectiveAccess, relation: Relation, key: ForeignKey, target: Relation) -> TenantKeyHint:
    own, other = _names(relation, key.columns), _names(target, key.target_columns)
    name, parent = access.declared_name(relation), access.declared_name(target)
    observed = f"; {', '.join(own)} refers to {parent}, which is a {access.table_class(target)}"
    if access.table_class(target) is TableClass.ROOT:
        entry = f"{quoted(name)}: [{', '.join(map(quoted, own))}]"
    else:
        on = ", ".join(f"{quoted(mine)}: {quoted(theirs)}" for mine, theirs in zip(own, other, strict=True))
        entry = f"{quoted(name)}: {{parent: {quoted(parent)}, on: {{{on}}}}}"
    remedy = f"Declare its tenant key in tenancy.keys, {entry}, and enable row-level security on it. "
    return TenantKeyHint(observed=observed, remedy=remedy)


def _names(relation: Relation, numbers: tuple[int, ...]) -> list[str]:
    by_number = {column.number: column.name for column in relation.columns}
    return [by_number.get(number, "?") for number in numbers]
