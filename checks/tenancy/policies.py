"""The check that policies restrict reads and writes to the rows of the current tenant."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime

from basewatch.affected import with_affected
from basewatch.check import check
from basewatch.components import Database
from basewatch.model import Proof, Reason, Severity, Verdict, failed, not_applicable, passed, unverified
from checks.tenancy.flaws import review_text, revoke_from, uncovered_text, visible_through
from checks.tenancy.relations.global_rows import global_rows_offer
from checks.tenancy.unread_functions import function_offers
from isolation.access.effective_access import EffectiveAccess, effective_access
from isolation.inventory import Inventory
from isolation.inventory.relations import Relation
from isolation.inventory.snapshot import inventory
from isolation.proof import (
    ProofObligation,
    ProofStatus,
    expected_expression,
    parent_key_repair,
    proof_obligations,
    repair,
    rewrite,
)

_SHOWN = 6
# Characters of an expression that are shown.
_WIDTH = 160


@check(
    "tenancy.rls.policies",
    component=Database,
    observe=inventory,
    severity=Severity.CRITICAL,
    proof=Proof.CONFIGURATION,
    needs=("sql:CONNECT",),
    promises=("tenancy",),
    explained_by=("tenancy.rls.functions",),
)
def policies_restrict_rows_to_the_tenant(facts: Inventory, database: Database, now: datetime) -> Iterator[Verdict]:
    """The policies of every tenant table restrict each tenant-bound role to the rows of the current tenant.

    Why: Row-level security can be enabled and forced, and still be open: permissive policies are combined with OR, so
    one policy that is always true, or that uses another setting, disables all others.
    Reads: pg_policy with the stored trees of its expressions, and the functions and relations that they use. Each
    principal and each role that it can become is checked separately for SELECT, INSERT, UPDATE and DELETE.
    Unverified when: An expression cannot be proven, for example because it calls a function that is not approved. A
    waiver with its digest accepts an expression that was reviewed.
    Fix: Compare the tenant key with current_setting() of the tenant context, in USING and in WITH CHECK, and drop
    every other permissive policy.
    Source: https://www.postgresql.org/docs/15/sql-createpolicy.html
    """
    access = effective_access(facts, database.tenancy)
    gates = defaultdict[int, list[ProofObligation]](list)
    for one in proof_obligations(access, now):
        gates[one.relation].append(one)
    for relation in access.tenant_tables():
        yield judge_gates(access, relation, gates[relation.oid], now)


def judge_gates(
    access: EffectiveAccess, relation: Relation, gates: Sequence[ProofObligation], now: datetime
) -> Verdict:
    """The verdict on one table from the status of its gates."""
    name = access.declared_name(relation)
    applied = [gate for gate in gates if gate.status not in {ProofStatus.EXEMPT, ProofStatus.DISABLED}]
    if not applied:
        why = "row security does not apply to it" if gates else "no tenant-bound role reaches it"
        return not_applicable(f"{name} has no policy to check: {why}", subject=name)
    opened = [gate for gate in applied if gate.status is ProofStatus.REFUTED]
    if opened:
        return _open(access, relation, opened, now)
    unproven = [gate for gate in applied if gate.status is ProofStatus.UNPROVEN and not gate.waived]
    if unproven:
        return _unproven(access, relation, unproven)
    waived = sum(gate.status is ProofStatus.UNPROVEN for gate in applied)
    denied = sum(gate.status is ProofStatus.DEFAULT_DENY for gate in applied)
    counted = [f"{len(applied) - waived - denied} gates proven"]
    counted += [f"{denied} denied by default"] if denied else []
    counted += [f"{waived} accepted by a waiver"] if waived else []
    lines = dict.fromkeys(line for gate in applied for line in gate.justifications)
    return passed(
        f"The policies of {name} restrict rows to the current tenant",
        subject=name,
        observed="; ".join([", ".join(counted), *list(lines)[:_SHOWN]]),
        expected=expected_expression(access, relation),
    )


def _open(access: EffectiveAccess, relation: Relation, gates: Sequence[ProofObligation], now: datetime) -> Verdict:
    name = access.declared_name(relation)
    own = {policy.name: policy for policy in access.policies_on(relation)}
    named = dict.fromkeys(gate.policy for gate in gates if gate.policy in own)
    repairs = _keep_memberships(access, gates) or repair(access, relation, [own[policy] for policy in named])
    offer = global_rows_offer(access, relation, now)
    verdict = failed(
        f"A policy of {name} allows access to rows of other tenants",
        subject=name,
        observed=_reasons(access, relation, gates),
        expected=expected_expression(access, relation),
        remedy=f"{repairs or f'Restrict {name} by: {expected_expression(access, relation)}'} {offer}".rstrip(),
    )
    themselves = {gate.principal for gate in gates if len(gate.role_path) == 1}
    return with_affected(
        verdict, (affected for each in themselves for affected in visible_through(access, relation, each))
    )


def _keep_memberships(access: EffectiveAccess, gates: Sequence[ProofObligation]) -> str:
    """The statements after which no principal can make itself a member; empty if every gate is open without that."""
    members = access.tenancy.members
    table = access.relation_named(members.table) if members else None
    if table is None or not all(gate.reason.endswith(("can write", "can join any tenant")) for gate in gates):
        return ""
    roles = {gate.role for gate in gates}
    reached = [each for each in access.all_reachable_roles() if each.role.name in roles]
    grants = (*table.grants, *(grant for column in table.columns for grant in column.grants))
    each = ((privilege, revoke_from(access, reached, grants, privilege)) for privilege in ("INSERT", "UPDATE"))
    return " ".join(f"REVOKE {privilege} ON {access.sql_name(table)} FROM {who};" for privilege, who in each if who)


def _unproven(access: EffectiveAccess, relation: Relation, gates: Sequence[ProofObligation]) -> Verdict:
    name = access.declared_name(relation)
    shape = expected_expression(access, relation)
    used = {name for gate in gates for name in gate.policies}
    functions = function_offers(access, [policy for policy in access.policies_on(relation) if policy.name in used])
    return unverified(
        Reason.UNSUPPORTED,
        f"A policy of {name} cannot be proven to restrict rows to the tenant",
        subject=name,
        observed=_reasons(access, relation, gates),
        expected=shape,
        remedy=f"{_rewrites(access, relation, gates)} {functions}{_waiver(access, relation, gates)}",
    )


def _rewrites(access: EffectiveAccess, relation: Relation, gates: Sequence[ProofObligation]) -> str:
    """The statements that make the policies of a table ask for the tenant alone, or what to declare first."""
    if missing := parent_key_repair(access, relation):
        return missing
    named = {gate.policy for gate in gates}
    policies = (policy for policy in access.policies_on(relation) if policy.name in named)
    rewrites = [text for policy in policies if (text := rewrite(access, relation, policy))]
    if rewrites:
        return f"If it has to ask for the tenant alone (otherwise keep the rest by AND): {' '.join(rewrites)}"
    if not any(named):
        return "Repair first what tenancy.rls.engine reports: nothing can be proven about this server."
    if access.tenant_key(relation) is None:
        return "Declare the tenant key of the table in tenancy.keys."
    return "Declare where the tenant is: tenancy.claim if the setting is JSON, or the function that returns it."


def _waiver(access: EffectiveAccess, relation: Relation, gates: Sequence[ProofObligation]) -> str:
    """How to accept expressions as they are: the last resort of a remedy, with its condition first."""
    used = {name for gate in gates for name in gate.policies}
    stored = (each for policy in access.policies_on(relation) if policy.name in used for each in policy.expressions)
    covered = access.coverage(expression.digest for expression in stored)
    entries = ", ".join(
        f"{{digest: {digest}, owner: ..., reason: ..., until: ...}}"
        for digest in dict.fromkeys(gate.digest for gate in gates)
    )
    return (
        f"Only if the expression must stay as it is and {review_text(covered.reached)}, add to "
        f"tenancy.approved_predicates: {entries}{uncovered_text(covered.uncovered)}"
    )


def _reasons(access: EffectiveAccess, relation: Relation, gates: Sequence[ProofObligation]) -> str:
    """The reasons for the status of the gates, grouped by policy and reason, each with its role paths."""
    causes = dict[tuple[str, str], list[str]]()
    for gate in gates:
        where = f"{' -> '.join(gate.role_path)}: {gate.gate}"
        causes.setdefault((gate.policy, gate.reason), []).append(where)
    lines = [
        f"{', '.join(where)}: {_policy(access, relation, policy)}{reason}" for (policy, reason), where in causes.items()
    ]
    more = [f"and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else []
    return "; ".join([*lines[:_SHOWN], *more])


def _policy(access: EffectiveAccess, relation: Relation, name: str) -> str:
    """A policy by its name and its redacted expressions; empty without a name."""
    stored = next((policy for policy in access.policies_on(relation) if policy.name == name), None)
    if stored is None:
        return f"policy {name}: " if name else ""
    texts = dict.fromkeys(part.text for part in (stored.using, stored.check) if part)
    shown = ", ".join(text if len(text) <= _WIDTH else f"{text[:_WIDTH]}…" for text in texts)
    return f"policy {name} {shown if shown.startswith('(') else f'({shown})'}: "
