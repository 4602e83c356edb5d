"""A tenant in a JSON setting: the declared claim is the context, and any other claim is another setting."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest

from basewatch.tenancy import ApprovedObject
from demo.database import SandboxDatabase
from isolation.access.effective_access import effective_access
from isolation.proof import ProofStatus, proof_obligations
from tests.isolation.scratch_database import ScratchDatabase, declared, scratch_database

NOW = datetime(2026, 3, 1, tzinfo=UTC)
PROVEN, OPEN, UNPROVEN = ProofStatus.PROVEN, ProofStatus.REFUTED, ProofStatus.UNPROVEN
CLAIMS = "current_setting('request.jwt.claims', true)"
ALIASES = ("request.jwt.claim.org", "request.jwt.claim")
SHORT, TOKEN = (f"nullif(current_setting('{name}', true), '')" for name in ALIASES)
ORG = f"(nullif({CLAIMS}, '')::jsonb -> 'app' ->> 'org')"
SCHEMA = f"""
    CREATE ROLE inv_app LOGIN;
    GRANT USAGE ON SCHEMA public TO inv_app;
    CREATE TABLE tenants (id uuid PRIMARY KEY);
    CREATE TABLE notes (id int PRIMARY KEY, tenant uuid NOT NULL REFERENCES tenants, body jsonb, role text);
    GRANT SELECT ON notes TO inv_app;
    ALTER TABLE notes ENABLE ROW LEVEL SECURITY; ALTER TABLE notes FORCE ROW LEVEL SECURITY;
    CREATE SCHEMA auth;
    CREATE FUNCTION auth.jwt() RETURNS jsonb LANGUAGE sql STABLE SET search_path = ''
        AS $$ SELECT nullif({CLAIMS}, '')::jsonb $$;
    CREATE FUNCTION auth.org() RETURNS uuid LANGUAGE sql STABLE SET search_path = ''
        AS $$ SELECT (auth.jwt() -> 'app' ->> 'org')::uuid $$;
    CREATE FUNCTION auth.unpinned() RETURNS uuid LANGUAGE sql STABLE
        AS $$ SELECT (nullif({CLAIMS}, '')::jsonb -> 'app' ->> 'org')::uuid $$;
    CREATE FUNCTION auth.atomic() RETURNS uuid LANGUAGE sql STABLE
        BEGIN ATOMIC SELECT (auth.jwt() -> 'app' ->> 'org')::uuid; END;
    CREATE FUNCTION auth.other() RETURNS uuid LANGUAGE sql STABLE SET search_path = ''
        AS $$ SELECT (auth.jwt() -> 'app' ->> 'former_org')::uuid $$;
    CREATE FUNCTION auth.reviewed() RETURNS jsonb LANGUAGE plpgsql STABLE
        AS $$ DECLARE found text := {CLAIMS}; BEGIN RETURN found::jsonb; END $$;
