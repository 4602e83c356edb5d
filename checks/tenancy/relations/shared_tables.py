"""References of a declared shared table to tenants: its rows then belong to tenants, and every tenant reads them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from basewatch.model import Severity
from basewatch.tenancy import DerivedKey
from checks.tenancy.flaws import Approvable, Flaw, visible_through
from isolation.access.effective_access import EffectiveAccess
from isolation.access.table_class import TableClass
from isolation.inventory.naming import quoted
from isolation.inventory.redaction import text_digest
from isolation.inventory.relations import Column, ForeignKey, Relation

_OF_TENANTS: Final = frozenset({TableClass.TENANT, TableClass.ROOT, TableClass.MEMBERS})
# pg_type OIDs of the types that can hold a tenant's id, by context_type, with their arrays.
_TYPES: Final = {
    "uuid": frozenset({2950, 2951}),
    "text": frozenset({25, 1009, 1042, 1014, 1043, 1015}),
    "integer": frozenset({20, 1016, 21, 1005, 23, 1007}),
    "bigint": frozenset({20, 1016, 21, 1005, 23, 1007}),
}
_JSON: Final = frozenset({114, 3802, 199, 3807})
_COUNTS: Final = r"(?:max|min|num|number|count|total|per|is|has|new)_"
_SUFFIX: Final = r"(?:_?(?:id|ids|uuid|guid|key|ref|fk))?"


def tenant_reference_flaws(access: EffectiveAccess, relation: Relation) -> tuple[Flaw, ...]:
    """The flaws of a shared table, its partitions and inheriting tables: each column that refers to a tenant.

    Found by foreign keys, directly or through other tables, and by names and types like those of the tenant key.
    """
    parts = (relation, *access.table_classes.descendants(relation))
    found = dict(reference for part in parts for reference in _references(access, part))
    table = access.sql_name(relation)
    return tuple(
        Flaw(
            severity=severity,
            what=f"{column} {why}",
            repair=f"Declare the tenant key of {access.declared_name(relation)} in tenancy.keys in place of "
            f"tenancy.shared, and enable row-level security on {table}.",
            affected=visible_through(access, relation),
        )
        for column, (severity, why) in sorted(found.items())
    )


def shared_approvable(access: EffectiveAccess, relation: Relation, flaws: tuple[Flaw, ...]) -> Approvable:
    """The entry by which a shared table with these references is accepted, until it gains another."""
    name = f"SELECT on {access.declared_name(relation)} to every tenant"
    return Approvable(kind="grant", name=name, digest=text_digest(f"{name}: {'; '.join(each.what for each in flaws)}"))


def json_columns(relation: Relation) -> tuple[str, ...]:
    """The names of the columns whose content may name tenants without any trace in the catalogues."""
    return tuple(column.name for column in relation.columns if column.type in _JSON)


def _references(access: EffectiveAccess, relation: Relation) -> Iterator[tuple[str, tuple[Severity, str]]]:
    keys = access.foreign_keys_of(relation)
    for column in relation.columns:
        own = [key for key in keys if column.number in key.columns]
        reached = next((name for key in own if (name := _tenant_table(access, key, {relation.oid}))), "")
        if reached:
            yield quoted(column.name), (Severity.HIGH, f"refers to {reached}, so that a row belongs to a tenant")
        elif not own and _is_likely_key(access, column):
            yield quoted(column.name), (Severity.MEDIUM, "has the name and the type of a tenant's id")


def _tenant_table(access: EffectiveAccess, key: ForeignKey, seen: set[int]) -> str:
    """The tenant table that a foreign key leads to, directly or through tables that are not shared; empty without."""
    target = access.relation(key.target)
    if target is None or target.oid in seen:
        return ""
    table_class = access.table_class(target)
    if table_class in _OF_TENANTS:
        return f"{access.declared_name(target)}, which is a {table_class}"
    if table_class is TableClass.SHARED:
        return ""
    seen.add(target.oid)
    return next((name for each in access.foreign_keys_of(target) if (name := _tenant_table(access, each, seen))), "")


def _is_likely_key(access: EffectiveAccess, column: Column) -> bool:
    """Whether a column has the type of a tenant's id, and a name made of the root's, a key's or the word tenant."""
    tenancy = access.tenancy
    if column.type not in _TYPES[tenancy.context_type]:
        return False
    declared = (key for key in tenancy.keys.values() if not isinstance(key, DerivedKey))
    names = {name.lower() for key in (tenancy.key, *declared) for name in key} - {"id"}
    words = {"tenant", *_singular(tenancy.root.rpartition(".")[2].lower())}
    words |= {stem for name in names for stem in [re.sub(rf"{_SUFFIX}$", "", name)] if stem}
    pattern = rf"(?!{_COUNTS})(?:\w+_)?(?:{'|'.join(map(re.escape, sorted(words)))}){_SUFFIX}"
    # customerId and CustomerID are read like customer_id.
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", column.name).lower()
    return name in names or re.fullmatch(pattern, name) is not None


def _singular(name: str) -> Iterator[str]:
    yield name
    if name.endswith("ies"):
        yield f"{name[:-3]}y"
    if name.endswith("s") and not name.endswith("ss"):
        yield name[:-1]
