"""The check that no function gives a principal additional rights or weakens a policy."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from basewatch.check import check
from basewatch.components import Database
from basewatch.model import Proof, Severity, Verdict
from checks.tenancy.flaws import (
    Approvable,
    Flaw,
    findings_or_pass,
    flaw_verdict,
    grant_paths,
    revoke_from,
    role_paths,
    unapproved_flaws,
    visible_through,
    with_owner_rights,
    without_superusers,
)
from checks.tenancy.ownership import change_owner
from checks.tenancy.stored_code.evaluated_rows import evaluated_by_policies, showing_flaws
from checks.tenancy.stored_code.function_bodies import bare_name, normalized_body
from checks.tenancy.stored_code.replaceable import replaceable_uses
from checks.tenancy.stored_code.security_definer import definer_flaws
from checks.tenancy.stored_code.shadowing import builtins_in_policies, shadowing_flaws
from isolation.access.effective_access import EffectiveAccess, effective_access
from isolation.inventory import Inventory
from isolation.inventory.code import Function
from isolation.inventory.relations import Relation
from isolation.inventory.snapshot import inventory

# OIDs of the types trigger and event_trigger: functions that return them cannot be called directly.
_TRIGGER_TYPES: Final = frozenset({2279, 3838})
_EXPECTED = "no function that runs with other rights, cannot be inspected, or weakens a policy"


@check(
    "tenancy.rls.functions",
    component=Database,
    observe=inventory,
    severity=Severity.CRITICAL,
    proof=Proof.CONFIGURATION,
    needs=("sql:CONNECT",),
    promises=("tenancy",),
)
def no_function_bypasses_policies(facts: Inventory, database: Database, now: datetime) -> Iterator[Verdict]:
    """No function gives the tenant-bound roles that may call it more rights than their own, and none weakens a policy.

    Why: A SECURITY DEFINER function reads with the rights of its owner, a LEAKPROOF function sees rows before policies
    filter them, and the result of an IMMUTABLE function is stored in a plan together with the tenant.
    Reads: pg_proc, the grants on functions and schemas, the dependencies of policies, the search_path of principals.
    Unverified when: The catalogue cannot be read.
    Fix: REVOKE EXECUTE ON FUNCTION ... FROM PUBLIC, make it SECURITY INVOKER, or review it and approve it in
    tenancy.approved_objects.
    Source: https://www.postgresql.org/docs/15/sql-createfunction.html
    """
    access = effective_access(facts, database.tenancy)
    uses = FunctionUses(
        context_readers=context_readers(access),
        policy_functions=frozenset(oid for policy in facts.policies for oid in policy.functions),
        builtins_in_policies=builtins_in_policies(access),
        evaluated=evaluated_by_policies(access),
    )
    found = (judge_function(access, function, uses, now) for function in facts.functions)
    summary = "No function gives a tenant-bound role more rights than its own"
    yield from findings_or_pass((each for each in found if each), summary, observed=f"{len(facts.functions)} functions")


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionUses:
    """The functions that read the context, the functions that policies call, and the built-ins that they call.

    `evaluated` are all that policies run, with one of the tables.
    """

    context_readers: frozenset[int]
    policy_functions: frozenset[int]
    builtins_in_policies: frozenset[str]
    evaluated: Mapping[int, str]


def judge_function(access: EffectiveAccess, function: Function, uses: FunctionUses, now: datetime) -> Verdict | None:
    """The finding on one function, if it has a flaw."""
    entry = Approvable.of(access, "function", function.name, function.digest)
    flaws = unapproved_flaws(_flaws(access, function, uses), entry, access, now)
    if not flaws:
        return None
    summary = f"The function {function.name} weakens the isolation of tenants"
    return flaw_verdict(function.name, summary, flaws, expected=_EXPECTED, approvable=entry)


def context_readers(access: EffectiveAccess) -> frozenset[int]:
    """The functions that read the context, directly or through another function that they call."""
    words = {"current_setting", *access.tenancy.context_settings}
    functions = access.inventory.functions
    names = {function.oid: bare_name(function) for function in functions}
    calls = {function.oid: set(re.findall(r"(\w+)\"?\s*\(", normalized_body(function))) for function in functions}
    found = {function.oid for function in functions if words & set(function.body_keywords)}
    while True:
        reading = {names[oid] for oid in found}
        more = {oid for oid, called in calls.items() if oid not in found and called & reading}
        if not more:
            return frozenset(found)
        found |= more


def _flaws(access: EffectiveAccess, function: Function, uses: FunctionUses) -> Iterator[Flaw]:
    reads, in_policy = function.oid in uses.context_readers, function.oid in uses.policy_functions
    if in_policy:
        yield from _replaceable(access, function)
    yield from replaceable_uses(access, function)
    if function.oid in uses.evaluated:
        yield from showing_flaws(function, uses.evaluated[function.oid])
    if function.volatility == "i" and reads and in_policy:
        yield Flaw(
            severity=Severity.CRITICAL,
            what="it is IMMUTABLE, reads the context, and a policy calls it: a cached plan keeps the first tenant",
            repair=f"ALTER FUNCTION {function.name} STABLE;",
            approvable=False,
            affected=tuple(
                affected
                for each in _tables_with_policies(access, function)
                for affected in visible_through(access, each)
            ),
        )
    if bare_name(function) in uses.builtins_in_policies:
        yield from shadowing_flaws(access, function)
    if function.return_type not in _TRIGGER_TYPES:
        yield from definer_flaws(access, function)
        yield from _opaque(access, function, reads=reads and not in_policy)


def _tables_with_policies(access: EffectiveAccess, function: Function) -> Iterator[Relation]:
    """The tables with a policy that calls the function."""
    for oid in {policy.relation for policy in access.inventory.policies if function.oid in policy.functions}:
        if (relation := access.relation(oid)) is not None:
            yield relation


def _replaceable(access: EffectiveAccess, function: Function) -> Iterator[Flaw]:
    # Roles with the rights of the table owner are reported by tenancy.rls.bypass_roles.
    owners = {relation.owner for relation in _tables_with_policies(access, function)}
    found = [
        b for b in with_owner_rights(access, function.owner) if owners.isdisjoint(access.inherited_roles(b.role.oid))
    ]
    if found:
        yield Flaw(
            severity=Severity.CRITICAL,
            what=f"a policy calls it, and {role_paths(found)} has the rights of its owner and may replace it",
            repair=change_owner(access, "FUNCTION", function.name, function.owner),
            approvable=False,
        )


def _opaque(access: EffectiveAccess, function: Function, *, reads: bool) -> Iterator[Flaw]:
    untrusted = not function.trusted_language and not function.extension and function.kind != "a"
    if not (function.leakproof or untrusted or (function.volatility == "i" and reads)):
        return
    callers = without_superusers(access.executable_by(function), access)
    if not callers:
        return
    who = grant_paths(access, callers, function.grants)
    revoke = (
        f"REVOKE EXECUTE ON ROUTINE {function.name} FROM {revoke_from(access, callers, function.grants, 'EXECUTE')};"
    )
    if function.leakproof:
        what = f"it is LEAKPROOF: in queries of {who} it may see rows before policies filter them"
        repair = f"ALTER FUNCTION {function.name} NOT LEAKPROOF;"
        yield Flaw(severity=Severity.HIGH, what=what, repair=repair)
    # The functions of an aggregate are checked separately; its own language is `internal`.
    if untrusted:
        what = f"{who} may call it, and it is written in {function.language}, which no policy or privilege restricts"
        yield Flaw(severity=Severity.HIGH, what=what, repair=revoke)
    if function.volatility == "i" and reads:
        what = f"it is IMMUTABLE and reads the context, and {who} may call it: a cached plan keeps the first tenant"
        yield Flaw(severity=Severity.MEDIUM, what=what, repair=f"ALTER FUNCTION {function.name} STABLE;")
