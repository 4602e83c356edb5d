"""The effective predicate of each gate as SQL text, if it can be evaluated without its table. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from checks.tenancy.probes.expression_tokens import ExpressionContents, expression_contents
from checks.tenancy.probes.probe_targets import tenant_key_columns
from checks.tenancy.probes.surroundings import as_session_user
from isolation.access.effective_access import EffectiveAccess
from isolation.inventory.relations import Command, Policy, Relation
from isolation.proof import clause_expression, clauses_digest


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedExpression:
    """One expression as PostgreSQL prints it, of a policy (`using`, `check`) or a CHECK constraint; never stored.

    `standalone` says that it can be evaluated without its table, and `ambiguous` that its text may mean something else
    than what is stored, when it is parsed again; see the SQL statement. `readable` is false if a table is locked.
    """

    oid: int
    relation: int
    part: str
    text: str
    readable: bool = True
    standalone: bool
    ambiguous: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleGate:
    """The check of one command as one role, on existing rows or, with `new_row`, on new ones."""

    principal: str
    role: str
    command: Command
    new_row: bool

    def __str__(self) -> str:
        return f"{self.command} of a new row" if self.new_row else str(self.command)


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectivePredicate:
    """One predicate and its gates; `untestable_reason` says why it cannot be evaluated, empty if it can.

    `digests` are those of the gates, as approved. `is_partial` says that other permissive policies cannot be
    evaluated, so that more rows may pass.
    """

    gates: tuple[RoleGate, ...]
    policies: tuple[str, ...]
    digests: tuple[str, ...]
    text: str
    contents: ExpressionContents
    is_partial: bool
    untestable_reason: str


NOT_STANDALONE = "reads another relation, or calls a user-defined function"
"""Why an expression, all of a predicate or a part, cannot be evaluated."""
AMBIGUOUS = "may mean something else when its text is parsed again, as a cast or a built-in name was added"
"""Why an evaluation of the text would prove nothing about what is stored."""
LOCKED = "could not be read, as its table or one that it names is locked"
"""Why nothing is known of an expression."""
PrintedExpressions = Mapping[tuple[int, str], PrintedExpression]
_GATES = (
    (Command.SELECT, False),
    (Command.INSERT, True),
    (Command.UPDATE, False),
    (Command.UPDATE, True),
    (Command.DELETE, False),
)
# Their results depend on the current user, or on the session user, in whose place a trial puts the principal.
_CURRENT_USER = frozenset(
    {"CURRENT_USER", "CURRENT_ROLE", "USER", "current_user", "pg_has_role", "has_table_privilege", "SESSION_USER"}
)


def effective_predicates(
    access: EffectiveAccess, table: Relation, texts: PrintedExpressions
) -> tuple[EffectivePredicate, ...]:
    """The distinct predicates of a table that apply to principals, each with its gates."""
    found = dict[tuple[str, str, str], EffectivePredicate]()
    for gate, permissive, restrictive in _applied_policies(access, table):
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
    """The digest of all expressions of a gate, in any order, as in a waiver."""
    stored = ((policy, clause_expression(policy, new_row=new_row)) for policy in policies)
    return clauses_digest((policy, expression) for policy, expression in stored if expression)


def reads_current_user(contents: ExpressionContents) -> bool:
    """Whether an expression depends on the current user."""
    return not _CURRENT_USER.isdisjoint(contents.names)


def _applied_policies(
    access: EffectiveAccess, table: Relation
) -> Iterator[tuple[RoleGate, list[Policy], list[Policy]]]:
    for reachable in access.accessible_by(table):
        role = reachable.role
        if not table.rls_enabled or access.rls_exemption(role.oid, table):
            continue
        commands = access.commands(role.oid, table)
        written = access.columns_with_privilege(role.oid, table, "UPDATE")
        for command, new_row in _GATES:
            policies = access.policies(table, role.oid, command)
            permissive = [p for p in policies if p.permissive and clause_expression(p, new_row=new_row)]
            if new_row and command is Command.UPDATE and written.isdisjoint(tenant_key_columns(access, table)):
                continue  # the new row keeps the key of the existing one, which USING of the same policies tests
            if command in commands and permissive:
                gate = RoleGate(principal=reachable.principal, role=role.name, command=command, new_row=new_row)
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
    required = [one.text for one in all_of if one is not None and one.standalone]
    reason = ""
    if not usable or len(required) < len(all_of):
        reason = NOT_STANDALONE
        usable, required = [], []
    if any(not one.readable for one in (*any_of, *all_of) if one is not None):
        reason = LOCKED
        usable, required = [], []
    elif any(one.ambiguous for one in (*any_of, *all_of) if one is not None and one.standalone):
        reason = AMBIGUOUS
    contents = expression_contents((*usable, *required))
    if not reason and "SYSTEM_USER" in contents.names:
        reason = "depends on the system user"
    joined = " AND ".join(f"({text})" for text in (" OR ".join(f"({text})" for text in usable), *required) if text)
    return EffectivePredicate(
        gates=(gate,),
        policies=tuple(policy.name for policy in permissive),
        digests=(gate_digest((*permissive, *restrictive), new_row=gate.new_row),),
        text=as_session_user(joined, gate.principal),
        contents=contents,
        is_partial=len(usable) < len(any_of),
        untestable_reason=reason,
    )
