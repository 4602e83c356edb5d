"""Whether rows without a tenant look like everybody's by design, so that a finding offers the entry that says so."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Literal

from isolation.access.effective_access import EffectiveAccess
from isolation.inventory.builtin_oids import BOOLEAN
from isolation.inventory.relations import Relation
from isolation.proof import GATES, ProofStatus, Prover

_SAFE = frozenset({ProofStatus.PROVEN, ProofStatus.DEFAULT_DENY})


def global_rows_offer(access: EffectiveAccess, relation: Relation, now: datetime) -> str:
    """The entry of tenancy.global_rows with its condition, if it makes every gate of a table safe; else empty."""
    if access.has_global_rows(relation) or access.tenant_key(relation) is None:
        return ""
    if _makes_safe(access, relation, "read", now):
        name = json.dumps(access.declared_name(relation), ensure_ascii=False)
        return (
            "Only if rows without a tenant are everybody's by design, such as templates, declare tenancy.global_rows: "
            f"{{{name}: read}}: tenants may read them, and never write them."
        )
    for column in relation.columns:
        if column.type == BOOLEAN and _makes_safe(access, relation, {column.name: "true"}, now):
            name, flag = (
                json.dumps(each, ensure_ascii=False) for each in (access.declared_name(relation), column.name)
            )
            return (
                "Only if rows that their tenant marks so are everybody's to read by design, such as published ones, "
                f"declare tenancy.global_rows: {{{name}: {{{flag}: true}}}}: no other tenant may write them."
            )
    return ""


def _makes_safe(
    access: EffectiveAccess, relation: Relation, entry: Literal["read"] | dict[str, str], now: datetime
) -> bool:
    """Whether every gate of a table is safe with an entry of tenancy.global_rows, and is not without it."""
    declared = {**access.tenancy.global_rows, access.declared_name(relation): entry}
    with_entry = EffectiveAccess(access.inventory, access.tenancy.model_copy(update={"global_rows": declared}))
    before, after = Prover(access, now), Prover(with_entry, now)
    reads_change = False
    for reachable in access.accessible_by(relation):
        for gate in GATES:
            if gate.command in access.commands(reachable.role.oid, relation):
                found = after.prove(reachable, relation, gate)[0].status
                if found not in _SAFE:
                    return False
                reads_change |= before.prove(reachable, relation, gate)[0].status is not found
    return reads_change
