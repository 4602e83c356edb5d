"""The flaws of publications: logical replication sends rows past all policies, and old rows by replica identity."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from basewatch.model import Severity
from checks.tenancy.flaws import Flaw
from isolation.access.effective_access import EffectiveAccess
from isolation.access.table_class import TableClass
from isolation.inventory.egress import Publication
from isolation.inventory.naming import quoted
from isolation.inventory.relations import Relation

_OF_TENANTS: Final = frozenset({TableClass.TENANT, TableClass.ROOT, TableClass.MEMBERS})
# pg_class.relreplident: https://www.postgresql.org/docs/18/sql-altertable.html
_FULL, _BY_INDEX, _NOTHING = "f", "i", "n"


def publication_flaws(access: EffectiveAccess, publication: Publication) -> Iterator[Flaw]:
    """The flaws of a publication of tenant tables: replication bypasses all policies."""
    tenants = [relation for relation in access.inventory.relations if access.table_class(relation) in _OF_TENANTS]
    named = [relation for relation in tenants if relation.oid in publication.relations]
    unfiltered = [relation for relation in named if relation.oid not in publication.filtered]
    within = [relation for relation in tenants if relation.schema in publication.schemas]
    drop = f"DROP PUBLICATION {quoted(publication.name)}; or publish only tables without rows of tenants."
    if publication.all_tables and tenants:
        yield Flaw(severity=Severity.MEDIUM, what="it publishes all tables, including future ones", repair=drop)
    elif within:
        what = f"it publishes all tables of {', '.join(publication.schemas)}, including future ones"
        yield Flaw(severity=Severity.MEDIUM, what=what, repair=drop)
    elif unfiltered:
        names = _names(access, unfiltered)
        yield Flaw(severity=Severity.MEDIUM, what=f"it publishes the rows of all tenants in {names}", repair=drop)
    elif named:
        yield Flaw(severity=Severity.LOW, what=f"it publishes some rows of {_names(access, named)}", repair=drop)
    yield from _old_rows(access, tenants if publication.all_tables else [*named, *within])


def _old_rows(access: EffectiveAccess, published: list[Relation]) -> Iterator[Flaw]:
    """What an UPDATE or DELETE sends of the old row: all of it, or not the tenant that it belonged to."""
    stored = {relation.oid: relation for relation in published if relation.is_table}.values()
    full = [relation for relation in stored if relation.replica_identity == _FULL]
    if full:
        yield Flaw(
            severity=Severity.MEDIUM,
            what=f"every UPDATE and DELETE sends all columns of the old row of {_names(access, full)}, because its "
            "replica identity is FULL",
            repair=" ".join(f"ALTER TABLE {access.sql_name(each)} REPLICA IDENTITY DEFAULT;" for each in full),
        )
    keyless = [relation for relation in stored if _lacks_tenant(access, relation)]
    if keyless:
        yield Flaw(
            severity=Severity.LOW,
            what=f"a DELETE in {_names(access, keyless)} is sent without the tenant key, so that no subscriber can "
            "tell whose row it was",
            repair="Use a unique index that includes the tenant key: ALTER TABLE ... REPLICA IDENTITY USING INDEX ...;",
        )


def _lacks_tenant(access: EffectiveAccess, relation: Relation) -> bool:
    key = access.tenant_key(relation)
    if relation.replica_identity in {_FULL, _NOTHING} or not isinstance(key, tuple):
        return False
    by_index = relation.replica_identity == _BY_INDEX
    sent = {
        number
        for index in access.indexes_of(relation)
        if (index.replica_identity if by_index else index.primary)
        for number in index.columns
    }
    return bool(sent) and not {column.number for column in key} <= sent


def _names(access: EffectiveAccess, relations: list[Relation]) -> str:
    return ", ".join(sorted(access.declared_name(relation) for relation in relations))
