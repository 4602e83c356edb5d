"""The policy gates between tenant-bound roles and rows, and the proof obligation of each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from isolation.inventory.relations import Command
from isolation.proof._kernel import ProofStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """One way to a row: the command, and whether policies test the existing row (USING) or the new row (CHECK)."""

    command: Command
    new_row: bool

    def __str__(self) -> str:
        return f"{self.command} {'CHECK' if self.new_row else 'USING'}"


# https://www.postgresql.org/docs/18/sql-createpolicy.html, table "Policies Applied by Command Type". PostgreSQL does
# not apply SELECT policies to an UPDATE or DELETE that reads no column, so each gate must be proven by itself.
GATES: Final = (
    Gate(command=Command.SELECT, new_row=False),
    Gate(command=Command.INSERT, new_row=True),
    Gate(command=Command.UPDATE, new_row=False),
    Gate(command=Command.UPDATE, new_row=True),
    Gate(command=Command.DELETE, new_row=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofObligation:
    """One gate of one table for one reachable role of a principal, with the result of the proof.

    `policies` are the policies that apply; `policy` is the one that `reason` concerns. `digest` is the digest of their
    expressions, which a waiver names.
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


def is_proven(obligations: Iterable[ProofObligation], principal: str, relation: int) -> bool:
    """Whether no gate of a relation lets a principal reach a row of another tenant.

    Every gate must be proven, denied by default, or unproven with a valid waiver.
    """
    safe = {ProofStatus.PROVEN, ProofStatus.DEFAULT_DENY}
    own = [one for one in obligations if one.principal == principal and one.relation == relation]
    return all(one.status in safe or (one.status is ProofStatus.UNPROVEN and one.waived) for one in own)
