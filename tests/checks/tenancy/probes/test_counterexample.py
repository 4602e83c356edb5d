"""A policy that allows a row of another tenant is found by a synthetic row, whatever rows exist."""

from __future__ import annotations

from datetime import date, timedelta

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg import errors

from basewatch.facts import canonical
from basewatch.model import Finding, Reason, Status
from basewatch.postgres import Timeouts
from basewatch.tenancy import ApprovedPredicate
from checks.tenancy.probes.counterexample import no_counterexample_is_found as search
from checks.tenancy.probes.expression_tokens import PrintedConstant, TokenKind, expression_contents, tokenize
from checks.tenancy.probes.trial_rows import MAX_ROWS, synthetic_rows, value_combinations
from checks.tenancy.probes.trial_values import NULL, TrialValue
from demo.database import SandboxDatabase
from demo.tenants import CANARY_A, CANARY_B
from tests.checks.tenancy.probes.other_schemas import REGIONS, REGIONS_DECLARED, WORKSPACES, WORKSPACES_DECLARED
from tests.checks.tenancy.probes.probing import ProbeEndpoints, another, broken, declared, probe, red, statuses

pytestmark = pytest.mark.slow

CTX = "nullif(current_setting('app.current_customer_id', true), '')::uuid"
RAW = "current_setting('app.current_customer_id', true)"
MINE = f"customer_id = {CTX}"
GOD = "11111111-1111-4111-8111-111111111111"
TABLES = ("api_keys", "audit_events", "documents", "invoices", "notifications", "support_tickets", "usage_metrics")
SHORT = timedelta(seconds=1)
POLICY = "ALTER POLICY tenant_isolation ON documents USING ({}) WITH CHECK ({})"
REPAIRS = POLICY.format(MINE, MINE)

LEAKS = {
    "row content that does not exist yet": (f"{MINE} OR title = 'archived'", "title = a constant of the policy"),
    "a flag that starts": (f"{MINE} OR starts_with(title, 'pub')", "title = a constant of the policy"),
    "a number": (f"{MINE} OR size_bytes > 41", "size_bytes = "),
    "a date far off": (f"{MINE} OR created_at > '2031-01-01'", "created_at = "),
    "never set": (f"{RAW} IS NULL OR {MINE}", "on a session without a context"),
    "empty": (f"{RAW} = '' OR {MINE}", "with an empty context"),
    "a god tenant": (f"{MINE} OR {CTX} = '{GOD}'", "in the context of a constant of the policy"),
    "a demo tenant": (f"{MINE} OR customer_id = '{GOD}'", "a row of a constant of the policy"),
    "a flag": (f"{MINE} OR current_setting('app.bypass', true) = 'on'", "with app.bypass set"),
    "a flag of its own word": (f"{MINE} OR current_setting('app.is', true) = 'root'", "with app.is set"),
    "inverted": (f"customer_id <> {CTX}", "a row of canary B"),
    "wildcards": (f"customer_id::text LIKE {RAW}", "with a wildcard"),
    "a prefix": (f"left(customer_id::text, 8) = left({RAW}, 8)", "a row of canary B"),
    "an ending": (f"right(customer_id::text, 4) = right({RAW}, 4)", "similar to canary A"),
    "a list": (f"customer_id = ANY (string_to_array({RAW}, ',')::uuid[])", "with both canaries in the context"),
    "not null": (f"({MINE}) IS NOT NULL", "in the context of canary A"),
    "else true": (
        f"CASE WHEN current_setting('app.s', true) = 't' THEN {MINE} ELSE true END",
        "in the context of canary A",
    ),
    "itself": (f"customer_id = customer_id AND {CTX} IS NOT NULL", "in the context of canary A"),
    "who asks": (f"{MINE} OR current_user = 'app'", "as app"),
    "greater": (f"customer_id >= {CTX}", "a row of canary B"),
    "an error elsewhere": (f"title = 'open' OR customer_id = {RAW}::uuid", "title = a constant of the policy"),
}
SOUND = {
    "plain": MINE,
    "in a sub-select": f"customer_id = (SELECT {CTX})",
    "as text": f"customer_id::text = {RAW}",
    "negated": f"NOT (customer_id <> {CTX})",
    "any": f"customer_id = ANY (ARRAY[{CTX}])",
    "coalesce": f"coalesce({MINE}, false)",
    "case": f"CASE WHEN {CTX} IS NULL THEN false ELSE {MINE} END",
    "narrower": f"{MINE} AND (title = 'x' OR current_setting('app.bypass', true) = 'on')",
    "both branches": f"(title = 'x' AND {MINE}) OR ({MINE} AND size_bytes > 3)",
    "distinct": f"{CTX} IS NOT NULL AND customer_id IS NOT DISTINCT FROM {CTX}",
    "what a constraint forbids": f"{MINE} OR classification = 'for all'",
    "what NOT NULL forbids": f"{MINE} OR title IS NULL OR customer_id IS NULL",
}


