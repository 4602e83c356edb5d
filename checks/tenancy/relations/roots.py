"""What is wrong when tenant-bound roles reach the tenants' register, or the table of members, without row security."""

from __future__ import annotations

from collections.abc import Iterator

from basewatch.model import Severity
from checks.tenancy.flaws import Flaw
from checks.tenancy.identity.relation_access import RelationAccess, commands_of, revoke_sql
from checks.tenancy.showing import visible_through
from isolation.access.effective_access import EffectiveAccess
from isolation.access.table_class import TableClass
from isolation.inventory.relations import Command, Relation
from isolation.inventory.roles import PUBLIC

_ONLY_READ = frozenset({Command.SELECT})


def only_public_reaches(reached: tuple[RelationAccess, ...]) -> bool:
    """Whether nobody holds more than PUBLIC does: that is told of the grant."""
    return all(reach.grantees <= {PUBLIC} for reach in reached)


def root_flaws(access: EffectiveAccess, relation: Relation, reached: tuple[RelationAccess, ...]) -> Iterator[Flaw]:
    """Its one flaw, by what may be done: who the tenants are is read, or who they are is written."""
    commands = commands_of(reached)
    if commands <= _ONLY_READ and access.declared_name(relation) in access.tenancy.shared:
        return
    root = access.table_class(relation) is TableClass.ROOT
    if not commands <= _ONLY_READ:
        severity = Severity.CRITICAL
        what = "the register of tenants can be written" if root else "anybody can be made a member of any tenant"
    elif root and not all(reach.columns_only for reach in reached):
        severity, what = Severity.HIGH, "every tenant reads who the others are"
    else:
        severity = Severity.MEDIUM
        what = "every tenant reads columns of all others" if root else "every tenant reads who belongs to the others"
    table = access.sql_name(relation)
    repair = f"{revoke_sql(access, relation, reached)} Or ENABLE and FORCE ROW LEVEL SECURITY on {table} with a policy."
    about = visible_through(access, relation)
    yield Flaw(severity=severity, what=f"no row security: {what}", repair=repair, about=about)
