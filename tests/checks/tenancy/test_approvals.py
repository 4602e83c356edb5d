"""An approval dies with anything that the approved object leans on: the leak is open, and the finding is back."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import TypedDict, cast

import psycopg
import pytest

from basewatch.components import Database
from basewatch.model import Finding, Status
from basewatch.tenancy import ApprovedObject, ApprovedPredicate, ObjectKind
from demo.database import SandboxDatabase
from demo.tenants import CANARY_A, CANARY_B
from tests.checks.tenancy.looking import SECUREBASE, look
from tests.checks.tenancy.statics import Change, changed, facts_of

pytestmark = pytest.mark.slow


class _Read(TypedDict):
    owner: str
    reason: str
    until: date


_ENTRY = re.compile(r'\{kind: (\w+), name: ("(?:[^"\\]|\\.)*"), digest: (sha256:\w{64}), owner')
_WAIVER = re.compile(r"\{digest: (sha256:\w{64}), owner")
READ: _Read = {"owner": "platform", "reason": "was read", "until": date(2027, 6, 30)}
STATIC = "tenancy.rls.*"
CONTEXT = "nullif(current_setting('app.current_customer_id', true), '')"
RESTORED = f"ALTER POLICY tenant_isolation ON usage_metrics USING (customer_id = {CONTEXT}::uuid);"
READS = "SELECT customer_id FROM usage_metrics"
SEES = "CREATE {0} FUNCTION sees(one uuid) RETURNS bool LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN {1}; END $$;"
MINE = SEES.format("", f"one = {CONTEXT}::uuid")
EVERYTHING = SEES.format("OR REPLACE", "true")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is made and approved as its findings say, what is changed below it, and what then leaks to app."""

    makes: str
    changes: str
    leak: str
    undoes: str
    context: str = ""
    back: str


CASES = {
    "a waived predicate": Case(
        makes="CREATE FUNCTION helper(one uuid) RETURNS bool LANGUAGE plpgsql STABLE AS "
        "$$ BEGIN RETURN sees(one); END $$;"
        "ALTER POLICY tenant_isolation ON usage_metrics USING (helper(customer_id));",
        changes=EVERYTHING,
        leak=READS,
        undoes=RESTORED + "DROP FUNCTION helper, sees;",
        back="usage_metrics",
    ),
    "a context function": Case(
        makes="CREATE FUNCTION claimed() RETURNS uuid LANGUAGE plpgsql STABLE AS "
        f"$$ BEGIN IF true THEN RETURN {CONTEXT}::uuid; END IF; END $$;"
        "CREATE FUNCTION helper() RETURNS uuid LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN claimed(); END $$;"
        "ALTER POLICY tenant_isolation ON usage_metrics USING (customer_id = helper());",
        changes="CREATE OR REPLACE FUNCTION claimed() RETURNS uuid LANGUAGE plpgsql STABLE AS "
        "$$ BEGIN RETURN current_setting('app.other')::uuid; END $$;",
        leak=f"SELECT set_config('app.other', '{CANARY_B}', true); {READS}",
        undoes=RESTORED + "DROP FUNCTION helper, claimed, sees;",
        context="public.helper()",
        back="usage_metrics",
    ),
    "a function with its owner's rights": Case(
        makes="CREATE FUNCTION usage() RETURNS SETOF usage_metrics LANGUAGE sql STABLE SECURITY DEFINER "
        "SET search_path = pg_catalog, pg_temp AS "
        "$$ SELECT * FROM public.usage_metrics WHERE public.sees(customer_id) $$;",
        changes=EVERYTHING,
        leak="SELECT customer_id FROM usage()",
        undoes="DROP FUNCTION usage, sees;",
        back="public.usage()",
    ),
    "a view with its owner's rights": Case(
        makes="CREATE VIEW usage AS SELECT * FROM usage_metrics WHERE sees(customer_id); GRANT SELECT ON usage TO app;",
        changes=EVERYTHING,
        leak="SELECT customer_id FROM usage",
        undoes="DROP VIEW usage; DROP FUNCTION sees;",
        back="usage",
    ),
    "a membership that its waiver leans on": Case(
        makes="CREATE TABLE teams (login name, customer_id uuid);"
        "CREATE FUNCTION mine(one uuid) RETURNS bool LANGUAGE plpgsql STABLE SECURITY DEFINER "
        "SET search_path = pg_catalog, pg_temp AS $$ BEGIN RETURN EXISTS "
        "(SELECT FROM public.teams t WHERE t.login = session_user AND t.customer_id = one); END $$;"
        "ALTER POLICY tenant_isolation ON usage_metrics USING (mine(customer_id));",
        changes="GRANT INSERT ON teams TO app;",
        leak=f"INSERT INTO teams VALUES ('app', '{CANARY_B}'); {READS}",  # noqa: S608  # written here
        undoes=RESTORED + "DROP FUNCTION mine, sees; DROP TABLE teams;",
        back="usage_metrics",
    ),
}


def approved(database: SandboxDatabase, findings: Iterable[Finding], context: str) -> Database:
    """SecureBase with every entry that the findings offer, or with a context function."""
    remedies = " ".join(finding.remedy for finding in findings if finding.status in {Status.FAIL, Status.UNVERIFIED})
    entries = {(kind, name[1:-1], digest) for kind, name, digest in _ENTRY.findall(remedies)}
    entries |= {("function", each.name, each.digest) for each in facts_of(database).functions if each.name == context}
    objects = (
        ApprovedObject(kind=cast("ObjectKind", kind), name=name, digest=digest, returns_tenant=name == context, **READ)
        for kind, name, digest in sorted(entries)
    )
    waivers = (ApprovedPredicate(digest=digest, **READ) for digest in _WAIVER.findall(remedies) if not context)
    tenancy = SECUREBASE.tenancy.model_copy(
        update={"approved_objects": tuple(objects), "approved_predicates": tuple(waivers)}
    )
    return SECUREBASE.model_copy(update={"tenancy": tenancy})


def rows(database: SandboxDatabase, statements: str) -> int:
    """How many rows of canary B the last statement returns to app, acting for canary A; an error is none."""
    with psycopg.connect(database.app_url) as connection:
        connection.execute("SELECT set_config('app.current_customer_id', %s, true)", (CANARY_A,))
        try:
            cursor = connection.execute(statements.encode())
        except psycopg.errors.InsufficientPrivilege:
            return 0
        while cursor.nextset():
            pass
        found = sum(str(customer) == CANARY_B for (customer,) in cursor)
        connection.rollback()
        return found


def complaints(database: SandboxDatabase, component: Database) -> set[str]:
    """The subjects of the static checks that are not green."""
    found = look(database.url, component, only=STATIC)
    return {finding.subject for finding in found if finding.status in {Status.FAIL, Status.UNVERIFIED}}


@pytest.mark.parametrize("name", CASES)
def test_an_approval_dies_with_what_it_leans_on(box_database: SandboxDatabase, name: str) -> None:
    """Approved as its findings say, everything is green; a change below opens a leak, and brings the finding back."""
    case = CASES[name]
    with changed(box_database, Change(name=name, does=MINE + case.makes, undoes=case.undoes)):
        component = approved(box_database, look(box_database.url, only=STATIC), case.context)
        assert complaints(box_database, component) == set()
        assert rows(box_database, case.leak) == 0
        box_database.execute(case.changes)
        assert rows(box_database, case.leak) > 0
        found = look(box_database.url, component, only=STATIC)
        assert case.back in {one.subject for one in found if one.status in {Status.FAIL, Status.UNVERIFIED}}
