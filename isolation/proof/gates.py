"""The gates between tenant-bound roles and rows, and whether the policies of each hold rows to the tenant."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from basewatch.tenancy import DerivedKey
from isolation.inventory.identities import Becomes
from isolation.inventory.relations import Command, Relation
from isolation.inventory.standing import Standing
from isolation.inventory.world import World
from isolation.proof.asking import digest_of, expression_of, is_about_role, refusal
from isolation.proof.contexts import Contexts
from isolation.proof.kernel import Answer, Asked, Found, Kernel
from isolation.proof.scene import Scene
from isolation.proof.terms import Terms

__all__ = ["GATES", "Answer", "Gate", "Obligation", "obligations", "proven"]


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
class Obligation:
    """One gate of one table for one role that a principal is or can become, and what is known of it.

    `policies` are those that are asked; `policy` is the one that `reason` is about. `digest` is of the expressions
    that are asked, as a waiver repeats it.
    """

    principal: str
    path: tuple[str, ...]
    role: str
    relation: int
    table: str
    gate: Gate
    answer: Answer
    certificate: tuple[str, ...]
    reason: str
    policy: str
    policies: tuple[str, ...]
    digest: str
    waived: bool


# A pass asks for them in several checks; by identity, as comparing worlds would cost more than proving.
_MADE: deque[tuple[World, datetime, tuple[Obligation, ...]]] = deque(maxlen=4)


def obligations(world: World, now: datetime) -> tuple[Obligation, ...]:
    """Every gate of every tenant table that a principal may pass in any role it can become, with its answer."""
    for made, at, found in tuple(_MADE):
        if made is world and at == now:
            return found
    new = tuple(Proving(world, now).all())
    _MADE.append((world, now, new))
    return new


def proven(found: Iterable[Obligation], principal: str, relation: int) -> bool:
    """Whether no gate of a relation lets a principal reach another tenant's row: each is proven, denied or waived."""
    safe = {Answer.PROVEN, Answer.DENIED}
    own = [one for one in found if one.principal == principal and one.relation == relation]
    return all(one.answer in safe or (one.answer is Answer.UNPROVEN and one.waived) for one in own)


