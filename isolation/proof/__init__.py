"""Proves for each policy gate that only rows of the tenant in the session context pass it: see docs/proof.md."""

from isolation.proof._called_functions import called_functions
from isolation.proof._conversions import converted_columns
from isolation.proof._gates import GATES, Gate, ProofObligation, is_proven
from isolation.proof._kernel import ProofResult, ProofStatus, clause_expression, clauses_digest
from isolation.proof._prover import Prover, proof_obligations
from isolation.proof._remedies import expected_expression, member_expression, parent_key_repair, repair, rewrite

__all__ = [
    "GATES",
    "Gate",
    "ProofObligation",
    "ProofResult",
    "ProofStatus",
    "Prover",
    "called_functions",
    "clause_expression",
    "clauses_digest",
    "converted_columns",
    "expected_expression",
    "is_proven",
    "member_expression",
    "parent_key_repair",
    "proof_obligations",
    "repair",
    "rewrite",
]