def only(checked_url: str, *, table: str = "documents") -> Finding:
    """The one finding that is not green."""
    (finding,) = red(probe(search, checked_url)).values()
    assert finding.subject == table
    return finding


def test_the_demo_has_no_counterexample(box_database: SandboxDatabase) -> None:
    """The policies of SecureBase have no counterexample; the root, which no principal reads, has no predicate."""
    assert statuses(probe(search, box_database.url)) == {
        "customers": Status.NOT_APPLICABLE,
        **dict.fromkeys(TABLES, Status.PASS),
    }


@pytest.mark.parametrize("leak", LEAKS)
def test_each_leak_has_a_counterexample(box_database: SandboxDatabase, leak: str) -> None:
    """A policy that allows a row of another tenant fails its table alone, with a counterexample without values."""
    predicate, words = LEAKS[leak]
    with broken(box_database, POLICY.format(predicate, MINE), REPAIRS):
        checked = probe(search, box_database.url)
    (finding,) = red(checked).values()
    assert (finding.subject, finding.status) == ("documents", Status.FAIL)
    assert words in finding.observed
    assert "INSERT" not in finding.observed
    (evidence,) = checked.evidence
    printed = canonical(evidence.facts) + repr(checked.findings).encode()
    secrets = (CANARY_A, CANARY_B, GOD, "archived", "'root'")
    assert not [secret for secret in secrets if secret.encode() in printed]


@pytest.mark.parametrize("form", SOUND)
def test_no_correct_policy_has_one(box_database: SandboxDatabase, form: str) -> None:
    """A correct policy passes, and so does one that only allows rows that a constraint excludes."""
    with broken(box_database, POLICY.format(SOUND[form], SOUND[form]), REPAIRS):
        assert red(probe(search, box_database.url)) == {}


@pytest.mark.parametrize(
    ("policy", "gates"),
    [
        ("FOR INSERT WITH CHECK (true)", "INSERT of a new row as app"),
        ("FOR UPDATE USING (true) WITH CHECK (false)", "UPDATE as app"),
        ("FOR DELETE USING (true)", "DELETE as app"),
        ("FOR SELECT TO analytics USING (true)", "SELECT as analytics"),
    ],
)
def test_the_open_gate_is_named(box_database: SandboxDatabase, policy: str, gates: str) -> None:
    """Each command is a separate gate, and each principal has its own policies."""
    with broken(box_database, f"CREATE POLICY more ON documents {policy}", "DROP POLICY more ON documents"):
        assert f"passes {gates} (" in only(box_database.url).observed


def test_a_restrictive_policy_limits_a_permissive_one(box_database: SandboxDatabase) -> None:
    """Restrictive policies are combined with permissive ones by AND."""
    breaks = f"CREATE POLICY a ON documents USING (true); CREATE POLICY b ON documents AS RESTRICTIVE USING ({MINE})"
    with broken(box_database, breaks, "DROP POLICY a ON documents; DROP POLICY b ON documents"):
        assert red(probe(search, box_database.url)) == {}


def test_a_predicate_on_other_tables_is_not_evaluated(box_database: SandboxDatabase) -> None:
    """A predicate that reads another table is reported as not evaluated, and is no PASS."""
    with another(box_database, "workspaces", WORKSPACES) as url:
        found = statuses(probe(search, url, WORKSPACES_DECLARED))
    assert found == {
        "Org": Status.NOT_APPLICABLE,
        "Page": Status.PASS,
        "line": Status.NOT_APPLICABLE,
        "visit": Status.PASS,
        "visit_1": Status.NOT_APPLICABLE,
        "visit_2": Status.NOT_APPLICABLE,
    }


@pytest.mark.parametrize(
    "predicate",
    ["""lower("Org Slug") = lower(current_setting('ws.tenant', true))""", "public", """"Org Slug" ^@ 'can'"""],
)
def test_text_keys_and_quoted_names_are_searched(box_database: SandboxDatabase, predicate: str) -> None:
    """A key that differs in case is another tenant, and other columns or prefixes do not restrict rows."""
    more = f'CREATE POLICY more ON "Work Space"."Page" USING ({predicate});'
    with another(box_database, "workspaces", WORKSPACES + more) as url:
        assert set(red(probe(search, url, WORKSPACES_DECLARED))) == {"Page"}


