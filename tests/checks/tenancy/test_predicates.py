"""A policy's expression is taken to hold only when it does: by table, by law, and by running it."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from checks.tenancy.predicates import Grip, both, either, grip_of
from demo.database import BoxDatabase
from demo.tenants import CANARY_A, CANARY_B

SETTING = "current_setting('app.current_customer_id'::text, true)"
MINE = f"(customer_id = (NULLIF({SETTING}, ''::text))::uuid)"
BADNESS = {Grip.TENANT: 0, Grip.UNKNOWN: 1, Grip.OPEN: 2}


def grip(text: str) -> Grip:
    """The grip of an expression on SecureBase's key and context."""
    return grip_of(text, key="customer_id", context="app.current_customer_id")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (MINE, Grip.TENANT),
        ("(customer_id = (current_setting('app.current_customer_id'::text))::uuid)", Grip.TENANT),
        (f"(({SETTING})::uuid = customer_id)", Grip.TENANT),
        (f"((customer_id)::text = {SETTING})", Grip.TENANT),
        (f"(customer_id = ( SELECT ({SETTING})::uuid AS current_setting))", Grip.TENANT),
        (f"({MINE} AND (status = 'open'::text))", Grip.TENANT),
        (f"({MINE} OR ({MINE} AND is_public))", Grip.TENANT),
        ("false", Grip.TENANT),
        ("true", Grip.OPEN),
        ("(customer_id = (current_setting('app.tenant'::text, true))::uuid)", Grip.OPEN),
        (f"({MINE} OR is_public)", Grip.OPEN),
        (f"({MINE} OR (CURRENT_USER = 'app'::name))", Grip.OPEN),
        (f"(({SETTING} IS NULL) OR {MINE})", Grip.OPEN),
        (f"({MINE} OR (title = ' AND customer_id = '::text))", Grip.OPEN),
        (f"(partner_id = ({SETTING})::uuid)", Grip.OPEN),
        (f"(customer_id <> ({SETTING})::uuid)", Grip.UNKNOWN),
        (f"(NOT {MINE})", Grip.UNKNOWN),
        (f"({MINE} IS NOT NULL)", Grip.UNKNOWN),
        (f"(customer_id = ({SETTING})::character(8))", Grip.UNKNOWN),
        (f"((customer_id)::character(8) = ({SETTING})::character(8))", Grip.UNKNOWN),
        (f"(customer_id OPERATOR(public.=) ({SETTING})::uuid)", Grip.UNKNOWN),
        ("(customer_id = (public.current_setting('app.current_customer_id'::text))::uuid)", Grip.UNKNOWN),
        ("public.can_see(id)", Grip.UNKNOWN),
        (f"CASE WHEN is_public THEN true ELSE {MINE} END", Grip.UNKNOWN),
        (f"(customer_id = ANY ((string_to_array({SETTING}, ','::text))::uuid[]))", Grip.UNKNOWN),
        ("(EXISTS ( SELECT 1 FROM public.invoices i WHERE (i.id = invoice_id)))", Grip.UNKNOWN),
        (f"({MINE} OR (1 = 0))", Grip.UNKNOWN),
        (f'({MINE} OR ("customer_id " = id))', Grip.UNKNOWN),
        ("(\ue000 = customer_id)", Grip.UNKNOWN),
    ],
)
def test_a_shape_has_its_grip(text: str, expected: Grip) -> None:
    """What holds is known to hold, what plainly does not is known to be open, and the rest is unknown."""
    assert grip(text) is expected


GRIPS = st.lists(st.sampled_from(list(Grip)), max_size=5)


@given(GRIPS.flatmap(lambda grips: st.tuples(st.just(grips), st.permutations(grips))))
def test_order_does_not_matter(orders: tuple[list[Grip], list[Grip]]) -> None:
    """Expressions joined by AND or by OR hold what they hold in any order."""
    grips, shuffled = orders
    assert (both(shuffled), either(shuffled)) == (both(grips), either(grips))


@given(GRIPS, st.sampled_from(list(Grip)))
def test_another_alternative_never_helps(grips: list[Grip], more: Grip) -> None:
    """One more permissive policy never makes the whole hold better."""
    assert BADNESS[either([*grips, more])] >= BADNESS[either(grips)]


