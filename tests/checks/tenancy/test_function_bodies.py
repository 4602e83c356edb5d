"""Function bodies are analysed by their text, and an unclear body is never considered safe."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.tenancy.append_only_guards import Guard, Guards, MutatingStatement
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
def test_a_guard_stops_a_statement_only_if_it_always_raises(body: str, statement: Stops, row: Stops) -> None:
    """A body that always raises stops; in a BEFORE row trigger, so does skipping the row; a handler is unclear."""
    assert stops(function(body), before_each_row=False) is statement
    assert stops(function(body), before_each_row=True) is row


def test_other_languages_are_unclear() -> None:
    """Whether a function in another language stops a statement is UNKNOWN."""
    assert stops(function("BEGIN RAISE EXCEPTION 'no'; END", language="plperl"), before_each_row=True) is Stops.UNKNOWN


@given(st.lists(GUARDS, max_size=4), GUARDS, st.sampled_from(MutatingStatement))
def test_one_more_guard_never_hurts(each: list[Guard], more: Guard, event: MutatingStatement) -> None:
    """Guards combine in any order, and an additional one never removes protection."""
    few, many = (
        Guards(declared={}, triggers=(), trigger_functions=(), guards=tuple(some), flaws=())
        for some in (each, [*each, more])
    )
    turned = Guards(declared={}, triggers=(), trigger_functions=(), guards=(more, *reversed(each)), flaws=())
    assert RANK[many.stopped(event)] <= RANK[few.stopped(event)]
    assert many.stopped(event) is turned.stopped(event)


@pytest.mark.parametrize(
    ("body", "notifies"),
    [
        ("BEGIN PERFORM pg_notify('inv', to_jsonb(NEW)::text); RETURN NEW; END", True),
        ("BEGIN PERFORM pg_notify('inv', payload); RETURN NEW; END", True),
        ("BEGIN PERFORM pg_notify('inv', tg_table_name || ':' || tg_op); RETURN NEW; END", False),
        ("BEGIN NOTIFY inv; RETURN NEW; END", False),
        ("BEGIN NEW.notify := true; RETURN NEW; END", False),
    ],
)
def test_notifications_without_row_data_are_ignored(body: str, notifies: bool) -> None:  # noqa: FBT001  # a column
    """Literals and trigger variables contain no row data; any other payload may."""
    assert function_bodies.notifies(function(body)) is notifies


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
def test_calls_outside_policies_are_recognized(body: str, outside: bool) -> None:  # noqa: FBT001  # a column
    """Calls for files, connections and large objects count; columns with a similar name do not."""
    assert function_bodies.reaches_outside(function(body)) is outside


def test_a_long_body_is_judged_by_its_keywords() -> None:
    """A body that is not stored is judged by its keywords, in the less favourable way."""
    words = ("dblink_exec", "execute", "insert", "into", "pg_notify")
    long = function("", mentions=words)
    assert function_bodies.reaches_outside(long)
    assert function_bodies.notifies(long)
    assert function_bodies.copies_rows(long)
    assert function_bodies.runs_dynamic_sql(long)
    harmless = function("", mentions=("lower", "log", "raise", "now"))
    assert not function_bodies.reaches_outside(harmless)
    assert not function_bodies.copies_rows(harmless)


def test_a_computing_body_calls_only_built_in_functions() -> None:
    """A call of a user-defined function may have any effect."""
    body = function("BEGIN NEW.title := tidy(NEW.title); RETURN NEW; END")
    assert function_bodies.only_computes(body, [body])
    assert not function_bodies.only_computes(body, [function("", name='public."Tidy"(text)')])