def test_half_a_key_has_a_counterexample(box_database: SandboxDatabase) -> None:
    """A policy that compares one of two key columns exposes tenants that share it."""
    with another(box_database, "regions", REGIONS) as url:
        assert red(probe(search, url, REGIONS_DECLARED)) == {}
    half = REGIONS.replace("AND number = nullif(current_setting('r.number', true), '')::bigint", "")
    with another(box_database, "regions", half) as url:
        assert set(red(probe(search, url, REGIONS_DECLARED))) == {"orders"}


def test_a_waived_predicate_passes(box_database: SandboxDatabase) -> None:
    """A waived predicate is no finding until the waiver expires or the predicate changes."""
    with broken(box_database, POLICY.format(f"{MINE} OR title = 'shared'", MINE), REPAIRS):
        checked = probe(search, box_database.url)
        (table,) = (t for t in checked.evidence[0].facts["tables"] if t["counterexamples"])  # type: ignore[index, call-overload, union-attr]  # facts as JSON
        digests = {digest for witness in table["counterexamples"] for digest in witness["digests"]}  # type: ignore[index, call-overload, union-attr]  # facts as JSON
        approved = tuple(
            ApprovedPredicate(digest=str(digest), owner="x", reason="shared by design", until=date(2027, 1, 1))
            for digest in digests
        )
        assert red(probe(search, box_database.url, declared(approved_predicates=approved))) == {}
        ended = tuple(each.model_copy(update={"until": date(2026, 1, 1)}) for each in approved)
        assert set(red(probe(search, box_database.url, declared(approved_predicates=ended)))) == {"documents"}


def test_a_policy_that_takes_too_long_is_unverified(box_database: SandboxDatabase) -> None:
    """A statement timeout ends the search on that table, which is UNVERIFIED."""
    slow = f"{MINE} AND factorial(32000 + abs(size_bytes) % 2) > 0"
    with broken(box_database, POLICY.format(slow, MINE), REPAIRS):
        endpoints = ProbeEndpoints(url=box_database.url, limits=Timeouts(statement=SHORT))
        found = red(probe(search, endpoints))
    assert {(f.subject, f.status, f.reason) for f in found.values()} == {
        ("documents", Status.UNVERIFIED, Reason.TIMEOUT)
    }


def test_no_table_is_read(box_database: SandboxDatabase) -> None:
    """The role of Basewatch, which may read no table, is sufficient."""
    with psycopg.connect(box_database.url) as connection, pytest.raises(errors.InsufficientPrivilege):
        connection.execute("SELECT FROM public.documents")
    assert "documents" in statuses(probe(search, box_database.url))


@given(st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20))
def test_a_text_constant_is_parsed(text: str) -> None:
    """A quoted text is one constant, and no name."""
    quoted = "'" + text.replace("'", "''") + "'"
    (name, mark, constant) = tokenize(f"title = {quoted}")
    assert (name.text, mark.text, constant.text, constant.kind) == ("title", "=", text, TokenKind.TEXT)


def test_constants_come_with_their_types_and_settings_without() -> None:
    """The name of a setting is no constant; a number is printed without a type."""
    asked = "(current_setting('x.y'::text) = 'on')"
    printed = "((t = ANY (ARRAY['a'::character varying, 'b'::text])) OR (u && '{}'::text[]) OR (n > 41))"
    found = expression_contents([printed, asked])
    assert found.settings == ("x.y",)
    assert found.constants == (
        PrintedConstant(text="a", type_name="character varying"),
        PrintedConstant(text="b", type_name="text"),
        PrintedConstant(text="{}", type_name="text[]"),
        PrintedConstant(text="41", type_name="number"),
        PrintedConstant(text="on", type_name=""),
    )


@given(st.lists(st.integers(1, 6), max_size=6))
def test_rows_are_bounded_and_the_simplest_come_first(sizes: list[int]) -> None:
    """The number of rows is limited for any number of columns, and each combination occurs once."""
    columns = [tuple(TrialValue(text=str(n), label="x") if n else NULL for n in range(size)) for size in sizes]
    groups = synthetic_rows([(NULL, TrialValue(text="a", label="canary A"))], columns)
    assert sum(map(len, groups)) <= MAX_ROWS
    assert groups[0][0].other_values == tuple(values[0] for values in columns)
    everything = list(value_combinations(columns)) if sum(sizes) < 15 else []
    assert len(set(everything)) == len(everything)
