"""Derives the most likely manifest from the rows of the catalogue; a person reviews all of it. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from basewatch.errors import BasewatchError
from isolation.draft._catalog import Catalog, CatalogForeignKey, CatalogPolicy, CatalogTable, declared_name
from isolation.draft._global_rows import global_rows
from isolation.draft._manifest import DerivedKey, Proposal
from isolation.draft._members import Membership, context_columns, membership, own_tables
from isolation.draft._roles import acting_roles, outside_roles, overlap, unforced_owners
from isolation.draft._texts import PolicyTexts, is_compared, most_common_claim

_TYPES = {"integer": "integer", "bigint": "bigint", "smallint": "integer", "uuid": "uuid"}
_TABLES = ("r", "p")
Names = tuple[str, ...]


def propose(catalog: Catalog) -> Proposal:
    """The manifest that matches the policies of a database. Raises: BasewatchError, if no policy is usable."""
    return _Draft(catalog).proposal()


class _Draft:
    """The draft for one database."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._texts = PolicyTexts(catalog)
        self._tables = {table.full_name: table for table in catalog.tables}
        self._policies: dict[str, list[CatalogPolicy]] = {}
        for policy in catalog.policies:
            self._policies.setdefault(f"{policy.schema}.{policy.table}", []).append(policy)
        self._keys: dict[str, list[CatalogForeignKey]] = {}
        for key in catalog.foreign_keys:
            self._keys.setdefault(f"{key.schema}.{key.table}", []).append(key)
        self._with_policy = [
            table for table in catalog.tables if table.full_name in self._policies and not table.inherits
        ]

    def proposal(self) -> Proposal:
        settings = Counter(name for policy in self._catalog.policies for name in self._texts.settings(policy))
        compared = {table.full_name: self._compared(table) for table in self._with_policy}
        direct = (
            Counter(filter(None, (context_columns(self._catalog, self._texts, table) for table in self._with_policy)))
            or Counter(each for name, each in compared.items() if each and not self._names_other_relations(name))
            or Counter(each for each in compared.values() if each)
        )
        members = membership(self._catalog, self._texts)
        if not settings or not (direct or members):
            raise BasewatchError(
                "no policy of this database compares a column with a session setting, so the isolation of its tenants "
                "is unknown; write the manifest by hand: see docs/tenancy.md"
            )
        root, root_key, key = (
            (members.root, members.root_key, self._key_to(members.root, members.key)) if members else self._root(direct)
        )
        claims = {name: most_common_claim(self._texts, self._catalog.policies, name) for name in settings}
        # Where a policy reads a token and its parts as settings of their own, the token is the context.
        ordered = sorted(settings, key=lambda name: (not claims[name], -settings[name], name))
        context = tuple(ordered[: 1 if members or claims[ordered[0]] else len(key)])
        aliases = () if context[1:] else self._texts.aliases_of(context[0])
        tenants = self._tenant_tables(compared, key, root, members)
        own = own_tables(self._catalog, self._texts, tenants, key) if members else {}
        schemas = tuple(dict(Counter(table.schema for table in (*self._with_policy, *tenants)).most_common()))
        names = {table.full_name for table in tenants}
        reached = names | {root} | ({members.table} if members else set[str]())
        principals = acting_roles(self._catalog, reached, key)
        return Proposal(
            context=context,
            claim=claims[context[0]],
            context_aliases=aliases,
            context_type=self._type_of(root, root_key, key),
            schemas=schemas,
            root=declared_name(root, schemas),
            root_key=root_key,
            key=key,
            keys=tuple(self._overrides(compared, key, reached - names | set(own), schemas)),
            members=members
            and replace(
                members,
                table=declared_name(members.table, schemas),
                own=tuple((declared_name(name, schemas), column) for name, column in own.items()),
            ),
            principals=principals,
            privileged=tuple(outside_roles(self._catalog, principals)),
            table_count=max(1, len(tenants)),
            shared=tuple(self._shared(reached, principals, schemas)),
            global_rows=tuple(
                (declared_name(table.full_name, schemas), values)
                for table in tenants
                for values in [global_rows(table, self._policies.get(table.full_name, []), key)]
                if values is not None
            ),
            no_tenant=self._texts.stand_ins(),
            unforced_owners=tuple(unforced_owners(tenants, principals)),
            open_questions=tuple(
                self._open_questions(
                    unused=[name for name in settings if name not in (*context, *aliases)],
                    compared=compared,
                    tenants=names,
                    reached=reached,
                    principals=principals,
                    schemas=schemas,
                )
            ),
        )

    def _has_key_of_its_own(self, name: str, columns: Names, key: Names) -> bool:
        """Whether the compared columns are a tenant key, and not a link to the rows of another table."""
        known = context_columns(self._catalog, self._texts, self._tables[name])
        return len(columns) == len(key) and (bool(known) or not self._names_other_relations(name))

    def _tenant_tables(
        self, compared: dict[str, Names], key: Names, root: str, members: Membership | None
    ) -> list[CatalogTable]:
        """The tables that the checks count too: with the tenant key, or with the key of a parent."""
        others = {root, members.table if members else ""}
        return [
            table
            for table in self._catalog.tables
            if table.kind in _TABLES
            and not table.inherits
            and table.full_name not in others
            and (
                set(key) <= set(table.columns)
                or (
                    table.full_name in compared
                    and (
                        self._parent(table.full_name)
                        or self._has_key_of_its_own(table.full_name, compared[table.full_name], key)
                    )
                )
            )
        ]

    def _compared(self, table: CatalogTable) -> Names:
        """The columns of a table that its policies compare with the context, else with any value, in its order."""
        own = context_columns(self._catalog, self._texts, table)
        if own:
            return own
        said = [(policy.columns, " ".join(policy.expressions)) for policy in self._policies[table.full_name]]
        found = {column for columns, text in said for column in columns if is_compared(column, text)}
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

    def _key_to(self, root: str, default: Names) -> Names:
        """The columns by which most tables with policies refer to the root."""
        named = Counter(
            key.columns
            for name, keys in self._keys.items()
            if name in self._policies
            for key in keys
            if f"{key.target_schema}.{key.target}" == root != name
        )
        return named.most_common(1)[0][0] if named else default

    def _type_of(self, root: str, root_key: Names, key: Names) -> str:
        """The type of an id of a tenant, by the table of the tenants, else by a table with the key."""
        for table in self._with_policy if not root else (self._tables[root], *self._with_policy):
            types = dict(zip(table.columns, table.types, strict=True))
            found = types.get(root_key[0]) if table.full_name == root else types.get(key[0])
            if found:
                return _TYPES.get(found, "text")
        return "text"

    def _overrides(
        self, compared: dict[str, Names], key: Names, others: set[str], schemas: Names
    ) -> Iterator[tuple[str, Names | DerivedKey]]:
        for name, columns in compared.items():
            if name in others or set(key) <= set(self._tables[name].columns):
                continue
            parent = self._parent(name)
            if parent:
                on = tuple(zip(parent.columns, parent.target_columns, strict=True))
                above = f"{parent.target_schema}.{parent.target}"
                yield declared_name(name, schemas), DerivedKey(parent=declared_name(above, schemas), on=on)
            elif self._has_key_of_its_own(name, columns, key):
                yield declared_name(name, schemas), columns

    def _parent(self, name: str) -> CatalogForeignKey | None:
        """The first foreign key to a table that the policies of this table read."""
        others = {other for policy in self._policies[name] for other in policy.other_relations}
        return next((k for k in self._keys.get(name, ()) if f"{k.target_schema}.{k.target}" in others), None)

    def _shared(self, reached: set[str], principals: Names, schemas: Names) -> Iterator[str]:
        for table in self._unkeyed(reached):
            by_tenant = any(
                one.other_relations or self._texts.settings(one) for one in self._policies.get(table.full_name, ())
            )
            if overlap(table.read_by, principals) and not overlap(table.written_by, principals) and not by_tenant:
                yield declared_name(table.full_name, schemas)

    def _unkeyed(self, reached: set[str]) -> Iterator[CatalogTable]:
        """The tables without a tenant. Views are judged by what they read."""
        for table in self._catalog.tables:
            if table.full_name not in reached and not table.inherits and table.kind in (*_TABLES, "f"):
                yield table

    def _open_questions(
        self,
        *,
        unused: list[str],
        compared: dict[str, Names],
        tenants: set[str],
        reached: set[str],
        principals: Names,
        schemas: Names,
    ) -> Iterator[str]:
        yield from ["root: no foreign key identifies the table of the tenants"] if "" in reached else []
        if not principals:
            yield "principals: no role subject to row-level security has access to a tenant table"
        for name in unused:
            yield f"context: policies also read the setting {name}"
        for name in sorted(tenants - {table.full_name for table in self._with_policy}):
            yield f"{declared_name(name, schemas)}: has the tenant key, but no policy"
        for table in self._unkeyed(reached):
            if overlap(table.written_by, principals):
                name = declared_name(table.full_name, schemas)
                yield (
                    f"{name}: has no tenant key, but principals can write to it; only if it holds no data of a tenant, "
                    f"declare platform_tables: {{{name}: <the reason>}}"
                )
        for name, columns in compared.items():
            if name in tenants and self._names_other_relations(name) and not self._parent(name) and not columns:
                yield f"{declared_name(name, schemas)}: a policy reads another table; is that the `members` table?"
