"""What the owner of a view gets from a tenant table: the current tenant's rows alone, others' too, or unknown."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum

from checks.tenancy.identity.relation_access import RelationAccess
from isolation.access.effective_access import EffectiveAccess
from isolation.access.role_graph import ReachableRole
from isolation.inventory.relations import Command, Relation
from isolation.inventory.roles import Role
from isolation.proof import GATES, Gate, ProofStatus, Prover

_HELD = frozenset({ProofStatus.PROVEN, ProofStatus.DEFAULT_DENY})


class Visibility(StrEnum):
    """What a role's policies let through."""

    OWN_TENANT = "own"
    OTHER_TENANTS = "others"
    UNKNOWN = "unknown"


class OwnerAccess:
    """What any role gets from any table, by the proof of its policies."""

    def __init__(self, access: EffectiveAccess, now: datetime) -> None:
        self._world = access
        self._proving = Prover(access, now)

    def visibility(
        self, owner: Role, table: Relation, commands: frozenset[Command], readers: tuple[RelationAccess, ...]
    ) -> tuple[Visibility, str]:
        """What commands get through as an owner, and why; what readers get by themselves is no news of the view."""
        as_owner = ReachableRole(principal=owner.name, role=owner, role_path=(owner.name,))
        worst = (Visibility.OWN_TENANT, "")
        for gate in self._gates(owner, table, commands | {Command.SELECT}):
            found, asked = self._proving.prove(as_owner, table, gate)
            policies = {policy.oid for policy, _ in asked}
            if found.status in _HELD or any(self._has(reader, table, gate, policies) for reader in readers):
                continue
            why = f"{gate}, {found.reason or found.status}"
            if found.status is not ProofStatus.UNPROVEN:
                return Visibility.OTHER_TENANTS, why
            worst = (Visibility.UNKNOWN, why)
        return worst

    def reads_are_isolated(self, table: Relation) -> bool:
        """Whether no policy that a principal is asked for shows a row that is not the current tenant's."""
        reading = [gate for gate in GATES if not gate.new_row]
        found = (
            self._proving.prove(becomes, table, gate)[0].status
            for becomes in self._world.accessible_by(table)
            for gate in reading
            if gate.command in self._world.commands(becomes.role.oid, table)
        )
        return not any(answer in {ProofStatus.REFUTED, ProofStatus.UNPROVEN} for answer in found)

    def _gates(self, owner: Role, table: Relation, commands: frozenset[Command]) -> Iterator[Gate]:
        """The gates that the owner may pass: a view is not asked for USAGE on the schema of its tables."""
        for gate in GATES:
            if gate.command in commands and self._world.columns_with_privilege(owner.oid, table, gate.command):
                yield gate

    def _has(self, reader: RelationAccess, table: Relation, gate: Gate, policies: set[int]) -> bool:
        """Whether a reader passes the same gate by the same policies, which is told of the table."""
        if gate.command not in self._world.commands(reader.role_path.role.oid, table):
            return False
        _, asked = self._proving.prove(reader.role_path, table, gate)
        return {policy.oid for policy, _ in asked} == policies
