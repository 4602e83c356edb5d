"""The table of members, where the policies read which tenants a user may access."""

from __future__ import annotations

from dataclasses import dataclass

from isolation.draft._catalog import Catalog, CatalogForeignKey, CatalogTable
from isolation.draft._texts import PolicyTexts, mentions, names_context

Names = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """The table of members as schema.name, its column of the user, and its columns of the tenant."""

    table: str
    member: str
    key: Names


def membership(catalog: Catalog, texts: PolicyTexts, root: str, key: Names) -> Membership | None:
    """The table by which policies find the tenants of a user; None if they compare tenants with the context."""
    readers = texts.context_functions
    by_table = {table.full_name: table for table in catalog.tables}
    for policy in catalog.policies:
        table = by_table.get(f"{policy.schema}.{policy.table}")
        # A helper that returns tenants reads a setting too, and a table by it.
        plain = [name for name in readers if not _reads_a_table(catalog, name)]
        own = set(key) & set(table.columns) if table else set[str]()
        if own and any(names_context(policy.expressions, column, plain) for column in own):
            return None
    for table in catalog.tables:
        theirs = _key_of(catalog.foreign_keys, table, root)
        if not theirs:
            continue
        for policy in catalog.policies:
            said = [text for text in texts.of(policy) if mentions((text,), table.full_name)]
            if f"{policy.schema}.{policy.table}" == table.full_name:
                said = list(texts.of(policy))
            for column in table.columns:
                if column not in theirs and names_context(said, column, readers):
                    return Membership(table=table.full_name, member=column, key=theirs)
    return None


def _reads_a_table(catalog: Catalog, function: str) -> bool:
    bodies = [one.body for one in catalog.functions if one.name == function]
    return any(mentions(bodies, table.full_name) for table in catalog.tables)


def _key_of(keys: tuple[CatalogForeignKey, ...], table: CatalogTable, root: str) -> Names:
    return next(
        (
            key.columns
            for key in keys
            if (key.schema, key.table) == (table.schema, table.name) and f"{key.target_schema}.{key.target}" == root
        ),
        (),
    )
