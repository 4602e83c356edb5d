"""Nothing that happens to the history silences a pass: what was observed is notified, shown and reported."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from shutil import rmtree
from typing import Any

import pytest

import alerts
from alerts.channels import CHANNEL_TYPES
from basewatch.config import config_model
from basewatch.facts import evidence_digest
from basewatch.history import ChainVerification
from basewatch.history.store import History
from basewatch.metrics import CollectedMetrics
from basewatch.model import Evidence, Finding, Severity, Status
from demo.receivers import Receivers
from exposition.page import MetricsPage
from tests.exposition.scraped import value_of
from tests.fakes import NOON, a_finding, a_run, some_evidence
from workflows import acknowledged, commands, monitor
from workflows.clients import AwsSessions
from workflows.commands import ExitCode, PreparedPlan
from workflows.exporter import Exporter
from workflows.monitor import Observed
from workflows.plan import Plan

KNOWN = a_finding(Status.FAIL, subject="known", severity=Severity.CRITICAL)
BROKEN = a_finding(Status.FAIL, subject="broken since", severity=Severity.CRITICAL)
LATER = NOON + timedelta(hours=6)


def evidence_of(at: datetime) -> Evidence:
    """Evidence under its true digest."""
    some = some_evidence(at)
    return replace(some, digest=evidence_digest(some.observation, some.component, some.facts))


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """The file of the history."""
    return tmp_path / "history" / "history.db"


@pytest.fixture
def prepared(tmp_path: Path, database: Path, receivers: Receivers) -> PreparedPlan:
    """A configuration that records into the file and notifies the receivers."""
    tree = {
        "version": 1,
        "platform": {"name": "securebase", "environment": "production"},
        "history": {"url": f"sqlite:///{database}"},
        "reports": {"directory": str(tmp_path / "out")},
        "components": {},
        "watch": False,
        "alerts": {
            "channels": [
                {"name": "chat", "kind": "slack", "webhook": "env:SLACK_WEBHOOK_URL"},
                {"name": "on-call", "kind": "pagerduty", "routing_key": "env:PAGERDUTY_ROUTING_KEY"},
            ],
            "routes": [{"channel": "chat"}, {"channel": "on-call"}],
        },
    }
    config = config_model(CHANNEL_TYPES).model_validate(tree)
    plan = Plan(config=config, digest="", commit="", checks=(), collectors=(), unchecked=())
    return PreparedPlan(plan=plan, sessions=AwsSessions(config, {}), environ=receivers.environment)


@pytest.fixture
def run(prepared: PreparedPlan, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Makes `basewatch run` observe these findings, and returns its exit status."""
    monkeypatch.setattr("basewatch.history.engine.LOCK_TIMEOUT_SECONDS", 0)

    def make(*findings: Finding, at: datetime = NOON, changed: PreparedPlan = prepared) -> int:
        seen = replace(
            a_run(*findings, id=f"run at {at}", at=at), components={}, series=(), evidence=(evidence_of(at),)
        )
        observed = Observed(run=seen, collected=CollectedMetrics(window=seen.window))
        monkeypatch.setattr(monitor, "_observe", lambda *_: observed)
        monkeypatch.setattr(commands, "utc_now", lambda: at)
        return commands.run(changed, "low", as_json=False)

    return make


def statement(sql: str) -> Callable[[Path], None]:
    """Damages the history with one statement."""

    def damage(database: Path) -> None:
        with closing(sqlite3.connect(database, isolation_level=None)) as connection:
            connection.execute(sql)

    return damage


def overwrite(database: Path) -> None:
    """Something else is in the place of the history."""
    for each in database.parent.glob(f"{database.name}*"):
        each.unlink()
    database.write_text("dear diary, " * 100)


def a_folder(database: Path) -> None:
    """A folder is in the place of the history."""
    for each in database.parent.glob(f"{database.name}*"):
        each.unlink()
    database.mkdir()


