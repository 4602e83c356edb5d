"""Foreign keys between tenant tables that do not include the tenant key."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from basewatch.model import Severity
from basewatch.tenancy import DerivedKey
from checks.tenancy.flaws import Flaw, role_paths
from checks.tenancy.side_channels.constraint_columns import ConstraintWriters, column_list, partition_root
from checks.tenancy.side_channels.tenant_constraints import foreign_key_repair
from isolation.access.effective_access import EffectiveAccess
from isolation.access.table_class import TableClass
from isolation.inventory.relations import ForeignKey, Relation

# pg_constraint.confdeltype and confupdtype: referential actions that change the referencing rows.
REFERENTIAL_ACTIONS: Final = {"c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT"}
_OF_TENANTS: Final = frozenset({TableClass.TENANT, TableClass.ROOT, TableClass.MEMBERS})


def referential_actions(key: ForeignKey) -> str:
    """The referential actions of a foreign key as SQL, such as `ON DELETE CASCADE`; empty without any."""
    events = (("DELETE", key.on_delete), ("UPDATE", key.on_update))
    return " and ".join(
        f"ON {event} {REFERENTIAL_ACTIONS[letter]}" for event, letter in events if letter in REFERENTIAL_ACTIONS
    )


def foreign_key_flaws(
    access: EffectiveAccess, writers: ConstraintWriters, relation: Relation, target: Relation, key: ForeignKey
) -> Iterator[Flaw]:
    """The flaw of a foreign key between tenant tables: a row may reference a row of another tenant."""
    if access.table_class(target) not in _OF_TENANTS or _within_tenant(access, relation, target, key):
        return
    columns = {column.name for column in relation.columns if column.number in key.columns}
    who = writers.of(relation, columns)
    if not who:
        return
    mine = column_list(relation, key.columns)
    changes = referential_actions(key)
    what = f"{mine} may reference a row of another tenant in {access.declared_name(target)}: "
    what += f"{role_paths(who)} can find out that it exists"
    what += f", and {changes} affects rows across tenants" if changes else ""
    yield Flaw(
        severity=Severity.HIGH if changes else Severity.MEDIUM,
        what=what,
        repair=foreign_key_repair(access, relation, target, key),
    )


def _within_tenant(access: EffectiveAccess, relation: Relation, target: Relation, key: ForeignKey) -> bool:
    pairs = set(zip(key.columns, key.target_columns, strict=True))
    if access.is_own(target) and not access.is_own(relation):
        return True  # a user is of no tenant, as in the table of the users itself
    mine, theirs = access.tenant_key(relation), access.tenant_key(target)
    if isinstance(mine, DerivedKey):
        # The reference to the parent, from which the tenant of a row is derived.
        parent = access.relation_named(mine.parent)
        own = {(relation.column(one), target.column(other)) for one, other in mine.on.items()}
        numbers = {(a.number, b.number) for a, b in own if a and b}
        return (
            parent is not None
            and parent.oid == partition_root(access, target).oid
            and bool(numbers)
            and numbers <= pairs
        )
    if mine is None or theirs is None or isinstance(theirs, DerivedKey):
        return False
    return {(a.number, b.number) for a, b in zip(mine, theirs, strict=False)} <= pairs
