"""What a finding is about and what explains it are recorded and sealed, and older histories hold without them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import create_engine

from basewatch.history.seal import seal
from basewatch.history.store import History
from basewatch.model import Run, Status, Transition
from tests.basewatch.history.earlier import WITHOUT_MESSAGES
from tests.fakes import NOON, a_finding, a_run

CAUSE = replace(a_finding(subject="app"), affected=(("app", "*"),), since=NOON - timedelta(hours=3, microseconds=1))
SYMPTOM = replace(a_finding(subject="invoices"), affected=(("app", "invoices"),), cause=CAUSE.key)

SEALED_BEFORE = "200aa53b3bf8eb16a0a2cac58c9ac4a591a3e9122ded626b6b96dfa3c86a96ea"
"""What a run with a transition was sealed with before findings had causes."""


def explained() -> Run:
    """A run with a cause and what it explains, both new."""
    moved = [Transition(finding=each, previous=None, at=NOON) for each in (CAUSE, SYMPTOM)]
    return a_run(CAUSE, SYMPTOM, transitions=moved)


def test_a_cause_reads_back(history: History) -> None:
    """A run with causes is recorded as it is, transitions and all."""
    recorded = history.record(explained(), ())
    assert history.run() == recorded == replace(explained(), seal=recorded.seal)
    assert history.latest_findings()[SYMPTOM.key] == SYMPTOM
    assert history.verify().valid


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE findings SET cause = ''",
        "UPDATE findings SET affected = '[]'",
        "UPDATE findings SET source = ''",
        "UPDATE findings SET action = ''",
        "UPDATE findings SET since = NULL",
    ],
)
def test_a_cause_cannot_be_changed_unseen(history: History, url: str, change: str) -> None:
    """The seal covers what explains a finding, what it is about, what it could not see, and since when."""
    blind = replace(a_finding(Status.UNVERIFIED, subject="x"), source="postgresql:main", action="connect")
    history.record(a_run(CAUSE, SYMPTOM, blind), ())
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql(change)
    engine.dispose()
    assert not history.verify().valid


def test_a_seal_from_before_causes_holds() -> None:
    """A run in which nothing explains anything is sealed as it always was, with its transitions."""
    moved = Transition(finding=a_finding(), previous=None, at=NOON)
    assert seal(a_run(a_finding(), transitions=[moved]), "").seal == SEALED_BEFORE


def test_a_history_from_before_causes_opens_and_holds(url: str) -> None:
    """Every run that was recorded is still what was sealed, and the next one has causes."""
    before = a_run(a_finding(), transitions=[Transition(finding=a_finding(), previous=None, at=NOON)])
    with History.open(url) as history:
        recorded = history.record(before, ())
    engine = create_engine(url)
    with engine.begin() as connection:
        for statement in (
            "ALTER TABLE findings DROP COLUMN affected",
            "ALTER TABLE findings DROP COLUMN source",
            "ALTER TABLE findings DROP COLUMN action",
            "ALTER TABLE findings DROP COLUMN since",
            *WITHOUT_MESSAGES,
            "DROP TABLE set_aside",
            "DROP TABLE acknowledgements",
            "DROP TABLE restore_tests",
            "DROP TABLE conditions",
            "DROP TABLE counters",
            "ALTER TABLE findings DROP COLUMN cause",
            "UPDATE alembic_version SET version_num = '0002'",
        ):
            connection.exec_driver_sql(statement)
    engine.dispose()
    with History.open(url) as history:
        assert history.run() == recorded
        history.record(replace(explained(), id="run-2"), ())
        assert history.verify().verified_runs == 2