def cut(database: Path) -> None:
    """Half of the file is lost."""
    statement("PRAGMA wal_checkpoint(TRUNCATE)")(database)
    content = database.read_bytes()
    database.write_bytes(content[: len(content) // 2])


DAMAGES = {
    "not a database": overwrite,
    "a folder": a_folder,
    "cut in half": cut,
    "a newer schema": statement("UPDATE alembic_version SET version_num = '9999'"),
    "a table is gone": statement("DROP TABLE transitions"),
    "the runs are gone": statement("ALTER TABLE runs RENAME TO walks"),
    "the notifications are gone": statement("DROP TABLE notifications"),
    "facts that differ": statement("""UPDATE evidence SET facts = '{"days":36}'"""),
    "facts that are no JSON": statement("UPDATE evidence SET facts = '{'"),
    "a notification that is no JSON": statement("UPDATE notifications SET notification = '{'"),
    "a status that does not exist": statement("UPDATE findings SET status = 'FINE'"),
    "expected checks that are no JSON": statement("UPDATE runs SET expected = '['"),
    "a time that is none": statement("UPDATE runs SET window_end = 'noon'"),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_failure_is_notified_and_reported_whatever_the_history_is(
    run: Callable[..., int],
    tmp_path: Path,
    receivers: Receivers,
    capsys: pytest.CaptureFixture[str],
    damage: Callable[[Path], None],
) -> None:
    """A FAIL that is new reaches every channel and the report, the exit status is that of the FAIL, and why is said."""
    run(KNOWN)
    damage(tmp_path / "history" / "history.db")
    capsys.readouterr()

    status = run(KNOWN, BROKEN, at=LATER)

    out, err = capsys.readouterr()
    # A row that was set aside is repaired; a history that cannot be written is one more problem.
    assert status in (ExitCode.FAILED, ExitCode.FAILED_AND_UNDELIVERED)
    assert BROKEN.subject in out
    assert "the history" in err
    assert "Traceback" not in err
    assert BROKEN.subject in (tmp_path / "out" / "findings.json").read_text()
    assert _is_open(receivers, BROKEN)
    assert any(BROKEN.subject in str(message) for message in receivers.slack.messages)


def test_a_pass_without_a_failure_says_that_it_was_not_recorded(
    run: Callable[..., int], database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A history that cannot be written is exit status 4 where nothing is worse."""
    run()
    overwrite(database)

    assert run(replace(KNOWN, status=Status.PASS), at=LATER) == ExitCode.UNDELIVERED
    assert "not recorded" in capsys.readouterr().err


def test_a_writer_elsewhere_repeats_no_alert(run: Callable[..., int], database: Path, receivers: Receivers) -> None:
    """While another process holds the lock, what was sent is still read: known alerts are not sent again, and end."""
    run(KNOWN)
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        run(KNOWN, BROKEN, at=LATER)
        assert _sent(receivers) == ["trigger", "trigger"]
        assert _is_open(receivers, BROKEN)
        run(replace(KNOWN, status=Status.PASS), BROKEN, at=LATER)

    assert not _is_open(receivers, KNOWN)


def _is_open(receivers: Receivers, finding: Finding) -> bool:
    return any(key.startswith(finding.key) for key in receivers.pagerduty.incidents)


def _sent(receivers: Receivers) -> list[str]:
    return [event["event_action"] for event in receivers.pagerduty.events]


def test_what_may_be_open_is_closed_once_when_no_earlier_run_is_known(
    run: Callable[..., int], receivers: Receivers, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The first pass of a history says so, closes by key what passes and may be open, and the next one does neither."""
    run(KNOWN)
    rmtree(tmp_path / "history")
    passing = replace(KNOWN, status=Status.PASS)

    capsys.readouterr()
    assert run(passing) == ExitCode.PASSED
    assert "there is no earlier run" in capsys.readouterr().err.lower()
    assert "There is no earlier run" in (tmp_path / "out" / "report.md").read_text()
    assert receivers.pagerduty.incidents == {}
    run(passing, at=LATER)
    assert "no earlier run" not in capsys.readouterr().err
    assert _sent(receivers) == ["trigger", "resolve"]


def test_an_alert_whose_message_is_damaged_ends_nevertheless(
    run: Callable[..., int], database: Path, receivers: Receivers
) -> None:
    """What the channels were notified of can no longer be read, and the finding passes: it is resolved by its key."""
    run(KNOWN)
    statement("UPDATE notifications SET notification = '{'")(database)
    run(replace(KNOWN, status=Status.PASS), at=LATER)
    assert receivers.pagerduty.incidents == {}


def test_an_alert_ends_although_the_history_is_lost_after_the_decision(
    run: Callable[..., int], database: Path, receivers: Receivers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The resolve was decided on what the history held; that cannot be read any more as it is queued."""
    run(KNOWN)
    decide = alerts.decide

    def decide_and_lose(*known: Any) -> Any:
        decided = decide(*known)
        # In its place: an open connection would go on with a file that was replaced.
        database.write_text("dear diary, " * 5000)
        return decided

    monkeypatch.setattr(acknowledged, "decide", decide_and_lose)
    run(replace(KNOWN, status=Status.PASS), at=LATER)
    assert receivers.pagerduty.incidents == {}


def test_a_running_exporter_shows_and_notifies_what_it_cannot_record(
    prepared: PreparedPlan, database: Path, receivers: Receivers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the history is locked, no old PASS stays on the page; when it is free, everything is in it, once."""
    monkeypatch.setattr("basewatch.history.engine.LOCK_TIMEOUT_SECONDS", 0)
    seconds = iter(range(0, 10**6, 20))
    history = History.open_or_remember(lambda: f"sqlite:///{database}", lambda: NOON, lambda: float(next(seconds)))
    exporter = Exporter(prepared, history, sources=())

    def run_full(*findings: Finding, at: datetime) -> MetricsPage:
        observed = Observed(
            run=replace(a_run(*findings, id=f"run at {at}", at=at), evidence=(evidence_of(at),)),
            collected=CollectedMetrics(window=a_run().window),
        )
        monkeypatch.setattr(monitor, "_observe", lambda *_: observed)
        exporter.run_full()
        return exporter.served.rendered.page

    passing = replace(KNOWN, status=Status.PASS)
    page = run_full(passing, at=NOON)
    assert value_of(page, "basewatch_history_up") == 1
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        page = run_full(KNOWN, at=LATER)
        assert value_of(page, "basewatch_findings", status="FAIL") == 1
        assert value_of(page, "basewatch_findings", status="PASS") == 0
        assert value_of(page, "basewatch_history_up") == 0
        assert "its history is down" in exporter.served.rendered.remark
        assert _sent(receivers) == ["trigger"]
        other.execute("ROLLBACK")
    page = run_full(passing, at=LATER + timedelta(hours=6))
    assert value_of(page, "basewatch_history_up") == 1
    assert _sent(receivers) == ["trigger", "resolve"]
    history.close()
    with History.open(f"sqlite:///{database}") as reopened:
        assert reopened.verify() == ChainVerification(verified_runs=3)
        assert reopened.open_alerts() == ()


def test_a_history_that_is_removed_while_it_is_used_begins_anew_with_what_was_known(
    database: Path, tmp_path: Path
) -> None:
    """What an open connection would write into a removed file is not lost: it goes on in a new one."""
    seconds = iter(range(0, 10**6, 20))
    url = f"sqlite:///{database}"
    with History.open_or_remember(lambda: url, lambda: NOON, lambda: float(next(seconds))) as history:
        history.record(a_run(KNOWN, id="run-1"), ())
        database.rename(tmp_path / "moved.db")
        history.record(a_run(KNOWN, id="run-2", at=LATER), ())
        assert "is gone" in history.status.problem
        history.save_counters("here", b"1", NOON)
        history.save_counters("here", b"2", NOON)
        assert history.status.up
    with History.open(url) as reopened:
        assert reopened.verify() == ChainVerification(verified_runs=2)
        assert reopened.run("run-1").findings == (KNOWN,)
        assert reopened.load_counters("here") == b"2"
