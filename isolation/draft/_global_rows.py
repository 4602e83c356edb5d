"""Rows that are everybody's to read, as policies let them through: without a tenant, of a fixed one, or marked."""

from __future__ import annotations

import re
from collections.abc import Sequence

from isolation.draft._catalog import CatalogPolicy, CatalogTable

Names = tuple[str, ...]
Values = tuple[tuple[str, str], ...]
_CONSTANT = r"'([^']*)'(?:::[\w ]+)?|(-?\d+)"


def global_rows(table: CatalogTable, policies: Sequence[CatalogPolicy], key: Names) -> Values | None:
    """The columns and values of such rows: none of them where they have no tenant. None if there are no such rows.

    A policy must be for SELECT alone, as nobody but their tenant may write them.
    """
    types = dict(zip(table.columns, table.types, strict=True))
    own = [column for column in key if column in types]
    nullable = [column for column in own if column in table.nullable] if own else list(key)
    for policy in policies:
        parts = [part for text in policy.expressions for part in re.split(r"\bOR\b", text)]
        if any(re.search(rf"\b{re.escape(column)}\"? IS NULL", part) for column in nullable for part in parts):
            return () if _only_reads(policies, rf"\b(?:{'|'.join(map(re.escape, nullable))})\"? IS NULL") else None
        if policy.command != "r":
            continue
        for part in parts:
            for column in own:
                found = re.fullmatch(rf"[\s(]*\"?{re.escape(column)}\"?(?:::text)? = \(?(?:{_CONSTANT})[\s)]*", part)
                if found:
                    return ((column, found[1] or found[2]),)
            for column, kind in types.items():
                if kind == "boolean" and re.fullmatch(rf"[\s(]*\"?{re.escape(column)}\"?(?: = true)?[\s)]*", part):
                    return ((column, "true"),)
    return None


def _only_reads(policies: Sequence[CatalogPolicy], pattern: str) -> bool:
    asking = [policy for policy in policies if any(re.search(pattern, text) for text in policy.expressions)]
    return all(policy.command == "r" for policy in asking)
