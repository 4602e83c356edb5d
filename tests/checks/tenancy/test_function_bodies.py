"""What a body does is read from its words, and a doubt is never taken for safety."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.tenancy.audit.guards import Guard, Guards, MutatingStatement
from checks.tenancy.stored_code import function_bodies
from checks.tenancy.stored_code.function_bodies import Stops, stops
from isolation.inventory.code import Function

GUARDS = st.builds(Guard, statements=st.frozensets(st.sampled_from(MutatingStatement)), stops=st.sampled_from(Stops))
RANK = {Stops.YES: 0, Stops.UNKNOWN: 1, Stops.NO: 2}


def function(
    body: str, *, language: str = "plpgsql", mentions: tuple[str, ...] = (), name: str = "public.f()"
) -> Function:
    """A trigger function with this body."""
    return Function(
        oid=1,
        schema="public",
        name=name,
        owner=10,
        language=language,
        trusted_language=True,
        kind="f",
        return_type=2279,
        returns_trigger=True,
        argument_count=0,
        security_definer=False,
        leakproof=False,
        volatility="v",
        settings=(),
        search_path=None,
        body=body,
        tree=None,
        digest="",
        body_keywords=mentions,
        grants=(),
        extension="",
    )


@pytest.mark.parametrize(
    ("body", "statement", "row"),
    [
        ("BEGIN RAISE EXCEPTION 'no'; END", Stops.YES, Stops.YES),
        ("\nDECLARE\n  x int;\nBEGIN -- never\n  raise exception 'no' using errcode = '1';\nEND", Stops.YES, Stops.YES),
        ("BEGIN RAISE SQLSTATE '42501'; RETURN NEW; END", Stops.YES, Stops.YES),
        ("BEGIN RAISE 'no'; RETURN NEW; END", Stops.YES, Stops.YES),
        ("BEGIN IF x THEN RAISE EXCEPTION 'no'; ELSE RAISE EXCEPTION 'never'; END IF; END", Stops.YES, Stops.YES),
        ("/* RAISE EXCEPTION */ BEGIN RETURN NULL; END", Stops.NO, Stops.YES),
        ("BEGIN RETURN OLD; END", Stops.NO, Stops.NO),
        ("BEGIN RAISE NOTICE 'hm'; RETURN OLD; END", Stops.NO, Stops.NO),
        ("BEGIN PERFORM refuse(); RETURN OLD; END", Stops.UNKNOWN, Stops.UNKNOWN),
        ("BEGIN IF x THEN RAISE EXCEPTION 'no'; END IF; RETURN OLD; END", Stops.UNKNOWN, Stops.UNKNOWN),
        ("BEGIN IF x THEN RAISE EXCEPTION 'no'; END IF; RETURN NULL; END", Stops.UNKNOWN, Stops.YES),
        ("BEGIN RAISE EXCEPTION 'no'; EXCEPTION WHEN others THEN RETURN OLD; END", Stops.UNKNOWN, Stops.UNKNOWN),
        ("", Stops.UNKNOWN, Stops.UNKNOWN),
    ],
)  # fmt: skip
def test_a_guard_surely_stops_only_what_it_surely_raises_on(body: str, statement: Stops, row: Stops) -> None:
    """What raises on every way stops; before each row, so does passing it over; what may be caught is not known."""
    assert stops(function(body), before_each_row=False) is statement
    assert stops(function(body), before_each_row=True) is row


def test_other_languages_are_not_read() -> None:
    """Nobody can tell of a function in another language whether it stops anything."""
    assert stops(function("BEGIN RAISE EXCEPTION 'no'; END", language="plperl"), before_each_row=True) is Stops.UNKNOWN


@given(st.lists(GUARDS, max_size=4), GUARDS, st.sampled_from(MutatingStatement))
def test_one_more_guard_never_hurts(each: list[Guard], more: Guard, event: MutatingStatement) -> None:
    """Guards add up, in any order: whatever is stopped stays stopped."""
    few, many = (
        Guards(triggers=(), trigger_functions=(), guards=tuple(some), flaws=()) for some in (each, [*each, more])
    )
    turned = Guards(triggers=(), trigger_functions=(), guards=(more, *reversed(each)), flaws=())
    assert RANK[many.stopped(event)] <= RANK[few.stopped(event)]
    assert many.stopped(event) is turned.stopped(event)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("BEGIN PERFORM pg_notify('inv', to_jsonb(NEW)::text); RETURN NEW; END", True),
        ("BEGIN PERFORM pg_notify('inv', payload); RETURN NEW; END", True),
        ("BEGIN PERFORM pg_notify('inv', tg_table_name || ':' || tg_op); RETURN NEW; END", False),
        ("BEGIN NOTIFY inv; RETURN NEW; END", False),
        ("BEGIN NEW.notify := true; RETURN NEW; END", False),
    ],
)
def test_a_notification_is_one_of_a_row_unless_it_plainly_is_not(body: str, told: bool) -> None:  # noqa: FBT001  # a column
    """Literals and the trigger's own variables tell nothing; anything else might be the row."""
    assert function_bodies.notifies(function(body)) is told


@pytest.mark.parametrize(
    ("body", "outside"),
    [
        ("BEGIN PERFORM dblink_exec('', ''); END", True),
        ("BEGIN PERFORM aws_lambda.invoke(x, y); END", True),
        ("BEGIN PERFORM net.http_post(url := x); END", True),
        ("BEGIN COPY invoices TO PROGRAM ''; END", True),
        ("BEGIN PERFORM lo_put(1, 0, x); END", True),
        ("BEGIN NEW.log := lower(NEW.http_method); LOOP EXIT; END LOOP; RETURN NEW; END", False),
        ("BEGIN NEW.copy_of := OLD.id; RETURN NEW; END", False),
    ],
)
def test_what_reaches_outside_is_told_by_its_calls(body: str, outside: bool) -> None:  # noqa: FBT001  # a column
    """Files, connections and large objects are calls; a column that sounds like one is not."""
    assert function_bodies.reaches_outside(function(body)) is outside


def test_of_a_long_body_its_words_are_all_there_is() -> None:
    """A body that is not kept is judged by the words that it mentions, the worse way."""
    words = ("dblink_exec", "execute", "insert", "into", "pg_notify")
    long = function("", mentions=words)
    assert function_bodies.reaches_outside(long)
    assert function_bodies.notifies(long)
    assert function_bodies.copies_rows(long)
    assert function_bodies.runs_dynamic_sql(long)
    harmless = function("", mentions=("lower", "log", "raise", "now"))
    assert not function_bodies.reaches_outside(harmless)
    assert not function_bodies.copies_rows(harmless)


def test_a_plain_body_calls_nothing_of_ours() -> None:
    """It computes with PostgreSQL's own functions; one of anybody else may do anything."""
    body = function("BEGIN NEW.title := tidy(NEW.title); RETURN NEW; END")
    assert function_bodies.only_computes(body, [body])
    assert not function_bodies.only_computes(body, [function("", name='public."Tidy"(text)')])
