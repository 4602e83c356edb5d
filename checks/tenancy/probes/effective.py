"""The effective predicate of each gate as SQL text, as far as it can be evaluated apart from its table. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from checks.tenancy.probes.constants import Mined, mine
from isolation.inventory.relations import Command, Policy, Relation
from isolation.inventory.world import World
from isolation.proof.asking import digest_of, expression_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """One expression as PostgreSQL prints it, of a policy (`using`, `check`) or a CHECK constraint; never kept.

    `alone` says that it can be evaluated without its table; see the statement.
    """

    oid: int
    relation: int
    part: str
    text: str
    alone: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """What one role's commands pass: rows there are, or with `new_row` rows that are about to be."""

    principal: str
    role: str
    command: Command
    new_row: bool

    def __str__(self) -> str:
        return f"{self.command} of a new row" if self.new_row else str(self.command)


@dataclass(frozen=True, slots=True, kw_only=True)
class Effective:
    """One predicate and the gates that it guards; `doubt` says why it cannot be tried, empty when it can.

    `digests` are those of the gates, as a waiver repeats them. `part_of` says that other permissive policies cannot be
    tried, so that more may pass than this predicate lets.
    """

    gates: tuple[Gate, ...]
    policies: tuple[str, ...]
    digests: tuple[str, ...]
    text: str
    mined: Mined
    part_of: bool
    doubt: str


PART = "reads another relation, or calls a function of its own"
"""Why an expression cannot be tried, whether it is all of a predicate or a part."""
Texts = Mapping[tuple[int, str], Printed]
_GATES = (
    (Command.SELECT, False),
    (Command.INSERT, True),
    (Command.UPDATE, False),
    (Command.UPDATE, True),
    (Command.DELETE, False),
)
# What these give depends on who asks; session_user cannot be become.
_WHO = frozenset({"CURRENT_USER", "CURRENT_ROLE", "USER", "current_user", "pg_has_role", "has_table_privilege"})
_NEVER = frozenset({"SESSION_USER", "session_user", "SYSTEM_USER"})


def effective(world: World, table: Relation, texts: Texts) -> tuple[Effective, ...]:
    """Every predicate of a table that is asked of a principal, once, with the gates it guards."""
    found = dict[tuple[str, str, str], Effective]()
    for gate, permissive, restrictive in _asked(world, table):
        one = _effective(gate, permissive, restrictive, texts)
        who = gate.role if asks_who(one.mined) else ""
        key = (one.text, who, one.doubt)
        known = found.get(key)
        gates = (*known.gates, gate) if known else (gate,)
        found[key] = Effective(
            gates=gates,
            policies=one.policies,
            digests=tuple(dict.fromkeys((*(known.digests if known else ()), *one.digests))),
            text=one.text,
            mined=one.mined,
            part_of=one.part_of or bool(known and known.part_of),
            doubt=one.doubt,
        )
    return tuple(found.values())


def gate_digest(policies: Iterable[Policy], *, new_row: bool) -> str:
    """The digest of all that a gate asks, in any order: what a waiver of it repeats."""
    stored = ((policy, expression_of(policy, new_row=new_row)) for policy in policies)
    return digest_of((policy, expression) for policy, expression in stored if expression)


def asks_who(mined: Mined) -> bool:
    """Whether an expression asks who the current user is."""
    return not _WHO.isdisjoint(mined.names)


def _asked(world: World, table: Relation) -> Iterator[tuple[Gate, list[Policy], list[Policy]]]:
    for becomes in world.reached_by(table):
        role = becomes.role
        if not table.enabled or world.exempt(role.oid, table):
            continue
        commands = world.commands(role.oid, table)
        for command, new_row in _GATES:
            policies = world.policies(table, role.oid, command)
            permissive = [p for p in policies if p.permissive and expression_of(p, new_row=new_row)]
            if command in commands and permissive:
                gate = Gate(principal=becomes.principal, role=role.name, command=command, new_row=new_row)
                yield gate, permissive, [p for p in policies if not p.permissive and expression_of(p, new_row=new_row)]


def _part(policy: Policy, *, new_row: bool) -> str:
    return "check" if new_row and policy.check is not None else "using"


def _effective(gate: Gate, permissive: list[Policy], restrictive: list[Policy], texts: Texts) -> Effective:
    def printed(policies: Iterable[Policy]) -> list[Printed | None]:
        return [texts.get((p.oid, _part(p, new_row=gate.new_row))) for p in policies]

    any_of, all_of = printed(permissive), printed(restrictive)
    usable = [one.text for one in any_of if one is not None and one.alone]
    floors = [one.text for one in all_of if one is not None and one.alone]
    doubt = ""
    if not usable or len(floors) < len(all_of):
        doubt = PART
        usable, floors = [], []
    mined = mine((*usable, *floors))
    if not _NEVER.isdisjoint(mined.names):
        doubt = "asks who logged in"
    return Effective(
        gates=(gate,),
        policies=tuple(policy.name for policy in permissive),
        digests=(gate_digest((*permissive, *restrictive), new_row=gate.new_row),),
        text=" AND ".join(f"({text})" for text in (" OR ".join(f"({text})" for text in usable), *floors) if text),
        mined=mined,
        part_of=len(usable) < len(any_of),
        doubt=doubt,
    )
