"""Decides whether policies together restrict every row to the current tenant: proven, refuted, or neither."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from basewatch.digests import UNREAD
from isolation.access.effective_access import EffectiveAccess
from isolation.inventory.builtin_oids import FIRST_USER_OID, builtin_mismatches
from isolation.inventory.relations import Policy
from isolation.inventory.relations import StoredExpression as Stored
from isolation.proof._branches import Branch, EqualityTheory, Tableau, TooManyBranches
from isolation.proof._called_functions import functions_in
from isolation.proof._claims import ClaimReader
from isolation.proof._comparison_rules import Conjunction
from isolation.proof._context_changes import ContextChanges
from isolation.proof._expressions import TRUE
from isolation.proof._function_resolver import FunctionResolver
from isolation.proof._goals import Goal
from isolation.proof._leak_search import LeakSearch
from isolation.proof._nodes import UnreadableTree
from isolation.proof._proof_context import ProofContext
from isolation.proof._rendering import render
from isolation.proof._row_instances import RowInstances
from isolation.proof._translation import read

_OLDEST, _NEWEST = 14, 18


class ProofStatus(StrEnum):
    """The result for one gate.

    PROVEN: only rows of the current tenant pass. DEFAULT_DENY: no row passes, because no permissive policy applies.
    REFUTED: a row of another tenant passes. UNPROVEN: neither is shown. EXEMPT and DISABLED: row security does not
    apply to the role, or is not enabled on the table.
    """

    PROVEN = "proven"
    DEFAULT_DENY = "denied"
    REFUTED = "open"
    UNPROVEN = "unproven"
    EXEMPT = "exempt"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofResult:
    """A status with its justifications, or with the reason and the name of the policy that it concerns."""

    status: ProofStatus
    justifications: tuple[str, ...] = ()
    reason: str = ""
    policy: str = ""


PolicyClause = tuple[Policy, Stored]
"""A policy, and its expression that a gate evaluates."""


@dataclass(frozen=True, slots=True)
class Kernel:
    """Proves what policies let through in one proof context."""

    proof_context: ProofContext
    resolver: FunctionResolver

    def judge(self, permissive: Sequence[PolicyClause], restrictive: Sequence[PolicyClause]) -> ProofResult:
        """The result for rows that pass at least one of the permissive policies and all restrictive ones."""
        if not permissive:
            return ProofResult(status=ProofStatus.DEFAULT_DENY)
        results = [self._safely(one, restrictive) for one in permissive]
        for status in (ProofStatus.REFUTED, ProofStatus.UNPROVEN):
            worst = next((one for one in results if one.status is status), None)
            if worst:
                return worst
        lines = dict.fromkeys(line for one in results for line in one.justifications)
        return ProofResult(status=ProofStatus.PROVEN, justifications=tuple(lines))

    def _safely(self, clause: PolicyClause, restrictive: Sequence[PolicyClause]) -> ProofResult:
        name = clause[0].name
        try:
            return self._judge(clause, restrictive)
        except UnreadableTree as problem:
            return ProofResult(
                status=ProofStatus.UNPROVEN, reason=f"its stored tree could not be read: {problem}", policy=name
            )
        except TooManyBranches:
            return ProofResult(status=ProofStatus.UNPROVEN, reason="it has too many cases", policy=name)
        except RecursionError:
            return ProofResult(status=ProofStatus.UNPROVEN, reason="it is nested too deeply", policy=name)

    def _judge(self, clause: PolicyClause, restrictive: Sequence[PolicyClause]) -> ProofResult:
        policy = clause[0]
        stored = [one for _, one in (clause, *restrictive)]
        changes = ContextChanges(self.proof_context.access, self.resolver)
        unsafe = [(each, why) for each, one in (clause, *restrictive) for why in changes.reasons(one.tree)]
        claims = ClaimReader(self.proof_context.tenancy, self.resolver.resolve)
        conditions: Conjunction = tuple((claims.in_policy(read(one.tree)), TRUE) for one in stored)
        theory = EqualityTheory(
            self.proof_context.normalizer, self.proof_context.not_null(), self.proof_context.deterministic
        )
        tableau = Tableau(theory, Goal(self.proof_context, theory).justification, RowInstances(self.resolver.rows_of))
        search, unjustified = LeakSearch(self.proof_context, tuple(condition for condition, _ in conditions)), None
        for branch in tableau.open_branches(conditions):
            unjustified = unjustified or branch
            leak = search.find(branch)
            if leak:
                return ProofResult(
                    status=ProofStatus.REFUTED, reason=f"{leak.rows}, by: {leak.condition}", policy=policy.name
                )
        called = sorted({oid for one in stored for oid in functions_in(one.tree)})
        immutable = [
            self.resolver.immutable_functions[oid] for oid in called if oid in self.resolver.immutable_functions
        ]
        if unjustified is not None and immutable:
            reason = f"{immutable[0].name} reads the context and is IMMUTABLE: a prepared plan keeps its first tenant"
            return ProofResult(status=ProofStatus.REFUTED, reason=reason, policy=policy.name)
        if unjustified is not None:
            return ProofResult(status=ProofStatus.UNPROVEN, reason=self._why(unjustified), policy=policy.name)
        if unsafe:
            changing, reason = unsafe[0]
            return ProofResult(status=ProofStatus.UNPROVEN, reason=reason, policy=changing.name)
        justifications = tuple(tableau.justifications) or ("it is never true",)
        return ProofResult(status=ProofStatus.PROVEN, justifications=justifications, policy=policy.name)

    def _why(self, branch: Branch) -> str:
        literals = [render(expression, values, self.proof_context) for expression, values in branch.literals]
        return f"it is not shown to restrict rows to the tenant when {' AND '.join(literals) or 'true'}"


def unsupported_reason(access: EffectiveAccess) -> str:
    """The reason why nothing can be proven about a server: its version, or changed built-ins. Empty without one."""
    major = access.inventory.server.version_num // 10000
    if not _OLDEST <= major <= _NEWEST:
        return f"the stored expressions of PostgreSQL {major} have an unknown format; {_OLDEST} to {_NEWEST} are known"
    wrong = builtin_mismatches(access.inventory.builtins)
    return f"built-in objects differ from those of PostgreSQL: {', '.join(wrong[:3])}" if wrong else ""


def depends_on_role(tree: str) -> bool:
    """Whether the result of an expression may depend on the role: by a sub-select, a function or CURRENT_USER."""
    try:
        calls_user_function = any(oid >= FIRST_USER_OID for oid in functions_in(tree))
    except UnreadableTree:
        return True
    return calls_user_function or "{SUBLINK" in tree or "{SQLVALUEFUNCTION" in tree


def clause_expression(policy: Policy, *, new_row: bool) -> Stored | None:
    """The expression that a gate evaluates: WITH CHECK for a new row, else USING; None if the policy has neither."""
    if new_row and policy.check is not None:
        return policy.check
    return policy.using


def clauses_digest(clauses: Iterable[PolicyClause]) -> str:
    """The digest of the expressions that a gate evaluates, in any order; a waiver names it.

    If one of them could not be read, it says so.
    """
    found = tuple(clauses)
    for _, stored in found:
        if stored.digest.startswith(UNREAD):
            return stored.digest
    each = sorted(f"{'permissive' if policy.permissive else 'restrictive'} {stored.digest}" for policy, stored in found)
    return f"sha256:{hashlib.sha256(chr(10).join(each).encode()).hexdigest()}"