class Proving:
    """The proof of one world at one time; what is shown once is remembered."""

    def __init__(self, world: World, now: datetime) -> None:
        self.world = world
        self.now = now
        self.contexts = Contexts(world.inventory, world.tenancy, now)
        self.refusal = refusal(world)
        self._found: dict[tuple[int, int, Gate], tuple[Found, tuple[Asked, ...]]] = {}
        self._asking = set[tuple[int, int, Gate]]()
        self._judgements: dict[tuple[object, ...], Found] = {}
        self._children: dict[int, tuple[Relation, ...]] = {}
        for relation in world.inventory.relations:
            for parent in relation.parents:
                self._children[parent] = (*self._children.get(parent, ()), relation)

    def all(self) -> Iterator[Obligation]:
        """The obligations, by table, principal, role and gate."""
        for relation in self.world.tenant_tables():
            for becomes in self.world.reached_by(relation):
                commands = self.world.commands(becomes.role.oid, relation) if becomes.sets else ()
                for gate in GATES:
                    if gate.command in commands:
                        yield self._obligation(becomes, relation, gate)

    def _obligation(self, becomes: Becomes, relation: Relation, gate: Gate) -> Obligation:
        found, asked = self.found(becomes, relation, gate)
        digest = digest_of(asked)
        return Obligation(
            principal=becomes.principal,
            path=becomes.path,
            role=becomes.role.name,
            relation=relation.oid,
            table=self.world.name(relation),
            gate=gate,
            answer=found.answer,
            certificate=found.certificate,
            reason=found.reason,
            policy=found.policy,
            policies=tuple(policy.name for policy, _ in asked),
            digest=digest,
            waived=any(waiver.is_valid_for(digest, self.now) for waiver in self.world.tenancy.waivers),
        )

    def found(self, becomes: Becomes, relation: Relation, gate: Gate) -> tuple[Found, tuple[Asked, ...]]:
        """What is known of one gate, and the expressions that it asks."""
        key = (relation.oid, becomes.role.oid, gate)
        if key not in self._found:
            self._asking.add(key)
            self._found[key] = self._judged(becomes, relation, gate)
            self._asking.discard(key)
        return self._found[key]

    def _judged(self, becomes: Becomes, relation: Relation, gate: Gate) -> tuple[Found, tuple[Asked, ...]]:
        role = becomes.role.oid
        exempt = self.world.exempt(role, relation)
        if exempt:
            return Found(answer=Answer.EXEMPT, reason=exempt), ()
        if not relation.enabled:
            return Found(answer=Answer.DISABLED), ()
        asked = [
            (policy, stored)
            for policy in self.world.policies(relation, role, gate.command)
            if (stored := expression_of(policy, new_row=gate.new_row)) is not None
        ]
        permissive = [one for one in asked if one[0].permissive]
        everything = tuple(asked)
        if not permissive:
            return Found(answer=Answer.DENIED), everything
        if self.refusal:
            return Found(answer=Answer.UNPROVEN, reason=self.refusal), everything
        if self.world.standing(relation) is Standing.MEMBERS and gate.command in {Command.INSERT, Command.UPDATE}:
            reason = "who may write memberships may join any tenant"
            return Found(answer=Answer.OPEN, reason=reason, policy=permissive[0][0].name), everything
        found = self._by_kernel(becomes, relation, asked)
        if found.answer is Answer.PROVEN:
            found = self._unless_members_are_written(found, becomes)
        elif gate.command is Command.UPDATE and gate.new_row and self._keeps_its_tenant(becomes, relation):
            why = f"{becomes.role.name} may not change the tenant of a row"
            found = Found(answer=Answer.PROVEN, certificate=(why,))
        return found, everything

    def _by_kernel(self, becomes: Becomes, relation: Relation, asked: list[Asked]) -> Found:
        """What the kernel says; once for all gates that ask the same, and all roles where no role comes into it."""
        by_role = any(is_about_role(stored.tree) for _, stored in asked)
        each = tuple((policy.oid, stored.digest) for policy, stored in asked)
        key = (relation.oid, becomes.role.oid if by_role else 0, becomes.principal if by_role else "", each)
        if key not in self._judgements:
            permissive = [one for one in asked if one[0].permissive]
            restrictive = [one for one in asked if not one[0].permissive]
            self._judgements[key] = self.kernel(becomes, relation).judge(permissive, restrictive)
        return self._judgements[key]

    def kernel(self, becomes: Becomes, relation: Relation) -> Kernel:
        """The kernel that proves policies of one table for one role."""
        scene = Scene(
            world=self.world,
            relation=relation,
            role=becomes.role.oid,
            principal=becomes.principal,
            terms=Terms(self.world.tenancy.context, self.contexts.resolve),
            trusted=lambda oid: self._holds_reads(becomes, oid),
            children=self._children,
        )
        return Kernel(scene, self.contexts)

    def _holds_reads(self, becomes: Becomes, oid: int) -> bool:
        """Whether a relation's own policies hold what this role reads of it to the tenant; asked in a circle, no."""
        relation, gate = self.world.relation(oid), GATES[0]
        if relation is None or not relation.is_table or self.world.key(relation) is None:
            return False
        if (oid, becomes.role.oid, gate) in self._asking:
            return False
        return self.found(becomes, relation, gate)[0].answer in {Answer.PROVEN, Answer.DENIED}

    def _keeps_its_tenant(self, becomes: Becomes, relation: Relation) -> bool:
        """Whether UPDATE finds the tenant's rows alone, and may not change the columns that say whose they are."""
        key = self.world.key(relation)
        names = set(key.on) if isinstance(key, DerivedKey) else {column.name for column in key or ()}
        changed = self.world.column_privileges(becomes.role.oid, relation, "UPDATE")
        before = self.found(becomes, relation, GATES[2])[0].answer
        return bool(names) and not names & changed and before is Answer.PROVEN

    def _unless_members_are_written(self, found: Found, becomes: Becomes) -> Found:
        """A proof by memberships holds only for who cannot write them."""
        members = self.world.tenancy.members
        table = self.world.relation_named(members.table) if members else None
        if table is None:
            return found
        for gate in GATES:
            if gate.command in self.world.commands(becomes.role.oid, table) & {Command.INSERT, Command.UPDATE}:
                answer = self.found(becomes, table, gate)[0].answer
                if answer is not Answer.DENIED:
                    reason = f"it trusts {self.world.name(table)}, which {becomes.role.name} can write"
                    return Found(answer=Answer.OPEN, reason=reason)
        return found
