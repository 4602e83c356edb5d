"""A partial run is recorded and sealed as any other, and moves nothing that is not its own."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import create_engine

from basewatch.catalog_interval import CatalogInterval
from basewatch.history.seal import seal
from basewatch.history.store import History
from basewatch.model import Finding, Run, Status
from tests.basewatch.history.earlier import WITHOUT_MESSAGES
from tests.fakes import NOON, a_finding, a_run

SEALED_BEFORE = "b292671fc25d02fcc577e9cdab8ffaa981be633fb8327f2cbb4bda4d7b750573"
"""What the example was sealed with before there were partial runs."""
HOUR = timedelta(hours=1)
ISOLATION, BACKUP = "tenancy.rls.policies", "backup.aurora.rpo"
FIRST = CatalogInterval(
    component="database/app",
    fingerprint="f" * 64,
    first_seen=NOON,
    last_seen=NOON + HOUR,
    polls=720,
    longest_gap=timedelta(seconds=5.25),
)


def policies(subject: str, status: Status) -> Finding:
    """What was seen of one table's policies."""
    return a_finding(status, check=ISOLATION, component="database/app", subject=subject)


def partial(*findings: Finding, hours: int) -> Run:
    """A run of the isolation alone, so long after noon."""
    at = NOON + hours * HOUR
    return replace(a_run(*findings, id=f"partial-{hours}", at=at), scope="the catalogue of database/app changed")


def test_a_partial_run_reads_back_with_its_scope_and_intervals(history: History) -> None:
    """What it looked at and why is kept and sealed with the rest."""
    run = replace(partial(policies("invoices", Status.FAIL), hours=1), intervals=(FIRST,))
    recorded = history.record(run, ())
    assert history.run(recorded.id) == recorded == replace(run, seal=recorded.seal)
    assert history.verify().valid


def test_its_scope_cannot_be_changed_unseen(history: History, url: str) -> None:
    """A partial run that is made to look like one of everything is no longer what was sealed."""
    history.record(partial(policies("invoices", Status.PASS), hours=1), ())
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE runs SET scope = ''")
    engine.dispose()
    assert not history.verify().valid


def test_the_last_run_is_the_last_of_everything(history: History) -> None:
    """The next window starts where the last whole run ended, so that no metric between is missed; the chain goes on."""
    whole = history.record(a_run(a_finding(), policies("invoices", Status.PASS)), ())
    part = history.record(partial(policies("invoices", Status.FAIL), hours=1), ())
    last = history.last_run()
    assert last is not None
    assert (last.id, last.window_end) == (whole.id, NOON)
    assert history.run() == whole
    assert history.partial_runs(NOON) == (part,)
    assert part.previous_seal == whole.seal
    assert history.verify().verified_runs == 2


def test_what_stands_is_the_last_whole_run_as_partial_runs_update_it(history: History) -> None:
    """Each pair is as it was last judged: a subject that is gone from it is gone, other pairs are as they were."""
    backup = a_finding(Status.PASS, check=BACKUP)
    history.record(a_run(a_finding(Status.FAIL, check="dropped"), id="run-0", at=NOON - HOUR), ())
    history.record(a_run(backup, policies("invoices", Status.FAIL), policies("users", Status.PASS)), ())
    history.record(partial(policies("invoices", Status.PASS), hours=1), ())
    assert set(history.current_findings()) == {backup, policies("invoices", Status.PASS)}


def test_an_interval_grows_and_the_next_follows(history: History) -> None:
    """One row for each fingerprint in turn, as far as it was seen; those that ended before a time may be left out."""
    grown = replace(FIRST, last_seen=NOON + 2 * HOUR, polls=1440, proved_at=NOON, searched_at=NOON + HOUR)
    following = replace(FIRST, fingerprint="0" * 64, first_seen=NOON + 3 * HOUR, last_seen=NOON + 3 * HOUR, polls=1)
    for interval in (FIRST, grown, following):
        history.save_interval(interval)
    assert history.catalog_intervals() == (grown, following)
    assert history.catalog_intervals(NOON + 3 * HOUR) == (following,)


def test_a_seal_from_before_partial_runs_holds() -> None:
    """A run of everything without intervals is sealed as it always was."""
    assert seal(a_run(a_finding()), "").seal == SEALED_BEFORE


def test_a_history_from_before_partial_runs_opens_and_holds(url: str) -> None:
    """The schema is brought up to date, and every run that was recorded is still what was sealed."""
    with History.open(url) as history:
        recorded = history.record(a_run(a_finding()), ())
    engine = create_engine(url)
    with engine.begin() as connection:
        for statement in (
            "ALTER TABLE findings DROP COLUMN affected",
            "ALTER TABLE findings DROP COLUMN cause",
            "ALTER TABLE runs DROP COLUMN scope",
            "ALTER TABLE runs DROP COLUMN intervals",
            "DROP TABLE intervals",
            *WITHOUT_MESSAGES,
            "DROP TABLE set_aside",
            "DROP TABLE acknowledgements",
            "DROP TABLE restore_tests",
            "DROP TABLE conditions",
            "DROP TABLE counters",
            "ALTER TABLE findings DROP COLUMN source",
            "ALTER TABLE findings DROP COLUMN action",
            "ALTER TABLE findings DROP COLUMN since",
            "UPDATE alembic_version SET version_num = '0001'",
        ):
            connection.exec_driver_sql(statement)
    engine.dispose()
    with History.open(url) as history:
        assert history.run() == recorded
        assert history.verify().valid
        history.save_interval(FIRST)
        assert history.catalog_intervals() == (FIRST,)