@given(GRIPS, st.sampled_from(list(Grip)))
def test_another_condition_never_hurts(grips: list[Grip], more: Grip) -> None:
    """One more restrictive policy never makes the whole hold worse."""
    assert BADNESS[both([*grips, more])] <= BADNESS[both(grips)]


@given(st.text(alphabet="()' ORANDtruefalscustomer_id=.,:0123456789\"\ue000\ue001\ue002\ue003", max_size=60))
def test_any_text_has_a_grip(text: str) -> None:
    """No text makes the reading fail, and only the tenant key or a constant can make it hold."""
    if grip(text) is Grip.TENANT:
        assert "false" in text or "NULL" in text


ATOMS = (
    "customer_id = {ctx}",
    "{ctx} = customer_id",
    "customer_id::text = {raw}",
    "customer_id = (SELECT {ctx})",
    "customer_id <> {ctx}",
    "customer_id IS NOT DISTINCT FROM {ctx}",
    "customer_id IS NULL",
    "{ctx} IS NULL",
    "{raw} = ''",
    "customer_id = '{b}'",
    "customer_id = customer_id",
    "customer_id = nullif(current_setting('app.other', true), '')::uuid",
    "note = 'open'",
    "note LIKE '% OR true'",
    "true",
    "false",
    "NULL::boolean",
)
CONTEXT = "current_setting('app.current_customer_id', true)"


def _atom(template: str) -> str:
    return f"({template.format(ctx=f'nullif({CONTEXT}, {chr(39) * 2})::uuid', raw=CONTEXT, b=CANARY_B)})"


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    joined = st.tuples(inner, st.sampled_from(["AND", "OR"]), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})")
    negated = inner.map(lambda text: f"(NOT {text})")
    cased = st.tuples(inner, inner, inner).map(lambda t: f"(CASE WHEN {t[0]} THEN {t[1]} ELSE {t[2]} END)")
    return joined | negated | cased | inner.map(lambda text: f"({text} IS TRUE)")


PREDICATES = st.recursive(st.sampled_from(ATOMS).map(_atom), _grown, max_leaves=5)


@pytest.fixture
def table(box_database: BoxDatabase) -> Iterator[psycopg.Connection]:
    """A transaction with a table of both canaries' rows, of one that is nobody's and of open and other notes."""
    with psycopg.connect(box_database.superuser_url) as connection:
        connection.execute(
            f"""
            CREATE TABLE tried (customer_id uuid, note text);
            INSERT INTO tried SELECT t::uuid, n FROM unnest(ARRAY['{CANARY_A}', '{CANARY_B}', NULL]) t,
                                                     unnest(ARRAY['open', 'done OR true']) n;
            ALTER TABLE tried ENABLE ROW LEVEL SECURITY;
            GRANT SELECT ON tried TO app;
            """.encode()  # noqa: S608  # all of it is written here
        )
        yield connection
        connection.rollback()


def _others_seen(connection: psycopg.Connection, tenant: str) -> int:
    """How many rows app reads that are not this tenant's, in a context of that tenant."""
    connection.execute("SELECT set_config('app.current_customer_id', %s, true)", (tenant,))
    connection.execute("SET LOCAL ROLE app")
    row = connection.execute(
        "SELECT count(*) FROM tried WHERE customer_id::text IS DISTINCT FROM %s", (tenant,)
    ).fetchone()
    connection.execute("RESET ROLE")
    assert row is not None
    return int(row[0])


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(PREDICATES)
def test_what_is_said_to_hold_holds_when_it_is_run(table: psycopg.Connection, predicate: str) -> None:
    """PostgreSQL prints the policy, its text is read as holding, and then no tenant reads another's row."""
    with table.transaction(force_rollback=True):
        table.execute(f"CREATE POLICY p ON tried USING ({predicate})".encode())
        table.execute("SET LOCAL search_path = pg_catalog")
        printed = table.execute("SELECT pg_get_expr(polqual, polrelid) FROM pg_policy WHERE polname = 'p'").fetchone()
        assert printed is not None
        table.execute("SET LOCAL search_path = public")
        seen = [_others_seen(table, tenant) for tenant in (CANARY_A, CANARY_B, "")]
    if grip(printed[0]) is Grip.TENANT:
        assert seen == [0, 0, 0], printed[0]
