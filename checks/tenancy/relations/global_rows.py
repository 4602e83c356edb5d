"""Whether rows without a tenant look like everybody's by design, so that a finding offers the entry that says so."""

from __future__ import annotations

import json
from datetime import datetime

from isolation.access.effective_access import EffectiveAccess
from isolation.inventory.relations import Relation
from isolation.proof import GATES, ProofStatus, Prover

_SAFE = frozenset({ProofStatus.PROVEN, ProofStatus.DEFAULT_DENY})


def global_rows_offer(access: EffectiveAccess, relation: Relation, now: datetime) -> str:
    """The entry of tenancy.global_rows with its condition, if it makes every gate of a table safe; else empty."""
    if access.has_global_rows(relation) or access.tenant_key(relation) is None:
        return ""
    name = access.declared_name(relation)
    declared = {**access.tenancy.global_rows, name: "read"}
    with_entry = EffectiveAccess(access.inventory, access.tenancy.model_copy(update={"global_rows": declared}))
    before, after = Prover(access, now), Prover(with_entry, now)
    reads_change = False
    for reachable in access.accessible_by(relation):
        for gate in GATES:
            if gate.command in access.commands(reachable.role.oid, relation):
                found = after.prove(reachable, relation, gate)[0].status
                if found not in _SAFE:
                    return ""
                reads_change |= before.prove(reachable, relation, gate)[0].status is not found
    if not reads_change:
        return ""
    return (
        "Only if rows without a tenant are everybody's by design, such as templates, declare tenancy.global_rows: "
        f"{{{json.dumps(name, ensure_ascii=False)}: read}}: tenants may read them, and never write them."
    )
