"""What is recorded is read back the same, sealed, on SQLite and on PostgreSQL."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import create_engine, text

from basewatch.errors import HistoryError
from basewatch.history import ChainVerification, LastRun
from basewatch.history.store import History
from basewatch.model import Status, Transition
from basewatch.series import Point
from tests.fakes import NOON, a_finding, a_run, some_evidence, some_series

LATER = NOON + timedelta(hours=6)


def change(url: str, statement: str) -> None:
    """Changes the database behind the history's back."""
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()


def test_a_new_history_is_empty(history: History) -> None:
    """An empty history has no last run, no findings and no pending notifications."""
    assert history.last_run() is None
    assert history.latest_findings() == {}
    assert history.open_alerts() == ()
    assert history.pending_messages() == ()
    assert history.verify() == ChainVerification(verified_runs=0)


def test_a_run_reads_back_equal(history: History) -> None:
    """Every field of a run, nested ones too, is read as it was recorded."""
    failing, unverified = a_finding(Status.FAIL), a_finding(Status.UNVERIFIED, subject="invoices")
    transitions = [
        Transition(finding=unverified, previous=None, at=NOON),
        Transition(finding=failing, previous=Status.PASS, at=NOON),
    ]
    run = a_run(failing, unverified, transitions=transitions)

    recorded = history.record(run, ())

    assert recorded == replace(run, seal=recorded.seal)
    assert history.run() == history.run(run.id) == recorded
    assert history.last_run() == LastRun(
        id=run.id, window_start=run.window.start, window_end=NOON, finished=NOON, seal=recorded.seal
    )


def test_reopening_keeps_everything(url: str) -> None:
    """A history that was closed is opened with all it held."""
    with History.open(url) as history:
        recorded = history.record(a_run(a_finding()), ())
    with History.open(url) as history:
        assert history.run() == recorded


def test_two_may_have_it_open(url: str) -> None:
    """A second process reads what the first has just recorded, and may record the next run."""
    with History.open(url) as first, History.open(url) as second:
        first.record(a_run(a_finding(), id="run-1"), ())
        recorded = second.record(a_run(a_finding(), id="run-2", at=LATER), ())
        assert first.run() == recorded
        assert first.verify() == ChainVerification(verified_runs=2)


def test_runs_stand_on_each_other(history: History) -> None:
    """Each run is sealed onto the one before, and an untouched chain holds."""
    first = history.record(a_run(a_finding(), id="run-1"), ())
    second = history.record(a_run(a_finding(), id="run-2", at=LATER), ())

    assert first.previous_seal == ""
    assert second.previous_seal == first.seal != second.seal
    assert history.verify().valid


def test_the_newest_finding_of_every_key_is_known(history: History) -> None:
    """A key that the last run did not judge keeps the finding of the run that did."""
    history.record(a_run(a_finding(Status.FAIL), a_finding(Status.PASS, subject="gone"), id="run-1"), ())
    history.record(a_run(a_finding(Status.PASS), id="run-2", at=LATER), ())

    newest = {(each.subject, each.status) for each in history.latest_findings().values()}

    assert newest == {("", Status.PASS), ("gone", Status.PASS)}
    assert all(key == finding.key for key, finding in history.latest_findings().items())


def test_evidence_is_stored_once(history: History, url: str) -> None:
    """The same facts, read again at another time, take no more room; each run keeps when it read them."""
    history.record(a_run(a_finding(), id="run-1"), ())
    history.record(a_run(a_finding(), id="run-2", at=LATER), ())

    engine = create_engine(url)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM evidence")).scalar() == 1
    engine.dispose()
    assert history.run("run-1").evidence == (some_evidence(NOON),)
    assert history.run("run-2").evidence == (some_evidence(LATER),)


