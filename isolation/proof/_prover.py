"""Proves the gates of one effective access: which policies apply to a role, and what they let through."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from datetime import datetime

from basewatch.digests import UNREAD
from basewatch.tenancy import DerivedKey
from isolation.access.effective_access import EffectiveAccess
from isolation.access.role_graph import ReachableRole
from isolation.access.table_class import TableClass
from isolation.inventory.relations import Command, Relation
from isolation.proof._claims import context_names
from isolation.proof._function_resolver import FunctionResolver
from isolation.proof._gates import GATES, Gate, ProofObligation
from isolation.proof._kernel import (
    Kernel,
    PolicyClause,
    ProofResult,
    ProofStatus,
    clause_expression,
    clauses_digest,
    depends_on_role,
    unsupported_reason,
)
from isolation.proof._proof_context import ProofContext
from isolation.proof._terms import TermNormalizer

# Several checks of a pass use the same obligations. Keyed by identity: a comparison would cost more than the proof.
_RECENT: deque[tuple[EffectiveAccess, datetime, tuple[ProofObligation, ...]]] = deque(maxlen=4)


def proof_obligations(access: EffectiveAccess, now: datetime) -> tuple[ProofObligation, ...]:
    """Every gate of every tenant table that a principal can use through a reachable role, with its proof result."""
    for known_access, at, known in tuple(_RECENT):
        if known_access is access and at == now:
            return known
    obligations = tuple(Prover(access, now).obligations())
    _RECENT.append((access, now, obligations))
    return obligations


class Prover:
    """Proves the gates of one effective access at one time; each result is computed once."""

    def __init__(self, access: EffectiveAccess, now: datetime) -> None:
        self.access = access
        self.now = now
        self.resolver = FunctionResolver(access.inventory, access.tenancy, now)
        self.unsupported_reason = unsupported_reason(access)
        self._results: dict[tuple[int, int, Gate, bool], tuple[ProofResult, tuple[PolicyClause, ...]]] = {}
        self._in_progress = set[tuple[int, int, Gate, bool]]()
        self._kernel_results: dict[tuple[object, ...], ProofResult] = {}
        self._children: dict[int, tuple[Relation, ...]] = {}
        for relation in access.inventory.relations:
            for parent in relation.parents:
                self._children[parent] = (*self._children.get(parent, ()), relation)

    def obligations(self) -> Iterator[ProofObligation]:
        """The obligations, ordered by table, principal, role and gate."""
        for relation in self.access.tenant_tables():
            for reachable in self.access.accessible_by(relation):
                commands = self.access.commands(reachable.role.oid, relation) if reachable.can_set_role else ()
                for gate in GATES:
                    if gate.command in commands:
                        yield self._obligation(reachable, relation, gate)

    def _obligation(self, reachable: ReachableRole, relation: Relation, gate: Gate) -> ProofObligation:
        result, clauses = self.prove(reachable, relation, gate)
        digest = clauses_digest(clauses)
        return ProofObligation(
            principal=reachable.principal,
            role_path=reachable.role_path,
            role=reachable.role.name,
            relation=relation.oid,
            table=self.access.declared_name(relation),
            gate=gate,
            status=result.status,
            justifications=result.justifications,
            reason=result.reason,
            policy=result.policy,
            policies=tuple(policy.name for policy, _ in clauses),
            digest=digest,
            waived=self._is_waived(digest, result),
        )

    def _is_waived(self, digest: str, result: ProofResult) -> bool:
        # Of what is proven, nobody needs an approval, so that one of a locked table need not be compared.
        if result.status in {ProofStatus.PROVEN, ProofStatus.DEFAULT_DENY} and digest.startswith(UNREAD):
            return False
        return any(waiver.is_valid_for(digest, self.now) for waiver in self.access.tenancy.approved_predicates)

    def prove(
        self, reachable: ReachableRole, relation: Relation, gate: Gate, *, global_rows: bool = True
    ) -> tuple[ProofResult, tuple[PolicyClause, ...]]:
        """The result for one gate, and the policy clauses that it evaluates.

        With `global_rows`, a read may pass rows that the manifest declares as everybody's.
        """
        global_rows = global_rows and gate == GATES[0] and self.access.has_global_rows(relation)
        key = (relation.oid, reachable.role.oid, gate, global_rows)
        if key not in self._results:
            self._in_progress.add(key)
            self._results[key] = self._prove(reachable, relation, gate, global_rows=global_rows)
            self._in_progress.discard(key)
        return self._results[key]

    def _prove(
        self, reachable: ReachableRole, relation: Relation, gate: Gate, *, global_rows: bool
    ) -> tuple[ProofResult, tuple[PolicyClause, ...]]:
        role = reachable.role.oid
        exemption = self.access.rls_exemption(role, relation)
        if exemption:
            return ProofResult(status=ProofStatus.EXEMPT, reason=exemption), ()
        if not relation.rls_enabled:
            return ProofResult(status=ProofStatus.DISABLED), ()
        clauses = tuple(
            (policy, stored)
            for policy in self.access.policies(relation, role, gate.command)
            if (stored := clause_expression(policy, new_row=gate.new_row)) is not None
        )
        permissive = [one for one in clauses if one[0].permissive]
        if not permissive:
            return ProofResult(status=ProofStatus.DEFAULT_DENY), clauses
        if self.unsupported_reason:
            return ProofResult(status=ProofStatus.UNPROVEN, reason=self.unsupported_reason), clauses
        if self.access.table_class(relation) is TableClass.MEMBERS and gate.command in {Command.INSERT, Command.UPDATE}:
            reason = "a role that can write memberships can join any tenant"
            return ProofResult(status=ProofStatus.REFUTED, reason=reason, policy=permissive[0][0].name), clauses
        result = self._by_kernel(reachable, relation, clauses, global_rows=global_rows)
        if result.status is ProofStatus.PROVEN:
            result = self._unless_memberships_are_writable(result, reachable)
        elif gate.command is Command.UPDATE and gate.new_row and self._cannot_change_tenant(reachable, relation):
            why = f"{reachable.role.name} cannot change the tenant of a row"
            result = ProofResult(status=ProofStatus.PROVEN, justifications=(why,))
        return result, clauses

    def _by_kernel(
        self, reachable: ReachableRole, relation: Relation, clauses: tuple[PolicyClause, ...], *, global_rows: bool
    ) -> ProofResult:
        """The kernel's result; gates with equal clauses share it, and all roles if no clause depends on the role."""
        by_role = any(depends_on_role(stored.tree) for _, stored in clauses)
        each = tuple((policy.oid, stored.digest) for policy, stored in clauses)
        who = (reachable.role.oid, reachable.principal) if by_role else ()
        key = (relation.oid, who, each, global_rows)
        if key not in self._kernel_results:
            permissive = [one for one in clauses if one[0].permissive]
            restrictive = [one for one in clauses if not one[0].permissive]
            self._kernel_results[key] = self.kernel_for(reachable, relation, global_rows=global_rows).judge(
                permissive, restrictive
            )
        return self._kernel_results[key]

    def kernel_for(self, reachable: ReachableRole, relation: Relation, *, global_rows: bool = False) -> Kernel:
        """The kernel that proves policies of one table for one role."""
        proof_context = ProofContext(
            access=self.access,
            relation=relation,
            role=reachable.role.oid,
            principal=reachable.principal,
            normalizer=TermNormalizer(
                context_names(self.access.tenancy), self.resolver.resolve, self.access.tenancy.context_aliases
            ),
            reads_proven=lambda oid: self._reads_are_proven(reachable, oid, global_rows=False),
            reads_permitted=lambda oid: self._reads_are_proven(reachable, oid, global_rows=True),
            children=self._children,
            global_rows=global_rows,
        )
        return Kernel(proof_context, self.resolver)

    def _reads_are_proven(self, reachable: ReachableRole, oid: int, *, global_rows: bool) -> bool:
        """Whether a relation's own policies restrict this role's reads to the tenant; false for a circular question."""
        relation, gate = self.access.relation(oid), GATES[0]
        if relation is None or not relation.is_table or self.access.tenant_key(relation) is None:
            return False
        if any((oid, reachable.role.oid, gate, each) in self._in_progress for each in (False, True)):
            return False
        status = self.prove(reachable, relation, gate, global_rows=global_rows)[0].status
        return status in {ProofStatus.PROVEN, ProofStatus.DEFAULT_DENY}

    def _cannot_change_tenant(self, reachable: ReachableRole, relation: Relation) -> bool:
        """Whether UPDATE finds only rows of the tenant, and the role cannot change the columns of the tenant key."""
        key = self.access.tenant_key(relation)
        names = set(key.on) if isinstance(key, DerivedKey) else {column.name for column in key or ()}
        if any(column.generated for column in relation.columns if column.name in names):
            return False  # it changes with the columns that it is computed from
        writable = self.access.columns_with_privilege(reachable.role.oid, relation, "UPDATE")
        existing_row = self.prove(reachable, relation, GATES[2])[0].status
        return bool(names) and not names & writable and existing_row is ProofStatus.PROVEN

    def _unless_memberships_are_writable(self, result: ProofResult, reachable: ReachableRole) -> ProofResult:
        """The result, or REFUTED if the role can write the table of members: then a membership proves nothing."""
        members = self.access.tenancy.members
        table = self.access.relation_named(members.table) if members else None
        if table is None:
            return result
        for gate in GATES:
            if gate.command in self.access.commands(reachable.role.oid, table) & {Command.INSERT, Command.UPDATE}:
                status = self.prove(reachable, table, gate)[0].status
                if status is not ProofStatus.DEFAULT_DENY:
                    reason = f"it relies on {self.access.declared_name(table)}, which {reachable.role.name} can write"
                    return ProofResult(status=ProofStatus.REFUTED, reason=reason)
        return result
