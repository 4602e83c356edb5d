"""The history keeps what restore drills found, and knows a record that was changed."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import create_engine

from basewatch.history.store import History
from demo.restores import sound_drill

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


def test_a_record_reads_back_as_it_was_written(url: str) -> None:
    """All of its fields are kept, across a restart."""
    record = sound_drill(NOON)
    with History.open(url) as history:
        history.add_restore_test(record)
    with History.open(url) as history:
        assert history.restore_tests() == (record,)


def test_a_record_that_was_changed_is_set_aside(url: str) -> None:
    """A drill that failed cannot be made one that succeeded; the others are still read."""
    with History.open(url) as history:
        history.add_restore_test(sound_drill(NOON))
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE restore_tests SET record = replace(record, '53', '99')")
    engine.dispose()
    with History.open_or_remember(lambda: url, lambda: NOON) as history:
        assert history.restore_tests() == ()
        (aside,) = history.status.set_aside
    assert "not the one that was written" in aside
