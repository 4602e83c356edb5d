"""The check that no constraint reveals rows of other tenants or links rows of two tenants."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from basewatch.check import check
from basewatch.components import Database
from basewatch.facts import digest
from basewatch.model import Proof, Severity, Verdict
from checks.tenancy.flaws import Approvable, Flaw, findings_or_pass, flaw_verdict, unapproved_flaws
from checks.tenancy.side_channels.constraint_columns import ConstraintWriters, column_list, partition_root
from checks.tenancy.side_channels.foreign_keys import foreign_key_flaws
from checks.tenancy.side_channels.unique_indexes import inherited_indexes, unique_flaws
from isolation.access.effective_access import EffectiveAccess, effective_access
from isolation.inventory import Inventory
from isolation.inventory.relations import ForeignKey
from isolation.inventory.snapshot import inventory


@check(
    "tenancy.rls.inference",
    component=Database,
    observe=inventory,
    severity=Severity.MEDIUM,
    proof=Proof.CONFIGURATION,
    needs=("sql:CONNECT",),
    promises=("tenancy",),
)
def constraints_do_not_cross_tenants(facts: Inventory, database: Database, now: datetime) -> Iterator[Verdict]:
    """Unique keys and foreign keys of tenant tables include the tenant key, or only values that cannot be guessed.

    Why: Policies do not apply to constraint checks: a rejected duplicate reveals a row of another tenant, and a foreign
    key without the tenant key can link rows of two tenants, and with CASCADE delete one with the other.
    Reads: pg_index and pg_constraint of the tenant tables that a tenant-bound role may write, directly, through a
    partitioned table or through a view.
    Unverified when: The catalogue cannot be read.
    Fix: Add the tenant key to the constraint: UNIQUE (tenant, email), FOREIGN KEY (tenant, document_id).
    Source: https://www.postgresql.org/docs/15/ddl-rowsecurity.html
    """
    access = effective_access(facts, database.tenancy)
    writers = ConstraintWriters(access)
    found = {verdict.subject: verdict for verdict in (*_uniques(access, writers, now), *_foreign(access, writers, now))}
    observed = f"{len(access.tenant_tables())} tenant tables"
    yield from findings_or_pass(found.values(), "No constraint reveals rows of other tenants", observed=observed)


def _uniques(access: EffectiveAccess, writers: ConstraintWriters, now: datetime) -> Iterator[Verdict]:
    inherited = inherited_indexes(access)
    for index in access.inventory.indexes:
        relation = access.relation(index.relation)
        if index.oid in inherited or not (index.unique or index.exclusion):
            continue
        if relation and access.tenant_key(relation) is not None:
            flaws = tuple(unique_flaws(access, writers, relation, index))
            if flaws:
                names = column_list(relation, index.columns)
                what = {"table": access.sql_name(relation), "unique": names, "name": index.name}
                yield from _judged(access, f"{index.name} on {access.declared_name(relation)}", what, flaws, now)


def _foreign(access: EffectiveAccess, writers: ConstraintWriters, now: datetime) -> Iterator[Verdict]:
    seen: set[tuple[object, ...]] = set()
    # Tables before their partitions, so that an inherited foreign key is reported once.
    for key in sorted(access.inventory.foreign_keys, key=lambda each: _is_part(access, each)):
        relation, target = access.relation(key.relation), access.relation(key.target)
        if relation is None or target is None or access.tenant_key(relation) is None:
            continue
        identity = (
            partition_root(access, relation).oid,
            column_list(relation, key.columns),
            partition_root(access, target).oid,
            column_list(target, key.target_columns),
        )
        if identity in seen:
            continue
        flaws = tuple(foreign_key_flaws(access, writers, relation, target, key))
        if flaws:
            seen.add(identity)
            what = {
                "table": access.sql_name(relation),
                "columns": identity[1],
                "target": access.sql_name(target),
                "references": identity[3],
                "actions": key.on_delete + key.on_update,
            }
            yield from _judged(access, f"{key.name} on {access.declared_name(relation)}", what, flaws, now)


def _is_part(access: EffectiveAccess, key: ForeignKey) -> tuple[bool, bool, str]:
    ends = (access.relation(key.relation), access.relation(key.target))
    relation, target = (bool(end and end.partition) for end in ends)
    return relation, target, key.name


def _judged(
    access: EffectiveAccess, subject: str, what: dict[str, str], flaws: tuple[Flaw, ...], now: datetime
) -> Iterator[Verdict]:
    entry = Approvable(kind="constraint", name=subject, digest=f"sha256:{digest(what)}")
    unapproved = unapproved_flaws(flaws, entry, access, now)
    if unapproved:
        summary = f"The constraint {subject} crosses tenants"
        yield flaw_verdict(subject, summary, unapproved, expected="the tenant key in the constraint", approvable=entry)
