"""The gates between tenant-bound roles and rows, and whether the policies of each hold rows to the tenant."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from basewatch.tenancy import DerivedKey
from isolation.access.effective_access import EffectiveAccess
from isolation.access.role_graph import ReachableRole
from isolation.access.table_class import TableClass
from isolation.inventory.relations import Command, Relation
from isolation.proof._function_resolver import FunctionResolver
from isolation.proof._kernel import Kernel, PolicyClause, ProofResult, ProofStatus
from isolation.proof._policy_clauses import clause_expression, clauses_digest, depends_on_role, unsupported_reason
from isolation.proof._proof_context import ProofContext
from isolation.proof._terms import TermNormalizer

__all__ = ["GATES", "Gate", "ProofObligation", "ProofStatus", "is_proven", "proof_obligations"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """One way to a row: the command, and whether policies are asked for the old row (USING) or the new (CHECK)."""

    command: Command
    new_row: bool

    def __str__(self) -> str:
        return f"{self.command} {'CHECK' if self.new_row else 'USING'}"


# https://www.postgresql.org/docs/18/sql-createpolicy.html, table "Policies Applied by Command Type". An UPDATE or
# DELETE that reads no column is not asked for the SELECT policies, so each gate must hold by itself.
GATES: Final = (
    Gate(command=Command.SELECT, new_row=False),
    Gate(command=Command.INSERT, new_row=True),
    Gate(command=Command.UPDATE, new_row=False),
    Gate(command=Command.UPDATE, new_row=True),
    Gate(command=Command.DELETE, new_row=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofObligation:
    """One gate of one table for one role that a principal is or can become, and what is known of it.

    `policies` are those that are asked; `policy` is the one that `reason` is about. `digest` is of the expressions
    that are asked, as a waiver repeats it.
    """

    principal: str
    role_path: tuple[str, ...]
    role: str
    relation: int
    table: str
    gate: Gate
    status: ProofStatus
    justifications: tuple[str, ...]
    reason: str
    policy: str
    policies: tuple[str, ...]
    digest: str
    waived: bool


# A pass asks for them in several checks; by identity, as comparing worlds would cost more than proving.
_MADE: deque[tuple[EffectiveAccess, datetime, tuple[ProofObligation, ...]]] = deque(maxlen=4)


def proof_obligations(access: EffectiveAccess, now: datetime) -> tuple[ProofObligation, ...]:
    """Every gate of every tenant table that a principal may pass in any role it can become, with its answer."""
    for made, at, found in tuple(_MADE):
        if made is access and at == now:
            return found
    new = tuple(Prover(access, now).obligations())
    _MADE.append((access, now, new))
    return new


def is_proven(found: Iterable[ProofObligation], principal: str, relation: int) -> bool:
    """Whether no gate of a relation lets a principal reach another tenant's row: each is proven, denied or waived."""
    safe = {ProofStatus.PROVEN, ProofStatus.DEFAULT_DENY}
    own = [one for one in found if one.principal == principal and one.relation == relation]
    return all(one.status in safe or (one.status is ProofStatus.UNPROVEN and one.waived) for one in own)


