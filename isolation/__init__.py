"""Verifies the tenant isolation of a PostgreSQL database, as a library: docs/proof.md follows one policy through it.

    with connect(secret, run="audit") as database:                    # basewatch.postgres
        inventory = read_inventory(database, component)               # the catalogues, with CONNECT only
    access = effective_access(inventory, component.tenancy)           # which role reaches which table
    for obligation in proof_obligations(access, now):                 # one for each policy gate
        print(obligation.table, obligation.gate, obligation.status, obligation.reason)

`fingerprint` is a hash of the same catalogues: the results are valid until it changes. The records of an inventory
are in `isolation.inventory.roles`, `.relations`, `.code` and `.egress`; `isolation.draft` drafts a manifest.
"""

from isolation.access.effective_access import EffectiveAccess, effective_access
from isolation.inventory import Inventory
from isolation.inventory.fingerprint import fingerprint
from isolation.inventory.snapshot import inventory as read_inventory
from isolation.proof import ProofObligation, ProofStatus, proof_obligations

__all__ = [
    "EffectiveAccess",
    "Inventory",
    "ProofObligation",
    "ProofStatus",
    "effective_access",
    "fingerprint",
    "proof_obligations",
    "read_inventory",
]
