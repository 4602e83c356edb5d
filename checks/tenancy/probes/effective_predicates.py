"""The effective predicate of each gate as SQL text, as far as it can be evaluated apart from its table. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from checks.tenancy.probes.constants import ExpressionContents, expression_contents
from isolation.access.effective_access import EffectiveAccess
from isolation.inventory.relations import Command, Policy, Relation
from isolation.proof import clause_expression, clauses_digest


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedExpression:
    """One expression as PostgreSQL prints it, of a policy (`using`, `check`) or a CHECK constraint; never kept.

    `standalone` says that it can be evaluated without its table; see the statement.
    """

    oid: int
    relation: int
    part: str
    text: str
    standalone: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleGate:
    """What one role's commands pass: rows there are, or with `new_row` rows that are about to be."""

    principal: str
    role: str
    command: Command
    new_row: bool

    def __str__(self) -> str:
        return f"{self.command} of a new row" if self.new_row else str(self.command)


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectivePredicate:
    """One predicate and the gates that it guards; `untestable_reason` says why it cannot be tried, empty when it can.

    `digests` are those of the gates, as a waiver repeats them. `is_partial` says that other permissive policies cannot
    be tried, so that more may pass than this predicate lets.
    """

    gates: tuple[RoleGate, ...]
    policies: tuple[str, ...]
    digests: tuple[str, ...]
    text: str
    contents: ExpressionContents
    is_partial: bool
    untestable_reason: str


NOT_STANDALONE = "reads another relation, or calls a function of its own"
"""Why an expression cannot be tried, whether it is all of a predicate or a part."""
PrintedExpressions = Mapping[tuple[int, str], PrintedExpression]
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


def effective_predicates(
    access: EffectiveAccess, table: Relation, texts: PrintedExpressions
) -> tuple[EffectivePredicate, ...]:
    """Every predicate of a table that is asked of a principal, once, with the gates it guards."""
    found = dict[tuple[str, str, str], EffectivePredicate]()
    for gate, permissive, restrictive in _asked(access, table):
        one = _effective(gate, permissive, restrictive, texts)
        who = gate.role if reads_current_user(one.contents) else ""
        key = (one.text, who, one.untestable_reason)
        known = found.get(key)
        gates = (*known.gates, gate) if known else (gate,)
        found[key] = EffectivePredicate(
            gates=gates,
            policies=one.policies,
            digests=tuple(dict.fromkeys((*(known.digests if known else ()), *one.digests))),
            text=one.text,
            contents=one.contents,
            is_partial=one.is_partial or bool(known and known.is_partial),
            untestable_reason=one.untestable_reason,
        )
    return tuple(found.values())


def gate_digest(policies: Iterable[Policy], *, new_row: bool) -> str:
    """The digest of all that a gate asks, in any order: what a waiver of it repeats."""
    stored = ((policy, clause_expression(policy, new_row=new_row)) for policy in policies)
    return clauses_digest((policy, expression) for policy, expression in stored if expression)


def reads_current_user(mined: ExpressionContents) -> bool:
    """Whether an expression asks who the current user is."""
    return not _WHO.isdisjoint(mined.names)


def _asked(access: EffectiveAccess, table: Relation) -> Iterator[tuple[RoleGate, list[Policy], list[Policy]]]:
    for becomes in access.accessible_by(table):
        role = becomes.role
        if not table.rls_enabled or access.rls_exemption(role.oid, table):
            continue
        commands = access.commands(role.oid, table)
        for command, new_row in _GATES:
            policies = access.policies(table, role.oid, command)
            permissive = [p for p in policies if p.permissive and clause_expression(p, new_row=new_row)]
            if command in commands and permissive:
                gate = RoleGate(principal=becomes.principal, role=role.name, command=command, new_row=new_row)
                yield (
                    gate,
                    permissive,
                    [p for p in policies if not p.permissive and clause_expression(p, new_row=new_row)],
                )


def _part(policy: Policy, *, new_row: bool) -> str:
    return "check" if new_row and policy.check is not None else "using"


def _effective(
    gate: RoleGate, permissive: list[Policy], restrictive: list[Policy], texts: PrintedExpressions
) -> EffectivePredicate:
    def printed(policies: Iterable[Policy]) -> list[PrintedExpression | None]:
        return [texts.get((p.oid, _part(p, new_row=gate.new_row))) for p in policies]

    any_of, all_of = printed(permissive), printed(restrictive)
    usable = [one.text for one in any_of if one is not None and one.standalone]
    floors = [one.text for one in all_of if one is not None and one.standalone]
    doubt = ""
    if not usable or len(floors) < len(all_of):
        doubt = NOT_STANDALONE
        usable, floors = [], []
    mined = expression_contents((*usable, *floors))
    if not _NEVER.isdisjoint(mined.names):
        doubt = "asks who logged in"
    return EffectivePredicate(
        gates=(gate,),
        policies=tuple(policy.name for policy in permissive),
        digests=(gate_digest((*permissive, *restrictive), new_row=gate.new_row),),
        text=" AND ".join(f"({text})" for text in (" OR ".join(f"({text})" for text in usable), *floors) if text),
        contents=mined,
        is_partial=len(usable) < len(any_of),
        untestable_reason=doubt,
    )
