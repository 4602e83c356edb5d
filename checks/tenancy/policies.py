"""The check that policies hold every row to the current tenant, for reading and for writing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from basewatch.affected import with_affected
from basewatch.check import check
from basewatch.components import Database
from basewatch.model import Proof, Reason, Severity, Verdict, failed, not_applicable, passed, unverified
from checks.tenancy.showing import visible_through
from isolation.access.effective_access import EffectiveAccess, effective_access
from isolation.inventory import Inventory
from isolation.inventory.relations import Relation
from isolation.inventory.snapshot import inventory
from isolation.proof import ProofObligation, ProofStatus, expected_expression, proof_obligations, repair

_SHOWN = 6
# How much of an expression is shown.
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
    """The policies of every tenant table let each tenant-bound role reach the current tenant's rows alone.

    Why: Row-level security can be enabled, forced and open: permissive policies are joined by OR, so one that says
    true, or names another setting, undoes all the others.
    Reads: pg_policy with the stored trees of its expressions, and all they call and read; for each principal and each
    role it can become, SELECT, INSERT, UPDATE and DELETE by themselves.
    Unverified when: An expression has a shape that is not known to hold, such as a function that nobody vouches for;
    a waiver for its digest says that somebody read it.
    Fix: Rewrite the policy to compare the tenant key with current_setting() of the tenant context, in USING and in
    WITH CHECK, and drop any permissive policy beside it.
    Source: https://www.postgresql.org/docs/15/sql-createpolicy.html
    """
    made = effective_access(facts, database.tenancy)
    found = proof_obligations(made, now)
    for relation in made.tenant_tables():
        yield judge_gates(made, relation, [one for one in found if one.relation == relation.oid])


def judge_gates(access: EffectiveAccess, relation: Relation, gates: Sequence[ProofObligation]) -> Verdict:
    """The verdict on one table from what is known of its gates."""
    name = access.declared_name(relation)
    asked = [gate for gate in gates if gate.status not in {ProofStatus.EXEMPT, ProofStatus.DISABLED}]
    if not asked:
        why = "row security is not asked there" if gates else "no tenant-bound role reaches it"
        return not_applicable(f"{name} has no policy to judge: {why}", subject=name)
    opened = [gate for gate in asked if gate.status is ProofStatus.REFUTED]
    if opened:
        return _open(access, relation, opened)
    unproven = [gate for gate in asked if gate.status is ProofStatus.UNPROVEN and not gate.waived]
    if unproven:
        return _unproven(access, relation, unproven)
    waived = sum(gate.status is ProofStatus.UNPROVEN for gate in asked)
    denied = sum(gate.status is ProofStatus.DEFAULT_DENY for gate in asked)
    counted = [f"{len(asked) - waived - denied} gates proven"]
    counted += [f"{denied} closed to all"] if denied else []
    counted += [f"{waived} by a waiver"] if waived else []
    lines = dict.fromkeys(line for gate in asked for line in gate.justifications)
    return passed(
        f"The policies of {name} hold rows to the current tenant",
        subject=name,
        observed="; ".join([", ".join(counted), *list(lines)[:_SHOWN]]),
        expected=expected_expression(access, relation),
    )


def _open(access: EffectiveAccess, relation: Relation, gates: Sequence[ProofObligation]) -> Verdict:
    name = access.declared_name(relation)
    own = {policy.name: policy for policy in access.policies_on(relation)}
    named = dict.fromkeys(gate.policy for gate in gates if gate.policy in own)
    repairs = [repair(access, relation, own[policy]) for policy in named]
    verdict = failed(
        f"A policy of {name} lets other tenants' rows through",
        subject=name,
        observed=_said(access, relation, gates),
        expected=expected_expression(access, relation),
        remedy=" ".join(repairs) or f"Hold {name} by: {expected_expression(access, relation)}",
    )
    themselves = {gate.principal for gate in gates if len(gate.role_path) == 1}
    return with_affected(verdict, (about for each in themselves for about in visible_through(access, relation, each)))


def _unproven(access: EffectiveAccess, relation: Relation, gates: Sequence[ProofObligation]) -> Verdict:
    name = access.declared_name(relation)
    digests = ", ".join(dict.fromkeys(gate.digest for gate in gates))
    shape = expected_expression(access, relation)
    rewrite = f"Write it as {shape}. " if shape else "Declare in tenancy.keys whose rows they are. "
    return unverified(
        Reason.UNSUPPORTED,
        f"A policy of {name} has a shape that is not known to hold rows to the tenant",
        subject=name,
        observed=_said(access, relation, gates),
        expected=shape,
        remedy=f"{rewrite}Or, when it was read and holds, under tenancy.waivers, for each digest of {digests}: "
        "{digest: ..., owner: ..., reason: ..., until: ...}",
    )


def _said(access: EffectiveAccess, relation: Relation, gates: Sequence[ProofObligation]) -> str:
    """What is known of the gates: those of one cause together, with the roles and the way to them."""
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
    """A policy by its name and its expressions, whose constants are blanked; empty without a name."""
    stored = next((policy for policy in access.policies_on(relation) if policy.name == name), None)
    if stored is None:
        return f"policy {name}: " if name else ""
    texts = dict.fromkeys(part.text for part in (stored.using, stored.check) if part)
    shown = ", ".join(text if len(text) <= _WIDTH else f"{text[:_WIDTH]}…" for text in texts)
    return f"policy {name} {shown if shown.startswith('(') else f'({shown})'}: "
