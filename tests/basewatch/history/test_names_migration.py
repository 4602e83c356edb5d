"""A history with the earlier names of columns, states and notification keys is migrated without losing content."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import create_engine, text

from basewatch.history.store import History
from tests.basewatch.history.earlier import WITHOUT_MESSAGES
from tests.fakes import NOON, a_finding, a_run, due_of, message_of, picture_of

FINDING = replace(a_finding(), affected=(("app", "invoices"),))
LOCATION = "123456789012/us-east-1"


FIRE = due_of(picture_of(a_run(FINDING)))[0]
# As version 0004 stored it: what the alert says stood in the notification itself.
STORED = {
    **{
        name: getattr(FIRE.alert, name)
        for name in ("key", "check", "component", "subject", "status", "severity", "summary", "observed", "expected")
    },
    "remedy": FIRE.alert.remedy,
    **{name: getattr(FIRE, name) for name in ("id", "channel", "action", "reason", "platform", "environment", "run")},
    "at": FIRE.at.isoformat(),
    "since": FIRE.fired_at.isoformat(),
    "seen": "3 other findings",
}


def test_a_history_with_the_earlier_names_keeps_its_content(url: str) -> None:
    """Findings, pending notifications and counters read back, and every seal still verifies."""
    with History.open(url) as history:
        run = history.record(a_run(FINDING), [message_of(FIRE)])
        current = history.current_findings()
        history.save_counters(LOCATION, b"state", NOON + timedelta(minutes=1))
    engine = create_engine(url)
    with engine.begin() as connection:
        for statement in (
            "ALTER TABLE findings RENAME COLUMN affected TO about",
            "ALTER TABLE counters RENAME COLUMN location TO place",
            "UPDATE notifications SET state = 'owed'",
            "ALTER TABLE findings DROP COLUMN source",
            "ALTER TABLE findings DROP COLUMN action",
            "ALTER TABLE findings DROP COLUMN since",
            "DROP TABLE set_aside",
            *WITHOUT_MESSAGES,
            "DROP TABLE acknowledgements",
            "DROP TABLE restore_tests",
            "DROP TABLE conditions",
            "UPDATE alembic_version SET version_num = '0004'",
        ):
            connection.exec_driver_sql(statement)
        connection.execute(text("UPDATE notifications SET notification = :stored"), {"stored": json.dumps(STORED)})
    engine.dispose()
    with History.open(url) as history:
        assert history.run() == run
        assert history.verify().valid
        assert history.current_findings() == current
        (pending,) = history.pending_messages()
        known: dict[str, Any] = {"title": FIRE.alert.title, "proof": None, "source": "", "observed_at": None}
        assert pending.notifications == (
            replace(FIRE, alert=replace(FIRE.alert, **known), dedup_key=FIRE.key, links=()),
        )
        assert history.load_counters(LOCATION) == b"state"