class Prover:
    """The proof of one world at one time; what is shown once is remembered."""

    def __init__(self, access: EffectiveAccess, now: datetime) -> None:
        self.access = access
        self.now = now
        self.resolver = FunctionResolver(access.inventory, access.tenancy, now)
        self.unsupported_reason = unsupported_reason(access)
        self._found: dict[tuple[int, int, Gate], tuple[ProofResult, tuple[PolicyClause, ...]]] = {}
        self._asking = set[tuple[int, int, Gate]]()
        self._judgements: dict[tuple[object, ...], ProofResult] = {}
        self._children: dict[int, tuple[Relation, ...]] = {}
        for relation in access.inventory.relations:
            for parent in relation.parents:
                self._children[parent] = (*self._children.get(parent, ()), relation)

    def obligations(self) -> Iterator[ProofObligation]:
        """The obligations, by table, principal, role and gate."""
        for relation in self.access.tenant_tables():
            for becomes in self.access.accessible_by(relation):
                commands = self.access.commands(becomes.role.oid, relation) if becomes.can_set_role else ()
                for gate in GATES:
                    if gate.command in commands:
                        yield self._obligation(becomes, relation, gate)

    def _obligation(self, reachable: ReachableRole, relation: Relation, gate: Gate) -> ProofObligation:
        found, asked = self.prove(reachable, relation, gate)
        digest = clauses_digest(asked)
        return ProofObligation(
            principal=reachable.principal,
            role_path=reachable.role_path,
            role=reachable.role.name,
            relation=relation.oid,
            table=self.access.declared_name(relation),
            gate=gate,
            status=found.status,
            justifications=found.justifications,
            reason=found.reason,
            policy=found.policy,
            policies=tuple(policy.name for policy, _ in asked),
            digest=digest,
            waived=any(waiver.is_valid_for(digest, self.now) for waiver in self.access.tenancy.waivers),
        )

    def prove(
        self, reachable: ReachableRole, relation: Relation, gate: Gate
    ) -> tuple[ProofResult, tuple[PolicyClause, ...]]:
        """What is known of one gate, and the expressions that it asks."""
        key = (relation.oid, reachable.role.oid, gate)
        if key not in self._found:
            self._asking.add(key)
            self._found[key] = self._judged(reachable, relation, gate)
            self._asking.discard(key)
        return self._found[key]

    def _judged(
        self, reachable: ReachableRole, relation: Relation, gate: Gate
    ) -> tuple[ProofResult, tuple[PolicyClause, ...]]:
        role = reachable.role.oid
        exempt = self.access.rls_exemption(role, relation)
        if exempt:
            return ProofResult(status=ProofStatus.EXEMPT, reason=exempt), ()
        if not relation.rls_enabled:
            return ProofResult(status=ProofStatus.DISABLED), ()
        asked = [
            (policy, stored)
            for policy in self.access.policies(relation, role, gate.command)
            if (stored := clause_expression(policy, new_row=gate.new_row)) is not None
        ]
        permissive = [one for one in asked if one[0].permissive]
        everything = tuple(asked)
        if not permissive:
            return ProofResult(status=ProofStatus.DEFAULT_DENY), everything
        if self.unsupported_reason:
            return ProofResult(status=ProofStatus.UNPROVEN, reason=self.unsupported_reason), everything
        if self.access.table_class(relation) is TableClass.MEMBERS and gate.command in {Command.INSERT, Command.UPDATE}:
            reason = "who may write memberships may join any tenant"
            return ProofResult(status=ProofStatus.REFUTED, reason=reason, policy=permissive[0][0].name), everything
        found = self._by_kernel(reachable, relation, asked)
        if found.status is ProofStatus.PROVEN:
            found = self._unless_members_are_written(found, reachable)
        elif gate.command is Command.UPDATE and gate.new_row and self._keeps_its_tenant(reachable, relation):
            why = f"{reachable.role.name} may not change the tenant of a row"
            found = ProofResult(status=ProofStatus.PROVEN, justifications=(why,))
        return found, everything

    def _by_kernel(self, reachable: ReachableRole, relation: Relation, clauses: list[PolicyClause]) -> ProofResult:
        """What the kernel says; once for all gates that ask the same, and all roles where no role comes into it."""
        by_role = any(depends_on_role(stored.tree) for _, stored in clauses)
        each = tuple((policy.oid, stored.digest) for policy, stored in clauses)
        key = (relation.oid, reachable.role.oid if by_role else 0, reachable.principal if by_role else "", each)
        if key not in self._judgements:
            permissive = [one for one in clauses if one[0].permissive]
            restrictive = [one for one in clauses if not one[0].permissive]
            self._judgements[key] = self.kernel_for(reachable, relation).judge(permissive, restrictive)
        return self._judgements[key]

    def kernel_for(self, reachable: ReachableRole, relation: Relation) -> Kernel:
        """The kernel that proves policies of one table for one role."""
        scene = ProofContext(
            access=self.access,
            relation=relation,
            role=reachable.role.oid,
            principal=reachable.principal,
            normalizer=TermNormalizer(self.access.tenancy.context, self.resolver.resolve),
            reads_proven=lambda oid: self._holds_reads(reachable, oid),
            children=self._children,
        )
        return Kernel(scene, self.resolver)

    def _holds_reads(self, reachable: ReachableRole, oid: int) -> bool:
        """Whether a relation's own policies hold what this role reads of it to the tenant; asked in a circle, no."""
        relation, gate = self.access.relation(oid), GATES[0]
        if relation is None or not relation.is_table or self.access.tenant_key(relation) is None:
            return False
        if (oid, reachable.role.oid, gate) in self._asking:
            return False
        return self.prove(reachable, relation, gate)[0].status in {ProofStatus.PROVEN, ProofStatus.DEFAULT_DENY}

    def _keeps_its_tenant(self, reachable: ReachableRole, relation: Relation) -> bool:
        """Whether UPDATE finds the tenant's rows alone, and may not change the columns that say whose they are."""
        key = self.access.tenant_key(relation)
        names = set(key.on) if isinstance(key, DerivedKey) else {column.name for column in key or ()}
        changed = self.access.columns_with_privilege(reachable.role.oid, relation, "UPDATE")
        before = self.prove(reachable, relation, GATES[2])[0].status
        return bool(names) and not names & changed and before is ProofStatus.PROVEN

    def _unless_members_are_written(self, found: ProofResult, reachable: ReachableRole) -> ProofResult:
        """A proof by memberships holds only for who cannot write them."""
        members = self.access.tenancy.members
        table = self.access.relation_named(members.table) if members else None
        if table is None:
            return found
        for gate in GATES:
            if gate.command in self.access.commands(reachable.role.oid, table) & {Command.INSERT, Command.UPDATE}:
                answer = self.prove(reachable, table, gate)[0].status
                if answer is not ProofStatus.DEFAULT_DENY:
                    reason = f"it trusts {self.access.declared_name(table)}, which {reachable.role.name} can write"
                    return ProofResult(status=ProofStatus.REFUTED, reason=reason)
        return found
