"""Where counters stand is kept with the history, by place, and is no part of any run."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import create_engine

from basewatch.history.store import History
from tests.basewatch.history.earlier import WITHOUT_MESSAGES
from tests.fakes import NOON, a_finding, a_run

HERE, THERE = "123456789012/us-east-1", "123456789012/eu-west-1"
STATE = bytes(range(256)) * 4


def test_what_was_kept_reads_back(history: History) -> None:
    """Each place has its own, byte for byte, and what is kept later replaces it."""
    history.save_counters(HERE, STATE, NOON)
    history.save_counters(THERE, b"", NOON)
    assert (history.load_counters(HERE), history.load_counters(THERE)) == (STATE, b"")
    history.save_counters(HERE, b"later", NOON + timedelta(minutes=1))
    assert (history.load_counters(HERE), history.load_counters(THERE)) == (b"later", b"")


def test_nothing_kept_is_nothing(history: History) -> None:
    """A place of which nothing was kept has no state, which is not the same as an empty one."""
    assert history.load_counters(HERE) is None


def test_it_outlives_the_process(url: str) -> None:
    """Another process that opens the history reads what the first one kept."""
    with History.open(url) as history:
        history.save_counters(HERE, STATE, NOON)
    with History.open(url) as history:
        assert history.load_counters(HERE) == STATE


def test_runs_are_sealed_without_it(history: History) -> None:
    """Keeping counters changes no seal: what was recorded still verifies."""
    history.record(a_run(a_finding()), ())
    history.save_counters(HERE, STATE, NOON)
    assert history.verify().verified_runs == 1


def test_a_history_from_before_counters_opens(url: str) -> None:
    """The schema is brought up to date, every run still verifies, and counters can be kept."""
    with History.open(url) as history:
        history.record(a_run(a_finding()), ())
    engine = create_engine(url)
    with engine.begin() as connection:
        for statement in WITHOUT_MESSAGES:
            connection.exec_driver_sql(statement)
        connection.exec_driver_sql("DROP TABLE set_aside")
        connection.exec_driver_sql("DROP TABLE acknowledgements")
        connection.exec_driver_sql("DROP TABLE restore_tests")
        connection.exec_driver_sql("DROP TABLE conditions")
        connection.exec_driver_sql("DROP TABLE counters")
        connection.exec_driver_sql("ALTER TABLE findings RENAME COLUMN affected TO about")
        connection.exec_driver_sql("ALTER TABLE findings DROP COLUMN source")
        connection.exec_driver_sql("ALTER TABLE findings DROP COLUMN action")
        connection.exec_driver_sql("ALTER TABLE findings DROP COLUMN since")
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0003'")
    engine.dispose()
    with History.open(url) as history:
        assert history.verify().verified_runs == 1
        history.save_counters(HERE, STATE, NOON)
        assert history.load_counters(HERE) == STATE
