"""The check that policies hold every row to the current tenant, for reading and for writing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from basewatch.check import check
from basewatch.components import Database
from basewatch.model import Proof, Reason, Severity, Verdict, failed, not_applicable, passed, unverified
from basewatch.tenancy import Tenancy
from checks.tenancy.catalogue import Catalogue, Command, Policy, catalogue, declared_name
from checks.tenancy.predicates import Grip, both, either, grip_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """One way to a row: the command, and whether policies are asked for the old row (USING) or the new (CHECK)."""

    command: Command
    new_row: bool

    def __str__(self) -> str:
        return f"{self.command} {'CHECK' if self.new_row else 'USING'}"


# https://www.postgresql.org/docs/15/sql-createpolicy.html, table "Policies Applied by Command Type"
GATES = (
    Gate(command=Command.SELECT, new_row=False),
    Gate(command=Command.INSERT, new_row=True),
    Gate(command=Command.UPDATE, new_row=False),
    Gate(command=Command.UPDATE, new_row=True),
    Gate(command=Command.DELETE, new_row=False),
)


@check(
    "tenancy.rls.policies",
    component=Database,
    observe=catalogue,
    severity=Severity.CRITICAL,
    proof=Proof.CONFIGURATION,
    needs=("sql:CONNECT",),
    promises=("tenancy",),
)
def policies_hold_rows_to_the_tenant(facts: Catalogue, database: Database, now: datetime) -> Iterator[Verdict]:
    """The policies of every tenant table let each tenant-bound role reach the current tenant's rows alone.

    Why: Row-level security can be enabled, forced and open: permissive policies are joined by OR, so one that says
    true, or names another setting, undoes all the others.
    Reads: pg_policy as pg_get_expr prints it, and pg_depend for what is not PostgreSQL's own.
    Unverified when: An expression has a shape that is not known to hold, such as a function or a sub-select.
    Fix: Rewrite the policy to compare the tenant key with current_setting() of the tenant context, in USING and in
    WITH CHECK, and drop any permissive policy beside it.
    Source: https://www.postgresql.org/docs/15/sql-createpolicy.html
    """
    for relation in facts.relations:
        if not (relation.is_table and relation.keyed and relation.concerns(database.tenancy)):
            continue
        name = declared_name(relation.schema, relation.name, database.tenancy)
        own = [p for p in facts.policies if (p.schema, p.table) == (relation.schema, relation.name)]
        if own:
            yield judge_policies(name, own, database.tenancy)
        else:
            yield not_applicable(f"{name} has no policy to judge; tenancy.rls.coverage says so", subject=name)


def judge_policies(name: str, policies: Sequence[Policy], tenancy: Tenancy) -> Verdict:
    """The verdict on one table from its policies alone, in any order."""
    grips = {
        (principal, gate): _grip(policies, principal, gate, tenancy)
        for principal in tenancy.principals
        for gate in GATES
    }
    expected = f"{tenancy.key[0]} = current_setting('{tenancy.context[0]}') for every command"
    for grip in (Grip.OPEN, Grip.UNKNOWN):
        where = [f"{principal}: {gate}" for (principal, gate), found in grips.items() if found is grip]
        if where:
            return _broken(grip, name, "; ".join((*where, *_texts(policies))), expected)
    observed = f"{len(policies)} {'policy' if len(policies) == 1 else 'policies'}, {len(GATES)} gates for each role"
    summary = f"The policies of {name} hold rows to the current tenant"
    return passed(summary, subject=name, observed=observed, expected=expected)


def _grip(policies: Sequence[Policy], principal: str, gate: Gate, tenancy: Tenancy) -> Grip:
    """What a principal gets through a gate: any permissive policy, and every restrictive one."""
    asked = [p for p in policies if principal in p.applies_to and p.command in {gate.command, Command.ALL}]
    permissive = [_held(p, gate, tenancy) for p in asked if p.permissive and _text(p, gate) is not None]
    restrictive = [_held(p, gate, tenancy) for p in asked if not p.permissive and _text(p, gate) is not None]
    return both([either(permissive), *restrictive])


def _held(policy: Policy, gate: Gate, tenancy: Tenancy) -> Grip:
    grip = grip_of(_text(policy, gate) or "", key=tenancy.key[0], context=tenancy.context[0])
    return Grip.UNKNOWN if grip is Grip.TENANT and policy.own_objects else grip


def _text(policy: Policy, gate: Gate) -> str | None:
    """The expression a gate asks: WITH CHECK or else USING; without either, the policy lets nothing through."""
    if gate.new_row and policy.check_text is not None:
        return policy.check_text
    return policy.using_text


def _texts(policies: Sequence[Policy]) -> Iterator[str]:
    for policy in sorted(policies, key=lambda p: p.name):
        for word, text in (("USING", policy.using_text), ("WITH CHECK", policy.check_text)):
            if text is not None:
                yield f"{policy.name} {word} ({text})"


def _broken(grip: Grip, name: str, observed: str, expected: str) -> Verdict:
    if grip is Grip.OPEN:
        return failed(
            f"A policy of {name} lets other tenants' rows through", subject=name, observed=observed, expected=expected
        )
    return unverified(
        Reason.UNSUPPORTED,
        f"A policy of {name} has a shape that is not known to hold rows to the tenant",
        subject=name,
        observed=observed,
        expected=expected,
        remedy=f"Write it as {expected}, or have it reviewed.",
    )
