"""A history with the earlier names of columns, states and notification keys is migrated without losing content."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import create_engine

from basewatch.history.store import History
from basewatch.model import Run
from basewatch.notifier import Action, Notification
from tests.fakes import NOON, a_finding, a_run

FINDING = replace(a_finding(), affected=(("app", "invoices"),))
LOCATION = "123456789012/us-east-1"


def a_fire(run: Run) -> Notification:
    """The notification that opens an alert about the finding."""
    return Notification(
        id="n-1",
        channel="on-call",
        action=Action.FIRE,
        key=FINDING.key,
        check=FINDING.check,
        component=FINDING.component,
        subject=FINDING.subject,
        status=FINDING.status,
        severity=FINDING.severity,
        summary=FINDING.summary,
        observed=FINDING.observed,
        expected=FINDING.expected,
        remedy=FINDING.remedy,
        reason="it passed before, it fails now",
        fired_at=NOON,
        at=NOON,
        platform="securebase",
        environment="production",
        run=run.id,
        symptoms="3 other findings",
    )


def test_a_history_with_the_earlier_names_keeps_its_content(url: str) -> None:
    """Findings, pending notifications and counters read back, and every seal still verifies."""
    with History.open(url) as history:
        run = history.record(a_run(FINDING), [a_fire(a_run(FINDING))])
        pending, current = history.pending_notifications(), history.current_findings()
        history.save_counters(LOCATION, b"state", NOON + timedelta(minutes=1))
    assert len(pending) == 1
    engine = create_engine(url)
    with engine.begin() as connection:
        for statement in (
            "ALTER TABLE findings RENAME COLUMN affected TO about",
            "ALTER TABLE counters RENAME COLUMN location TO place",
            "UPDATE notifications SET state = 'owed'",
            "UPDATE notifications SET notification = replace(notification, '\"symptoms\"', '\"seen\"')",
            "UPDATE notifications SET notification = replace(notification, '\"fired_at\"', '\"since\"')",
            "ALTER TABLE findings DROP COLUMN source",
            "ALTER TABLE findings DROP COLUMN action",
            "UPDATE alembic_version SET version_num = '0004'",
        ):
            connection.exec_driver_sql(statement)
    engine.dispose()
    with History.open(url) as history:
        assert history.run() == run
        assert history.verify().valid
        assert history.current_findings() == current
        assert history.pending_notifications() == pending
        assert history.load_counters(LOCATION) == b"state"