def test_a_digest_means_one_content(history: History) -> None:
    """Other facts under a known digest are refused, and nothing of that run is kept."""
    history.record(a_run(a_finding(), id="run-1"), ())
    forged = replace(a_run(a_finding(), id="run-2"), evidence=(replace(some_evidence(), facts={"days": 1}),))

    with pytest.raises(HistoryError, match="differs"):
        history.record(forged, ())

    assert history.verify() == ChainVerification(verified_runs=1)


def test_a_transition_is_of_a_finding_of_the_run(history: History) -> None:
    """A run that contradicts itself is refused as a whole."""
    stray = Transition(finding=a_finding(subject="elsewhere"), previous=None, at=NOON)

    with pytest.raises(HistoryError, match="no such finding"):
        history.record(a_run(a_finding(), transitions=[stray]), ())

    assert history.last_run() is None


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_would_not_read_back_is_not_recorded(history: History, value: float) -> None:
    """A run that JSON cannot represent exactly is refused, instead of failing verification later."""
    series = replace(some_series(), points=(Point(period_end=NOON, value=value),))

    with pytest.raises(HistoryError, match="would not read back the same"):
        history.record(replace(a_run(a_finding()), series=(series,)), ())

    assert history.last_run() is None


def test_a_run_is_recorded_once(history: History) -> None:
    """The same id a second time is refused, and the chain holds."""
    history.record(a_run(a_finding()), ())

    with pytest.raises(HistoryError):
        history.record(a_run(a_finding(), at=LATER), ())

    assert history.verify() == ChainVerification(verified_runs=1)


def test_an_unknown_run_is_an_error_for_people(history: History) -> None:
    """Asking for a run that is not there says so, and how to record one."""
    with pytest.raises(HistoryError, match=r"holds no run latest; `basewatch run` records one"):
        history.run()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE findings SET status = 'PASS' WHERE run = 2",
        "UPDATE findings SET summary = summary || '.' WHERE run = 2",
        "DELETE FROM findings WHERE run = 2",
        "UPDATE runs SET version = '9' WHERE sequence = 2",
        "UPDATE runs SET expected = '[' WHERE sequence = 2",
        "UPDATE runs SET seal = 'forged' WHERE sequence = 2",
        "UPDATE run_evidence SET principal = 'someone' WHERE run = 2",
        "DELETE FROM run_evidence WHERE run = 2",
        "UPDATE transitions SET previous = 'FAIL' WHERE run = 2",
        "DELETE FROM transitions WHERE run = 2",
    ],
)
def test_a_changed_row_is_seen(history: History, url: str, statement: str) -> None:
    """Whatever is changed in a recorded run, verifying names that run first."""
    _record_three(history)

    change(url, statement)

    chain = history.verify()
    assert (chain.valid, chain.verified_runs, chain.first_invalid_run) == (False, 1, "run-2")
    assert chain.problem


def test_changed_facts_are_seen(history: History, url: str) -> None:
    """Facts are shared by runs, so changing them breaks the first run that read them."""
    _record_three(history)

    change(url, """UPDATE evidence SET facts = '{"days":36}'""")

    assert history.verify().first_invalid_run == "run-1"


def test_a_removed_run_is_seen(history: History, url: str) -> None:
    """Taking a run out of the middle breaks the chain at the run after it."""
    _record_three(history)

    for table, column in (("findings", "run"), ("run_evidence", "run"), ("transitions", "run"), ("runs", "sequence")):
        change(url, f"DELETE FROM {table} WHERE {column} = 2")  # noqa: S608  # the names are those above

    chain = history.verify()
    assert (chain.verified_runs, chain.first_invalid_run) == (1, "run-3")
    assert "removed" in chain.problem


def _record_three(history: History) -> None:
    finding = a_finding()
    for number in (1, 2, 3):
        moved = [Transition(finding=finding, previous=Status.PASS, at=NOON)]
        history.record(a_run(finding, id=f"run-{number}", at=NOON + number * timedelta(hours=6), transitions=moved), ())
