"""Grants on tables, views and columns that bypass policies, or that are to PUBLIC."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from basewatch.affected import Affected
from basewatch.model import Severity
from checks.tenancy.flaws import visible_through
from checks.tenancy.identity.relation_access import GrantedAccess
from checks.tenancy.privileges.object_grants import GrantFlaw, grant_flaw, grantee_sql, holder_paths
from isolation.access.effective_access import EffectiveAccess
from isolation.access.table_class import TableClass
from isolation.inventory.relations import Relation, RelationKind
from isolation.inventory.roles import PUBLIC, Grant

# https://www.postgresql.org/docs/15/ddl-rowsecurity.html: "operations that apply to the whole table, such as TRUNCATE
# and REFERENCES, are not subject to row security"
_BYPASSING = {
    "TRUNCATE": (Severity.HIGH, "it removes the rows of all tenants, and no policy applies"),
    "TRIGGER": (Severity.HIGH, "it may run its own code in the statements of other roles"),
    "MAINTAIN": (Severity.MEDIUM, "it may lock and rewrite the table for every tenant"),
    "REFERENCES": (Severity.LOW, "a foreign key reveals which keys exist, and no policy applies"),
}
_TENANTS = {TableClass.TENANT, TableClass.ROOT, TableClass.MEMBERS}
# tenancy.rls.coverage reports that these are reached at all.
_BY_COVERAGE = {TableClass.OTHER, TableClass.MATERIALIZED, TableClass.FOREIGN}


def table_grants(access: EffectiveAccess, granted_access: GrantedAccess) -> Iterator[GrantFlaw]:
    """The flaws of the grants on all relations except sequences."""
    for relation in access.inventory.relations:
        if relation.kind is RelationKind.SEQUENCE or relation.temporary:
            continue
        by_coverage = access.table_class(relation) in _BY_COVERAGE and bool(granted_access.on(relation))
        if not by_coverage:
            yield from _on(access, granted_access, relation)


def _on(access: EffectiveAccess, granted_access: GrantedAccess, relation: Relation) -> Iterator[GrantFlaw]:
    """One finding for each grantee and privilege, on the table or on columns."""
    every: dict[tuple[int, str], list[Grant]] = defaultdict(list)
    for grant in (*relation.grants, *(grant for column in relation.columns for grant in column.grants)):
        if grant.grantee != relation.owner:
            every[grant.grantee, grant.privilege].append(grant)
    for (grantee, privilege), grants in sorted(every.items()):
        how = holder_paths(granted_access, grantee)
        if how:
            yield from _judge(access, relation, grantee, privilege, how, grantable=any(g.grantable for g in grants))


def _judge(
    access: EffectiveAccess, relation: Relation, grantee: int, privilege: str, how: str, *, grantable: bool
) -> Iterator[GrantFlaw]:
    to, table, subject = grantee_sql(access, grantee), access.sql_name(relation), access.declared_name(relation)
    affected: tuple[Affected, ...] = ()
    if grantee == PUBLIC and access.table_class(relation) in _TENANTS:
        if _is_open(access, relation):
            return
        why = "every role of the server has it, including future ones"
        severity, affected = Severity.HIGH, () if relation.rls_enabled else visible_through(access, relation)
    elif privilege in _BYPASSING and not _has_no_effect(relation, privilege):
        severity, why = _BYPASSING[privilege]
    elif grantable:
        repair = f"REVOKE GRANT OPTION FOR {privilege} ON {table} FROM {to};"
        why = "it may grant it to undeclared roles"
        option = f"{privilege} WITH GRANT OPTION"
        yield grant_flaw(subject, option, to, Severity.MEDIUM, why, held_via=how, repair=repair)
        return
    else:
        return
    repair = f"REVOKE {privilege} ON {table} FROM {to};"
    yield grant_flaw(subject, privilege, to, severity, why, held_via=how, repair=repair, affected=affected)


def _is_open(access: EffectiveAccess, relation: Relation) -> bool:
    """Whether a tenant table has no row security, which tenancy.rls.coverage reports."""
    return access.table_class(relation) is TableClass.TENANT and not relation.rls_enabled


def _has_no_effect(relation: Relation, privilege: str) -> bool:
    """Whether the privilege has no effect on a relation other than a table; TRIGGER has one on a view."""
    return not relation.is_table and privilege != "TRIGGER"
