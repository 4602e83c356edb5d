"""The check that only the application sets the context: no session default and no function does."""

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

_EXPECTED = "the context set by the application alone, in each transaction"


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
    """No session starts with a tenant or with disabled enforcement, and no function sets the tenant.

    Why: Policies trust the context: a value set for a session, a role or a database decides whose rows are read.
    Reads: pg_db_role_setting, the initial context of the session of Basewatch, and the SET clauses and bodies of the
    functions that a tenant-bound role may call. Values of context settings are not read.
    Unverified when: A function sets a setting with a computed name.
    Fix: ALTER ROLE or ALTER DATABASE ... RESET the setting; REVOKE EXECUTE on the function, or approve it in
    tenancy.approved_objects.
    Source: https://www.postgresql.org/docs/15/sql-alterrole.html
    """
    access = effective_access(facts, database.tenancy)
    by_scope: dict[str, list[Flaw]] = defaultdict(list)
    for scope, flaw in session_default_flaws(access):
        by_scope[scope].append(flaw)
    found = [_judge_defaults(scope, flaws) for scope, flaws in by_scope.items()]
    found += [_judge_function(access, setter) for setter in context_functions(access, now)]
    checked = f"{len(facts.role_settings)} settings and {len(facts.functions)} functions"
    yield from findings_or_pass(found, "Only the application sets the context", observed=checked)


def _judge_defaults(scope: str, flaws: list[Flaw]) -> Verdict:
    return flaw_verdict(scope, f"Session defaults of {scope} weaken the isolation", flaws, expected=_EXPECTED)


def _judge_function(access: EffectiveAccess, setter: ContextSetter) -> Verdict:
    function = setter.function
    entry = Approvable.of(access, "function", function.name, function.digest)
    observed = f"{setter.how.what}; called by {setter.called_by}"
    if setter.how.certain:
        flaw = Flaw(severity=setter.how.severity, what=observed, repair=setter.repair)
        summary = f"The function {function.name} sets the context"
        return flaw_verdict(function.name, summary, [flaw], expected=_EXPECTED, approvable=entry)
    return unverified(
        Reason.UNSUPPORTED,
        f"Whether {function.name} sets the context is unknown",
        subject=function.name,
        observed=observed,
        expected=_EXPECTED,
        remedy=f"{setter.repair} {entry.offer()}",
    )
