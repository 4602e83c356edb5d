"""The check that no function hands a principal rights it does not have, and none undermines a policy."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from basewatch.check import check
from basewatch.components import Database
from basewatch.model import Proof, Severity, Verdict
from checks.tenancy.code.bodies import bare, code
from checks.tenancy.code.definers import definer_flaws
from checks.tenancy.code.shadows import called_by_policies, shadowing_flaws
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
from checks.tenancy.showing import showing
from isolation.inventory import Inventory
from isolation.inventory.code import Function
from isolation.inventory.reading import inventory
from isolation.inventory.relations import Relation
from isolation.inventory.world import World, world

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
    uses = Uses(
        reading=reading_context(known),
        guarding=frozenset(oid for policy in facts.policies for oid in policy.functions),
        called=called_by_policies(known),
    )
    found = (judge_function(known, function, uses, now) for function in facts.functions)
    summary = "No function gives a tenant-bound role more rights than its own"
    yield from closed_world((each for each in found if each), summary, observed=f"{len(facts.functions)} functions")


@dataclass(frozen=True, slots=True, kw_only=True)
class Uses:
    """Which functions read the context, which ones policies ask, and the names of built-ins that policies call."""

    reading: frozenset[int]
    guarding: frozenset[int]
    called: frozenset[str]


def judge_function(known: World, function: Function, uses: Uses, now: datetime) -> Verdict | None:
    """The finding on one function, if there is any."""
    entry = Entry(kind="function", name=function.name, digest=function.digest)
    flaws = standing_flaws(_flaws(known, function, uses), entry, known, now)
    if not flaws:
        return None
    summary = f"The function {function.name} undermines the isolation of tenants"
    return judged(function.name, summary, flaws, expected=_EXPECTED, entry=entry)


def reading_context(known: World) -> frozenset[int]:
    """The functions that read the context, by themselves or through another function that they name."""
    words = {"current_setting", *known.tenancy.context}
    functions = known.inventory.functions
    names = {function.oid: bare(function) for function in functions}
    calls = {function.oid: set(re.findall(r"(\w+)\"?\s*\(", code(function))) for function in functions}
    found = {function.oid for function in functions if words & set(function.mentions)}
    while True:
        reading = {names[oid] for oid in found}
        more = {oid for oid, called in calls.items() if oid not in found and called & reading}
        if not more:
            return frozenset(found)
        found |= more


def _flaws(known: World, function: Function, uses: Uses) -> Iterator[Flaw]:
    reads, guards = function.oid in uses.reading, function.oid in uses.guarding
    if guards:
        yield from _rewritten(known, function)
    if function.volatility == "i" and reads and guards:
        yield Flaw(
            severity=Severity.CRITICAL,
            what="it is IMMUTABLE and reads the tenant, and a policy asks it: a plan keeps the tenant it was made for",
            repair=f"ALTER FUNCTION {function.name} STABLE;",
            personal=False,
            about=tuple(about for each in _guarded(known, function) for about in showing(known, each)),
        )
    if bare(function) in uses.called:
        yield from shadowing_flaws(known, function)
    if function.returns not in _FIRES:
        yield from definer_flaws(known, function)
        yield from _opaque(known, function, reads=reads and not guards)


def _guarded(known: World, function: Function) -> Iterator[Relation]:
    """The tables with a policy that asks the function."""
    for oid in {policy.relation for policy in known.inventory.policies if function.oid in policy.functions}:
        if (relation := known.relation(oid)) is not None:
            yield relation


def _rewritten(known: World, function: Function) -> Iterator[Flaw]:
    # Who owns the table as well is told where roles are: the function adds nothing to that.
    owners = {relation.owner for relation in _guarded(known, function)}
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
