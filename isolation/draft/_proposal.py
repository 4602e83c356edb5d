"""Derives the most likely manifest from the rows of the catalogue; a person reviews all of it. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from basewatch.errors import BasewatchError
from isolation.draft._catalog import Catalog, CatalogForeignKey, CatalogPolicy, CatalogRole, CatalogTable

_SETTING = re.compile(r"current_setting\(\s*'([^']+\.[^']+)'")
_TYPES = {"integer": "integer", "bigint": "bigint", "smallint": "integer", "uuid": "uuid"}
_TABLES = ("r", "p")
Names = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DerivedKey:
    """A table whose rows belong to the tenant of their parent row."""

    parent: str
    on: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A manifest to review, with the names of the configuration; a person must answer the `open_questions`.

    `root` is empty if no foreign key identifies the table of the tenants.
    """

    context: Names
    context_type: str
    schemas: Names
    root: str
    root_key: Names
    key: Names
    keys: tuple[tuple[str, Names | DerivedKey], ...]
    principals: Names
    privileged: tuple[tuple[str, str], ...]
    table_count: int
    shared: Names
    open_questions: tuple[str, ...]


def propose(catalog: Catalog) -> Proposal:
    """The manifest that matches the policies of a database. Raises: BasewatchError, if no policy is usable."""
    return _Draft(catalog).proposal()


