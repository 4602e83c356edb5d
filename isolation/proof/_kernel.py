"""Whether what policies say together holds every row to the current tenant: proven, open, or neither."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from isolation.inventory.builtin_oids import CONTEXT_CHANGING, FIRST_USER_OID
from isolation.inventory.relations import Policy
from isolation.inventory.relations import StoredExpression as Stored
from isolation.proof._branches import Branch, EqualityTheory, Tableau, TooManyBranches
from isolation.proof._comparison_rules import SignedFormula
from isolation.proof._expressions import TRUE
from isolation.proof._function_resolver import FunctionResolver
from isolation.proof._goals import Goal
from isolation.proof._leak_search import LeakSearch
from isolation.proof._nodes import UnreadableTree
from isolation.proof._proof_context import ProofContext
from isolation.proof._rendering import render
from isolation.proof._translation import functions_in, read


class ProofStatus(StrEnum):
    """What is known of a gate.

    PROVEN: no row but the current tenant's passes. DENIED: none does, as no permissive policy applies. OPEN: other
    rows plainly do. UNPROVEN: nobody can tell. EXEMPT and DISABLED: row security is not asked.
    """

    PROVEN = "proven"
    DEFAULT_DENY = "denied"
    REFUTED = "open"
    UNPROVEN = "unproven"
    EXEMPT = "exempt"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofResult:
    """An answer with its certificate, or with the reason and the policy it is about."""

    status: ProofStatus
    justifications: tuple[str, ...] = ()
    reason: str = ""
    policy: str = ""


PolicyClause = tuple[Policy, Stored]
"""A policy, with the expression of it that a gate asks."""


@dataclass(frozen=True, slots=True)
class Kernel:
    """Proves what policies let through in one scene."""

    proof_context: ProofContext
    resolver: FunctionResolver

    def judge(self, permissive: Sequence[PolicyClause], restrictive: Sequence[PolicyClause]) -> ProofResult:
        """What any of the permissive policies and all of the restrictive ones let through together."""
        if not permissive:
            return ProofResult(status=ProofStatus.DEFAULT_DENY)
        found = [self._safely(one, restrictive) for one in permissive]
        for answer in (ProofStatus.REFUTED, ProofStatus.UNPROVEN):
            worst = next((one for one in found if one.status is answer), None)
            if worst:
                return worst
        lines = dict.fromkeys(line for one in found for line in one.justifications)
        return ProofResult(status=ProofStatus.PROVEN, justifications=tuple(lines))

    def _safely(self, clauses: PolicyClause, restrictive: Sequence[PolicyClause]) -> ProofResult:
        name = clauses[0].name
        try:
            return self._judge(clauses, restrictive)
        except UnreadableTree as problem:
            return ProofResult(
                status=ProofStatus.UNPROVEN, reason=f"its stored tree was not understood: {problem}", policy=name
            )
        except TooManyBranches:
            return ProofResult(status=ProofStatus.UNPROVEN, reason="it has too many cases", policy=name)
        except RecursionError:
            return ProofResult(status=ProofStatus.UNPROVEN, reason="it is nested too deeply", policy=name)

    def _judge(self, clauses: PolicyClause, restrictive: Sequence[PolicyClause]) -> ProofResult:
        policy, stored = clauses
        unsafe = [why for one in (clauses, *restrictive) for why in self._unsafe(one[1])]
        conditions: tuple[SignedFormula, ...] = tuple(
            (read(one.tree), TRUE) for one in (stored, *(r for _, r in restrictive))
        )
        reading = EqualityTheory(
            self.proof_context.normalizer, self.proof_context.not_null(), self.proof_context.deterministic
        )
        tableau = Tableau(reading, Goal(self.proof_context, reading).justification)
        witness, left = LeakSearch(self.proof_context, tuple(condition for condition, _ in conditions)), None
        for branch in tableau.open_branches(conditions):
            left = left or branch
            leak = witness.find(branch)
            if leak:
                return ProofResult(
                    status=ProofStatus.REFUTED, reason=f"{leak.what}, by: {leak.because}", policy=policy.name
                )
        frozen = [
            self.resolver.immutable_functions[oid]
            for oid in self._called(clauses, restrictive)
            if oid in self.resolver.immutable_functions
        ]
        if left is not None and frozen:
            reason = f"{frozen[0].name} reads the context and is IMMUTABLE: a prepared plan keeps its first tenant"
            return ProofResult(status=ProofStatus.REFUTED, reason=reason, policy=policy.name)
        if left is not None:
            return ProofResult(status=ProofStatus.UNPROVEN, reason=self._why(left), policy=policy.name)
        if unsafe:
            return ProofResult(status=ProofStatus.UNPROVEN, reason=unsafe[0], policy=policy.name)
        nothing = ("it is never true",)
        return ProofResult(
            status=ProofStatus.PROVEN, justifications=tuple(tableau.justifications) or nothing, policy=policy.name
        )

    def _called(self, clauses: PolicyClause, restrictive: Sequence[PolicyClause]) -> list[int]:
        return sorted({oid for _, stored in (clauses, *restrictive) for oid in functions_in(stored.tree)})

    def _unsafe(self, stored: Stored) -> list[str]:
        """Why the context may not stay as it is while a condition is worked out."""
        found = list[str]()
        for oid in sorted(functions_in(stored.tree)):
            if oid in CONTEXT_CHANGING:
                found.append(f"it calls function {oid} of PostgreSQL, which can change the context")
            function = self.proof_context.access.function(oid) if oid >= FIRST_USER_OID else None
            if function is None and oid >= FIRST_USER_OID:
                found.append(f"it calls a function that was not read (OID {oid})")
            if function is not None and not self.resolver.preserves_context(function):
                found.append(f"it calls {function.name}, which may change the context")
        return found

    def _why(self, branch: Branch) -> str:
        said = [render(expression, mask, self.proof_context) for expression, mask in branch.literals]
        return f"it is not shown to hold when {' AND '.join(said) or 'nothing more is asked'}"
