"""What the owner of a view or rule reads for its readers: rows of other tenants, or system catalogues."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from enum import StrEnum
from typing import Final

from basewatch.model import Severity
from checks.tenancy.identity.relation_access import RelationAccess
from isolation.access.effective_access import EffectiveAccess
from isolation.access.role_graph import ReachableRole
from isolation.inventory.egress import CatalogueRead
from isolation.inventory.relations import Command, Relation
from isolation.inventory.roles import Role
from isolation.proof import GATES, Gate, ProofStatus, Prover

_ISOLATED = frozenset({ProofStatus.PROVEN, ProofStatus.DEFAULT_DENY})
# Sampled values of tables, large objects, TOAST data, statements of sessions, and passwords.
_VALUES: Final = re.compile(
    r"pg_catalog\.(?:pg_stat|pg_largeobject|pg_authid|pg_shadow|pg_user_mapping|pg_subscription)|pg_toast\."
)


class Visibility(StrEnum):
    """Whose rows the policies of a role expose."""

    OWN_TENANT = "own"
    OTHER_TENANTS = "others"
    UNKNOWN = "unknown"


class OwnerAccess:
    """Which rows of a table a role can access, by the proof of its policies."""

    def __init__(self, access: EffectiveAccess, now: datetime) -> None:
        self._access = access
        self._prover = Prover(access, now)

    def visibility(
        self, owner: Role, table: Relation, commands: frozenset[Command], readers: tuple[RelationAccess, ...]
    ) -> tuple[Visibility, str]:
        """Whose rows an owner accesses, and why; gates that a reader passes by the same policies are left out."""
        as_owner = ReachableRole(principal=owner.name, role=owner, role_path=(owner.name,))
        worst = (Visibility.OWN_TENANT, "")
        for gate in self._gates(owner, table, commands | {Command.SELECT}):
            found, clauses = self._prover.prove(as_owner, table, gate)
            policies = {policy.oid for policy, _ in clauses}
            if found.status in _ISOLATED or any(self._has(reader, table, gate, policies) for reader in readers):
                continue
            why = f"{gate}, {found.reason or found.status}"
            if found.status is not ProofStatus.UNPROVEN:
                return Visibility.OTHER_TENANTS, why
            worst = (Visibility.UNKNOWN, why)
        return worst

    def reads_are_isolated(self, table: Relation) -> bool:
        """Whether no policy exposes a row of another tenant to a principal on read."""
        reading = [gate for gate in GATES if not gate.new_row]
        found = (
            self._prover.prove(reachable, table, gate)[0].status
            for reachable in self._access.accessible_by(table)
            for gate in reading
            if gate.command in self._access.commands(reachable.role.oid, table)
        )
        return not any(answer in {ProofStatus.REFUTED, ProofStatus.UNPROVEN} for answer in found)

    def _gates(self, owner: Role, table: Relation, commands: frozenset[Command]) -> Iterator[Gate]:
        """The gates open to the owner; a view needs no USAGE on the schemas of its tables."""
        for gate in GATES:
            if gate.command in commands and self._access.columns_with_privilege(owner.oid, table, gate.command):
                yield gate

    def _has(self, reader: RelationAccess, table: Relation, gate: Gate, policies: set[int]) -> bool:
        """Whether a reader passes the same gate by the same policies, which is reported for the table."""
        if gate.command not in self._access.commands(reader.role_path.role.oid, table):
            return False
        _, clauses = self._prover.prove(reader.role_path, table, gate)
        return {policy.oid for policy, _ in clauses} == policies


def catalogue_severity(read: CatalogueRead) -> Severity:
    """How severe it is to show this relation: critical where it has values of tables, sessions or passwords."""
    return Severity.CRITICAL if _VALUES.match(read.relation) else Severity.HIGH


def lends(access: EffectiveAccess, read: CatalogueRead, owner: int, readers: Iterable[int]) -> bool:
    """Whether an owner may read a system relation, and one of the readers may not."""
    role = access.role(owner)
    may_read = role is None or not access.inherited_roles(owner).isdisjoint(read.readers)
    return may_read and any(access.inherited_roles(reader).isdisjoint(read.readers) for reader in readers)
