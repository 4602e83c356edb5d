"""The table of members, where the policies read which tenants a user may access."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from isolation.draft._catalog import Catalog, CatalogForeignKey, CatalogPolicy, CatalogTable
from isolation.draft._texts import PolicyTexts, mentions, names_context

Names = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """The table of members as schema.name, its column of the user, and its columns of the tenant.

    `root` is the table of the tenants that these refer to, and `root_key` its key. `own` are tables of the user's own
    rows, with their column of the user.
    """

    table: str
    member: str
    key: Names
    root: str
    root_key: Names
    own: tuple[tuple[str, str], ...] = ()


def membership(catalog: Catalog, texts: PolicyTexts) -> Membership | None:
    """The table by which policies find the tenants of a user; None if they compare tenants with the context."""
    reading = Counter(dict.fromkeys(_candidates(catalog, texts), 0))
    for candidate in reading:
        referring = {
            f"{key.schema}.{key.table}"
            for key in catalog.foreign_keys
            if f"{key.target_schema}.{key.target}" == candidate.root
        } - {candidate.table, candidate.root}
        tables = {f"{policy.schema}.{policy.table}" for policy in catalog.policies if _asks(texts, policy, candidate)}
        reading[candidate] = len(tables & referring)
    found, count = reading.most_common(1)[0] if reading else (None, 0)
    return found if count else None


def _asks(texts: PolicyTexts, policy: CatalogPolicy, candidate: Membership) -> bool:
    """Whether a policy finds the tenant of a row by a table of members."""
    said = [text for text in texts.of(policy) if mentions((text,), candidate.table)]
    return names_context(said, candidate.member, texts.context_functions)


def _candidates(catalog: Catalog, texts: PolicyTexts) -> Iterator[Membership]:
    """Tables that refer to another by some columns, where a policy compares a further column with the context."""
    for key in catalog.foreign_keys:
        table, root = f"{key.schema}.{key.table}", f"{key.target_schema}.{key.target}"
        columns = next((one.columns for one in catalog.tables if one.full_name == table), ())
        if table == root or _is_direct(catalog, texts, key):
            continue
        for member in columns:
            candidate = Membership(table=table, member=member, key=key.columns, root=root, root_key=key.target_columns)
            others = (policy for policy in catalog.policies if f"{policy.schema}.{policy.table}" != table)
            if member not in key.columns and any(_asks(texts, policy, candidate) for policy in others):
                yield candidate


def _is_direct(catalog: Catalog, texts: PolicyTexts, key: CatalogForeignKey) -> bool:
    """Whether a policy compares a reference to the same table with the context itself, so that this is the tenant."""
    by_name = {table.full_name: table for table in catalog.tables}
    for other in catalog.foreign_keys:
        same = (other.target_schema, other.target) == (key.target_schema, key.target)
        if same and (other.schema, other.table) != (key.schema, key.table):
            table = by_name.get(f"{other.schema}.{other.table}")
            if table is not None and set(other.columns) <= set(context_columns(catalog, texts, table)):
                return True
    return False


def context_columns(catalog: Catalog, texts: PolicyTexts, table: CatalogTable) -> Names:
    """The columns of a table that its own policies compare with the context, in the order of the table."""
    own = [policy for policy in catalog.policies if (policy.schema, policy.table) == (table.schema, table.name)]
    plain = [name for name in texts.context_functions if not _reads_a_table(catalog, name)]
    said = [text for policy in own for text in policy.expressions]
    return tuple(column for column in table.columns if names_context(said, column, plain, of=table.name))


def own_tables(catalog: Catalog, texts: PolicyTexts, tables: Iterable[CatalogTable], key: Names) -> dict[str, str]:
    """The tables without the key that their own policies compare with the context, with the column of the user."""
    found = {
        table.full_name: context_columns(catalog, texts, table)
        for table in tables
        if not set(key) <= set(table.columns)
    }
    return {name: columns[0] for name, columns in found.items() if len(columns) == 1}


def _reads_a_table(catalog: Catalog, function: str) -> bool:
    bodies = [one.body for one in catalog.functions if one.name == function]
    return any(mentions(bodies, table.full_name) for table in catalog.tables)
