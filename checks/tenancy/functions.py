"""The check that no function hands a principal rights it does not have, and none undermines a policy."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from basewatch.check import check
from basewatch.components import Database
from basewatch.model import Proof, Severity, Verdict
from checks.tenancy.definers import definer_flaws
from checks.tenancy.flaws import (
    Entry,
    Flaw,
    closed_world,
    granted_paths,
    grantees,
    judged,
    ordinary,
    owning,
    paths,
    standing_flaws,
)
from checks.tenancy.inventory import Inventory
from checks.tenancy.inventory.code import Function
from checks.tenancy.inventory.reading import inventory
from checks.tenancy.inventory.world import World, world
from checks.tenancy.shadows import shadowing_flaws

# pg_type: trigger and event_trigger. What returns them fires, and is never called.
_FIRES: Final = frozenset({2279, 3838})
_EXPECTED = "no function that runs with rights of others, hides what it does, or undermines a policy"


@check(
    "tenancy.rls.functions",
    component=Database,
    observe=inventory,
    severity=Severity.CRITICAL,
    proof=Proof.CONFIGURATION,
    needs=("sql:CONNECT",),
    promises=("tenancy",),
)
def no_function_leads_past_policies(facts: Inventory, database: Database, now: datetime) -> Iterator[Verdict]:
    """No function that a tenant-bound role may call runs with more rights than its own, and none undermines a policy.

    Why: A SECURITY DEFINER function reads what its owner reads, a LEAKPROOF one sees rows before the policy does, an
    IMMUTABLE one is folded into a plan with the tenant it was planned for.
    Reads: pg_proc, with its grants and those of schemas; what policies depend on; the search_path of principals.
    Unverified when: The catalogue cannot be read.
    Fix: REVOKE EXECUTE ON FUNCTION ... FROM PUBLIC, make it SECURITY INVOKER, or read it and vouch for it.
    Source: https://www.postgresql.org/docs/15/sql-createfunction.html
    """
    known = world(facts, database.tenancy)
    reads = reading_context(known)
    guarding = {oid for policy in facts.policies for oid in policy.functions}
    found = (
        judge_function(known, function, now, reads=function.oid in reads, guards=function.oid in guarding)
        for function in facts.functions
    )
    summary = "No function gives a tenant-bound role more rights than its own"
    yield from closed_world((each for each in found if each), summary, observed=f"{len(facts.functions)} functions")


def judge_function(known: World, function: Function, now: datetime, *, reads: bool, guards: bool) -> Verdict | None:
    """The finding on one function, if there is any: `reads` the context, and `guards` rows as part of a policy."""
    entry = Entry(kind="function", name=function.name, digest=function.digest)
    flaws = standing_flaws(_flaws(known, function, reads=reads, guards=guards), entry, known, now)
    if not flaws:
        return None
    summary = f"The function {function.name} undermines the isolation of tenants"
    return judged(function.name, summary, flaws, expected=_EXPECTED, entry=entry)


def reading_context(known: World) -> frozenset[int]:
    """The functions that read the context, by themselves or through another function that they name."""
    words = {"current_setting", *known.tenancy.context}
    functions = known.inventory.functions
    found = {function.oid for function in functions if words & set(function.mentions)}
    bodies = {function.oid: set(re.findall(r"(\w+)\"?\s*\(", function.body)) for function in functions}
    while more := {
        oid for oid, called in bodies.items() if oid not in found and called & {_bare(known, one) for one in found}
    }:
        found |= more
    return frozenset(found)


def _bare(known: World, oid: int) -> str:
    function = known.function(oid)
    return function.name.partition("(")[0].rpartition(".")[2].strip('"') if function else ""


def _flaws(known: World, function: Function, *, reads: bool, guards: bool) -> Iterator[Flaw]:
    if guards:
        yield from _rewritten(known, function)
    if function.volatility == "i" and reads and guards:
        yield Flaw(
            severity=Severity.CRITICAL,
            what="it is IMMUTABLE and reads the tenant, and a policy asks it: a plan keeps the tenant it was made for",
            repair=f"ALTER FUNCTION {function.name} STABLE;",
            personal=False,
        )
    yield from shadowing_flaws(known, function)
    if function.returns not in _FIRES:
        yield from definer_flaws(known, function)
        yield from _opaque(known, function, reads=reads and not guards)


def _rewritten(known: World, function: Function) -> Iterator[Flaw]:
    # Who owns the table as well is told where roles are: the function adds nothing to that.
    tables = {policy.relation for policy in known.inventory.policies if function.oid in policy.functions}
    owners = {relation.owner for oid in tables if (relation := known.relation(oid))}
    found = [b for b in owning(known, function.owner) if owners.isdisjoint(known.inherited(b.role.oid))]
    if found:
        yield Flaw(
            severity=Severity.CRITICAL,
            what=f"a policy asks it, and {paths(found)} may rewrite it, having the rights of its owner",
            repair=f"ALTER FUNCTION {function.name} OWNER TO <a role that no principal can become>;",
            personal=False,
        )


def _opaque(known: World, function: Function, *, reads: bool) -> Iterator[Flaw]:
    callers = ordinary(known.executable_by(function), known)
    if not callers:
        return
    who = granted_paths(known, callers, function.grants)
    revoke = f"REVOKE EXECUTE ON ROUTINE {function.name} FROM {grantees(known, callers, function.grants, 'EXECUTE')};"
    if function.leakproof and not function.extension:
        what = f"it is LEAKPROOF, so that {who} may have it see rows before the policy hides them"
        repair = f"ALTER FUNCTION {function.name} NOT LEAKPROOF;"
        yield Flaw(severity=Severity.HIGH, what=what, repair=repair)
    # An aggregate is made of functions that are judged by themselves, and its own language is `internal`.
    if not function.trusted and not function.extension and function.kind != "a":
        what = f"{who} may call it, and it is written in {function.language}, which no policy and no privilege binds"
        yield Flaw(severity=Severity.HIGH, what=what, repair=revoke)
    if function.volatility == "i" and reads:
        what = f"it is IMMUTABLE and reads the tenant, and {who} may call it: a plan keeps the tenant it was made for"
        yield Flaw(severity=Severity.MEDIUM, what=what, repair=f"ALTER FUNCTION {function.name} STABLE;")
