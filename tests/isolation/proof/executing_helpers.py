"""Executes random helper functions on a real PostgreSQL, and compares the visible rows with the proof's results."""

# All SQL is built from the constants of these tests.
# ruff: noqa: S608

from __future__ import annotations

from random import Random
from typing import Final

import psycopg

from basewatch.components import Database
from basewatch.postgres import connect
from basewatch.secrets import Reference, Secret
from isolation.access.effective_access import effective_access
from isolation.inventory.snapshot import inventory
from isolation.proof import ProofStatus, Prover
from tests.isolation.proof.executing import NOW, Tally
from tests.isolation.proof.helper_grammar import HelperGrammar
from tests.isolation.proof.session_functions import ROLE, SCHEMA, TENANCY

ORGS: Final = ("aaaaaaaa-0000-4000-8000-000000000001", "bbbbbbbb-0000-4000-8000-000000000002")
USERS: Final = ("11111111-0000-4000-8000-000000000001", "22222222-0000-4000-8000-000000000002")
_ROWS: Final = f"""
INSERT INTO orgs SELECT unnest(ARRAY['{ORGS[0]}', '{ORGS[1]}']::uuid[]);
INSERT INTO memberships VALUES ('{USERS[0]}', '{ORGS[0]}', 'admin', true), ('{USERS[1]}', '{ORGS[1]}', 'member', true);
INSERT INTO docs SELECT gen_random_uuid(), o, t, w FROM unnest(ARRAY['{ORGS[0]}', '{ORGS[1]}']::uuid[]) o,
  unnest(ARRAY['x', NULL]) t, unnest(ARRAY['{USERS[0]}', '{USERS[1]}', '{ORGS[0]}', '{ORGS[1]}', NULL]::uuid[]) w;
CREATE TABLE tried AS SELECT * FROM docs;
GRANT SELECT ON tried TO {ROLE};
CREATE FUNCTION try(predicates text[]) RETURNS TABLE (number integer, seen uuid[]) LANGUAGE plpgsql AS $$ BEGIN
  FOR n IN 1 .. array_length(predicates, 1) LOOP
    number := n; seen := NULL;
    BEGIN EXECUTE 'SELECT array_agg(DISTINCT org_id) FROM tried AS docs WHERE ' || predicates[n] INTO seen;
    EXCEPTION WHEN others THEN CONTINUE; END;
    IF seen IS NOT NULL THEN RETURN NEXT; END IF;
  END LOOP; END $$;
"""


def fuzz_helpers(url: str, seed: int, count: int) -> Tally:
    """Creates `count` helpers, proves the policies that call them, and executes these for every user.

    `url` is that of a superuser of a database for nothing else.
    """
    grammar, tally = HelperGrammar(Random(seed)), Tally()
    created = dict[int, tuple[str, str]]()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA IF EXISTS public, private, auth CASCADE; CREATE SCHEMA public")
        if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (ROLE,)).fetchone():
            connection.execute(f"CREATE ROLE {ROLE}".encode())
        connection.execute(f"GRANT USAGE ON SCHEMA public TO {ROLE}; {SCHEMA} {_ROWS}".encode())
        for number in range(count):
            create, predicate = grammar.case()
            try:
                connection.execute(f"{create}; CREATE POLICY p{number} ON docs USING ({predicate})".encode())
            except psycopg.Error:
                continue
            created[number] = create, predicate
    statuses = _proven(url)
    tried = [number for number in created if statuses[number] is ProofStatus.PROVEN]
    leaked = _leaks(url, {number: created[number][1] for number in tried})
    tally.statuses.update(str(statuses[number]) for number in created)
    tally.false_proofs.extend(f"{leaked[one]}: {created[one]}" for one in tried if one in leaked)
    return tally


def _proven(url: str) -> dict[int, ProofStatus]:
    component = Database(name="fuzz", cluster="fuzz", url=Reference("env", "X"), tenancy=TENANCY)
    with connect(Secret("env:X", url), run="fuzz") as client:
        access = effective_access(inventory(client, component), TENANCY)
    relation, prover = access.relation_named("docs"), Prover(access, NOW)
    assert relation is not None
    kernel = prover.kernel_for(access.reachable_roles(ROLE)[0], relation)
    policies = [policy for policy in access.policies_on(relation) if policy.using is not None]
    return {int(one.name[1:]): kernel.judge([(one, one.using)], []).status for one in policies if one.using}


def _leaks(url: str, predicates: dict[int, str]) -> dict[int, str]:
    """The predicates that show a row of another organization than the user's, with the first such user."""
    leaked, numbers = dict[int, str](), list(predicates)
    for user, own in ((None, None), ("", None), *zip(USERS, ORGS, strict=True), (ORGS[0], None)):
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"SET ROLE {ROLE}".encode())
            if user is not None:
                connection.execute("SELECT set_config('app.u', %s, false)", (user,))
            rows = connection.execute("SELECT * FROM try(%s)", (list(predicates.values()),)) if numbers else ()
            for number, seen in rows:
                if any(str(org) != own for org in seen):
                    leaked.setdefault(numbers[number - 1], str(user))
    return leaked
