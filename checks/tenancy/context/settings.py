"""The check that the context comes from the application alone: no default, and no function that sets it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime

from basewatch.check import check
from basewatch.components import Database
from basewatch.model import Proof, Reason, Severity, Verdict, unverified
from checks.tenancy.context.context_functions import ContextSetter, context_functions
from checks.tenancy.context.session_defaults import session_default_flaws
from checks.tenancy.flaws import Approvable, Flaw, findings_or_pass, flaw_verdict
from isolation.access.effective_access import EffectiveAccess, effective_access
from isolation.inventory import Inventory
from isolation.inventory.snapshot import inventory

_EXPECTED = "the context set by the application, in each transaction, and by nothing else"


@check(
    "tenancy.rls.settings",
    component=Database,
    observe=inventory,
    severity=Severity.CRITICAL,
    proof=Proof.CONFIGURATION,
    needs=("sql:CONNECT",),
    promises=("tenancy",),
)
def only_the_application_sets_the_context(facts: Inventory, database: Database, now: datetime) -> Iterator[Verdict]:
    """No session starts with a tenant or with enforcement switched off, and no function sets the tenant by itself.

    Why: Policies believe the context; whoever sets it for a session, a role or a database says whose rows are read.
    Reads: pg_db_role_setting, the context that our own session starts with, and the SET clauses and bodies of the
    functions that a tenant-bound role may call. No value of a context setting is read.
    Unverified when: A function sets a setting whose name it works out when it runs.
    Fix: ALTER ROLE or ALTER DATABASE ... RESET the setting; REVOKE EXECUTE on the function, or vouch for it.
    Source: https://www.postgresql.org/docs/15/sql-alterrole.html
    """
    made = effective_access(facts, database.tenancy)
    places: dict[str, list[Flaw]] = defaultdict(list)
    for place, flaw in session_default_flaws(made):
        places[place].append(flaw)
    found = [_place(place, flaws) for place, flaws in places.items()]
    found += [_function(made, sets) for sets in context_functions(made, now)]
    looked = f"{len(facts.role_settings)} settings and {len(facts.functions)} functions"
    yield from findings_or_pass(found, "Nothing but the application sets the context", observed=looked)


def _place(place: str, flaws: list[Flaw]) -> Verdict:
    return flaw_verdict(
        place, f"Sessions do not start as they should, by a default of {place}", flaws, expected=_EXPECTED
    )


def _function(access: EffectiveAccess, sets: ContextSetter) -> Verdict:
    function = sets.function
    entry = Approvable(kind="function", name=function.name, digest=function.digest)
    observed = f"{sets.how.what}; called by {sets.called_by}"
    if sets.how.certain:
        flaw = Flaw(severity=sets.how.severity, what=observed, repair=sets.repair)
        summary = f"The function {function.name} says who the tenant is"
        return flaw_verdict(function.name, summary, [flaw], expected=_EXPECTED, approvable=entry)
    return unverified(
        Reason.UNSUPPORTED,
        f"whether {function.name} sets the context is not known",
        subject=function.name,
        observed=observed,
        expected=_EXPECTED,
        remedy=f"{sets.repair} Or read it and vouch for it in tenancy.allowed: {entry}",
    )