"""


@pytest.fixture(scope="module")
def notes(box_database: SandboxDatabase) -> Iterator[ScratchDatabase]:
    """A table without policies, and functions that read a token."""
    with scratch_database(box_database) as scratch:
        scratch.run(SCHEMA)
        yield scratch


def status(database: ScratchDatabase, condition: str) -> ProofStatus:
    """The status of the one gate under one policy, which is dropped again."""
    component = declared()
    claimed = {"context": ("request.jwt.claims",), "claim": ("app", "org"), "context_aliases": ALIASES}
    component = component.model_copy(update={"tenancy": component.tenancy.model_copy(update=claimed)})
    database.run(f"CREATE POLICY own ON notes USING ({condition})")
    try:
        found = database.read(component)
    finally:
        database.run("DROP POLICY own ON notes")
    (digest,) = (one.digest for one in found.functions if one.name == "auth.reviewed()")
    entry = ApprovedObject(
        kind="function", name="auth.reviewed()", digest=digest, owner="x", reason="x", until=date(2027, 1, 1),
        returns_tenant=True,
    )  # fmt: skip
    tenancy = component.tenancy.model_copy(update={"approved_objects": (entry,)})
    (gate,) = proof_obligations(effective_access(found, tenancy), NOW)
    return gate.status


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (f"tenant = ({CLAIMS}::json -> 'app' ->> 'org')::uuid", PROVEN),
        (f"tenant = (nullif({CLAIMS}, '')::jsonb -> 'app' ->> 'org')::uuid", PROVEN),
        (f"tenant = (coalesce(nullif({CLAIMS}, ''), '{{}}')::jsonb -> 'app' ->> 'org')::uuid", PROVEN),
        (f"tenant::text = (SELECT {CLAIMS}::jsonb) -> 'app' ->> 'org'", PROVEN),
        ("tenant = (auth.jwt() -> 'app' ->> 'org')::uuid", PROVEN),
        ("tenant = (SELECT auth.org())", PROVEN),
        ("tenant = auth.atomic()", PROVEN),
        ("tenant = (auth.reviewed() -> 'app' ->> 'org')::uuid", PROVEN),
        # Another claim, another path, another setting.
        (f"tenant = ({CLAIMS}::json ->> 'org')::uuid", OPEN),
        (f"tenant = ({CLAIMS}::json -> 'org' ->> 'app')::uuid", OPEN),
        (f"tenant = ({CLAIMS}::json -> 'app' -> 'org' ->> 'app')::uuid", OPEN),
        ("tenant = (current_setting('request.headers', true)::json -> 'app' ->> 'org')::uuid", OPEN),
        ("tenant = (body -> 'app' ->> 'org')::uuid", OPEN),
        ("tenant = auth.other()", OPEN),
        ("tenant = auth.unpinned()", PROVEN),
        # Its aliases hold the same id or token, or nothing.
        (f"tenant = coalesce({SHORT}, {ORG})::uuid", PROVEN),
        (f"tenant = coalesce({ORG}, {SHORT})::uuid", PROVEN),
        (f"tenant = (coalesce({TOKEN}, nullif({CLAIMS}, ''))::jsonb -> 'app' ->> 'org')::uuid", PROVEN),
        (f"tenant = (coalesce({TOKEN}, nullif({CLAIMS}, ''))::jsonb ->> 'org')::uuid", OPEN),
        (f"tenant = coalesce({SHORT}, {CLAIMS}::jsonb ->> 'org')::uuid", OPEN),
        (f"tenant = coalesce(nullif(current_setting('request.org', true), ''), {ORG})::uuid", OPEN),
        (f"{SHORT} IS NULL OR tenant = {ORG}::uuid", OPEN),
        (f"tenant = coalesce({SHORT}, {ORG}, role)::uuid", OPEN),
        # A token without the claim, or with another one.
        (f"tenant = ({CLAIMS}::json -> 'app' ->> 'org')::uuid OR {CLAIMS} IS NULL", OPEN),
        (f"({CLAIMS}::json -> 'app' ->> 'org') IS NULL OR tenant = ({CLAIMS}::json -> 'app' ->> 'org')::uuid", OPEN),
        (f"tenant = ({CLAIMS}::json -> 'app' ->> 'org')::uuid OR {CLAIMS}::json ->> 'app' = role", OPEN),
        (f"tenant <> ({CLAIMS}::json -> 'app' ->> 'org')::uuid", OPEN),
        (f"tenant = (coalesce({CLAIMS}, '{{\"app\": 1}}')::jsonb -> 'app' ->> 'org')::uuid", UNPROVEN),
        (f"tenant = ({CLAIMS}::jsonb #>> '{{app,org}}')::uuid", UNPROVEN),
        # The whole token is no tenant.
        (f"nullif({CLAIMS}, '') IS NULL", OPEN),
        (f"tenant::text = {CLAIMS}", OPEN),
    ],
)  # fmt: skip
def test_a_claim_is_the_context_where_it_is_the_declared_one(
    notes: ScratchDatabase, condition: str, expected: ProofStatus
) -> None:
    """Only the value at the declared path of the declared setting names the tenant."""
    assert status(notes, condition) is expected


def test_an_operator_of_the_name_of_one_of_json_leaves_bodies_without_a_path_unread(notes: ScratchDatabase) -> None:
    """Without a search_path of the function, a user-defined operator could stand in for PostgreSQL's own."""
    notes.run(
        "CREATE FUNCTION auth.first(jsonb, text) RETURNS text LANGUAGE sql AS $$ SELECT $2 $$; "
        "CREATE OPERATOR auth.->> (LEFTARG = jsonb, RIGHTARG = text, FUNCTION = auth.first)"
    )
    try:
        assert status(notes, "tenant = auth.unpinned()") is UNPROVEN
        assert status(notes, "tenant = (SELECT auth.org())") is PROVEN
    finally:
        notes.run("DROP OPERATOR auth.->> (jsonb, text); DROP FUNCTION auth.first(jsonb, text)")
