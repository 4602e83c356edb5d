"""The verdict on a table that is declared as everybody's: shared and only read, or of the platform and written too."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from basewatch.model import Severity, Verdict, passed
from checks.tenancy.flaws import Flaw, flaw_verdict
from checks.tenancy.identity.relation_access import RelationAccess, commands_of, describe_access, revoke_sql
from checks.tenancy.relations.row_security import lets_rows_through
from checks.tenancy.relations.shared_tables import json_columns, shared_approvable, tenant_reference_flaws
from isolation.access.effective_access import EffectiveAccess
from isolation.inventory.relations import Command, Relation

WRITES: Final = frozenset({Command.INSERT, Command.UPDATE, Command.DELETE})
"""The commands that change rows."""


def shared_table_verdict(
    access: EffectiveAccess, relation: Relation, reached: tuple[RelationAccess, ...], now: datetime
) -> Verdict:
    """Every tenant may read such a table: none may write to it unless the manifest says so, and it refers to none."""
    name, tables = access.declared_name(relation), access.tenancy.platform_tables
    lineage = [access.declared_name(one) for one in access.table_classes.lineage(relation)]
    platform = next((one for one in lineage if one in tables), None)
    writers = [each for each in reached if platform is None and _writes(access, relation, each)]
    if writers:
        verbs = ", ".join(sorted(commands_of(writers) & WRITES))
        what = f"every tenant reads what {describe_access(writers)} writes"
        flaw = Flaw(severity=Severity.HIGH, what=what, repair=revoke_sql(access, relation, writers, verbs))
        return flaw_verdict(name, f"{name} is shared, and tenants can write to it", [flaw], expected="read only")
    references = tenant_reference_flaws(access, relation)
    entry = shared_approvable(access, relation, references)
    if references and not entry.approved(access.tenancy, now):
        return flaw_verdict(
            name,
            f"{name} is shared, and refers to tenants",
            with_access(references, reached),
            expected="no rows of tenants",
            approvable=entry,
        )
    unread = ", ".join(json_columns(relation))
    observed = describe_access(reached) + (f"; not looked into: {unread}" if unread else "")
    if platform is not None:
        return passed(
            f"{name} is declared as a table of the platform: {tables[platform]}", subject=name, observed=observed
        )
    return passed(f"{name} is declared as shared", subject=name, observed=observed, expected="read only")


def _writes(access: EffectiveAccess, relation: Relation, role_access: RelationAccess) -> bool:
    """Whether a write can succeed: row security without a permissive policy rejects every write."""
    return any(lets_rows_through(access, relation, role_access, command) for command in role_access.commands & WRITES)


def with_access(flaws: Sequence[Flaw], reached: Sequence[RelationAccess]) -> list[Flaw]:
    """The flaws with the access of principals as the last one."""
    return [*flaws, Flaw(severity=Severity.LOW, what=f"reached by {describe_access(reached)}")]