class _Draft:
    """The draft for one database."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._tables = {table.full_name: table for table in catalog.tables}
        self._policies: dict[str, list[CatalogPolicy]] = {}
        for policy in catalog.policies:
            self._policies.setdefault(f"{policy.schema}.{policy.table}", []).append(policy)
        self._keys: dict[str, list[CatalogForeignKey]] = {}
        for key in catalog.foreign_keys:
            self._keys.setdefault(f"{key.schema}.{key.table}", []).append(key)
        self._with_policy = [
            table for table in catalog.tables if table.full_name in self._policies and not table.partition
        ]

    def proposal(self) -> Proposal:
        settings = Counter(name for policy in self._catalog.policies for name in _settings(policy))
        compared = {table.full_name: self._compared(table) for table in self._with_policy}
        direct = Counter(
            columns for name, columns in compared.items() if columns and not self._names_other_relations(name)
        )
        if not settings or not direct:
            raise BasewatchError(
                "no policy of this database compares a column with a session setting, so the isolation of its tenants "
                "is unknown; write the manifest by hand: see docs/tenancy.md"
            )
        root, root_key, key = self._root(direct)
        parts = len(key)
        context = tuple(name for name, _ in settings.most_common(parts))
        schemas = tuple(name for name, _ in Counter(table.schema for table in self._with_policy).most_common())
        keyed = [
            t for t in self._catalog.tables if t.kind in _TABLES and not t.partition and set(key) <= set(t.columns)
        ]
        overrides = dict(self._overrides(compared, key, root, schemas))
        tenants = {*(t.full_name for t in keyed), *compared} - {root}
        principals = self._principals(tenants)
        return Proposal(
            context=context,
            context_type=self._type_of(direct, key),
            schemas=schemas,
            root=_declared(root, schemas),
            root_key=root_key,
            key=key,
            keys=tuple(overrides.items()),
            principals=principals,
            privileged=tuple(self._privileged(principals)),
            table_count=max(1, len(tenants)),
            shared=tuple(self._shared(tenants, root, principals, schemas)),
            open_questions=tuple(
                self._open_questions(
                    settings=settings,
                    context=context,
                    compared=compared,
                    tenants=tenants,
                    root=root,
                    principals=principals,
                    schemas=schemas,
                )
            ),
        )

    def _compared(self, table: CatalogTable) -> Names:
        """The columns of a table that its policies compare with a value, in the order of the table."""
        found = set[str]()
        for policy in self._policies[table.full_name]:
            text = " ".join(policy.expressions)
            found |= {column for column in policy.columns if _is_compared(column, text)}
        return tuple(column for column in table.columns if column in found)

    def _names_other_relations(self, name: str) -> bool:
        return any(policy.other_relations for policy in self._policies.get(name, ()))

    def _root(self, direct: Counter[Names]) -> tuple[str, Names, Names]:
        """The tenant root as schema.name, its key, and the columns that reference it: the most common foreign key."""
        votes = Counter(
            (f"{key.target_schema}.{key.target}", key.target_columns, key.columns)
            for name, keys in self._keys.items()
            if name in self._policies
            for key in keys
            if direct[key.columns] and f"{key.target_schema}.{key.target}" != name
        )
        if votes:
            return votes.most_common(1)[0][0]
        ((key, _),) = direct.most_common(1)
        return "", key, key

    def _type_of(self, direct: Counter[Names], key: Names) -> str:
        for table in self._with_policy:
            if set(key) <= set(table.columns) and direct[key]:
                types = dict(zip(table.columns, table.types, strict=True))
                return _TYPES.get(types[key[0]], "text")
        return "text"

    def _overrides(
        self, compared: dict[str, Names], key: Names, root: str, schemas: Names
    ) -> Iterator[tuple[str, Names | DerivedKey]]:
        for name, columns in compared.items():
            if name == root or (columns == key and not self._names_other_relations(name)):
                continue
            parent = self._parent(name)
            if parent:
                on = tuple(zip(parent.columns, parent.target_columns, strict=True))
                above = f"{parent.target_schema}.{parent.target}"
                yield _declared(name, schemas), DerivedKey(parent=_declared(above, schemas), on=on)
            elif len(columns) == len(key) and columns != key and not set(key) <= set(self._tables[name].columns):
                yield _declared(name, schemas), columns

    def _parent(self, name: str) -> CatalogForeignKey | None:
        """The first foreign key to a table that the policies of this table read."""
        others = {other for policy in self._policies[name] for other in policy.other_relations}
        return next((k for k in self._keys.get(name, ()) if f"{k.target_schema}.{k.target}" in others), None)

    def _principals(self, tenants: set[str]) -> Names:
        own = {role.name for role in self._catalog.roles if role.is_current_user}
        with_access = {
            role
            for table in self._catalog.tables
            if table.full_name in tenants
            for role in (*table.read_by, *table.written_by)
        }
        return tuple(sorted(with_access - own - {name for name, _ in self._privileged(())}))

    def _privileged(self, principals: Names) -> Iterator[tuple[str, str]]:
        for role in self._catalog.roles:
            if role.name not in principals and (role.bypass_reasons or role.is_current_user):
                yield role.name, _why(role)

    def _shared(self, tenants: set[str], root: str, principals: Names, schemas: Names) -> Iterator[str]:
        for table in self._unkeyed(tenants, root):
            if _overlap(table.read_by, principals) and not _overlap(table.written_by, principals):
                yield _declared(table.full_name, schemas)

    def _written(self, tenants: set[str], root: str, principals: Names, schemas: Names) -> Iterator[str]:
        for table in self._unkeyed(tenants, root):
            if _overlap(table.written_by, principals):
                yield f"{_declared(table.full_name, schemas)}: has no tenant key, but principals can write to it"

    def _unkeyed(self, tenants: set[str], root: str) -> Iterator[CatalogTable]:
        for table in self._catalog.tables:
            if table.full_name not in tenants and table.full_name != root and not table.partition:
                yield table

    def _open_questions(
        self,
        *,
        settings: Counter[str],
        context: Names,
        compared: dict[str, Names],
        tenants: set[str],
        root: str,
        principals: Names,
        schemas: Names,
    ) -> Iterator[str]:
        if not root:
            yield "root: no foreign key identifies the table of the tenants"
        if not principals:
            yield "principals: no login role subject to row-level security has access to a tenant table"
        for name in settings:
            if name not in context:
                yield f"context: policies also read the setting {name}"
        for name in sorted(tenants - {table.full_name for table in self._with_policy}):
            yield f"{_declared(name, schemas)}: has the tenant key, but no policy"
        for name, columns in compared.items():
            if not columns and not self._parent(name):
                yield f"{_declared(name, schemas)}: its policies compare no column; declare its key under `keys`"
            elif self._names_other_relations(name) and not self._parent(name) and name != root:
                yield f"{_declared(name, schemas)}: a policy reads another table; is that the `members` table?"


def _settings(policy: CatalogPolicy) -> set[str]:
    return {name for text in (*policy.expressions, *policy.function_bodies) for name in _SETTING.findall(text)}


def _is_compared(column: str, text: str) -> bool:
    """Whether the text of an expression compares the column for equality, on either side and with any cast."""
    name = rf'(?<![\w.])(?:\w+\.)?(?:"{re.escape(column.replace(chr(34), chr(34) * 2))}"|{re.escape(column)}\b)'
    cast = r"\)?(?:::[\w ]+(?:\(\d+\))?)?\)*"
    return bool(re.search(rf"{name}{cast}\s*(?:=|IN\b|IS NOT DISTINCT)|=\s*\(*{name}", text))


def _declared(full_name: str, schemas: Sequence[str]) -> str:
    schema, _, name = full_name.partition(".")
    return name if schema == schemas[0] else full_name


def _why(role: CatalogRole) -> str:
    if role.is_current_user:
        return "Basewatch's own role, which read the catalogue for this draft"
    return ", ".join(role.bypass_reasons)


def _overlap(roles: Names, principals: Names) -> bool:
    return not set(roles).isdisjoint(principals)
