"""The catalogue watch says which checks are due, and when."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import cast

import pytest

from basewatch.clients import K
from basewatch.components import Component, Database
from basewatch.config import CatalogWatch
from basewatch.errors import ObservationError
from basewatch.history.store import History
from basewatch.model import Finding, Proof, Reason, Run, Status
from checks import CHECKS
from checks.engine.judge import PlannedCheck
from tests.checks.tenancy.looking import SECUREBASE
from tests.fakes import NOON, a_finding, a_run, some_evidence
from workflows.catalog_watcher import MAX_BACKOFF, WATCH_SAVE_EVERY, CatalogWatcher, DuePartialRun
from workflows.fingerprint_intervals import CATALOG_CHECK_PREFIXES
from workflows.partial_runs import merge_partial

SECOND = timedelta(seconds=1)
# Failed logins are no matter of the catalogue.
OF_CATALOGUES = tuple(
    check for check in CHECKS if check.component is Database and check.id.startswith(CATALOG_CHECK_PREFIXES)
)
PLANNED = tuple(PlannedCheck(check=check, component=SECUREBASE) for check in OF_CATALOGUES)


class Catalogue:
    """A catalogue that a test changes, a clock that it moves, and the number of polls."""

    def __init__(self) -> None:
        self.fingerprint = "a" * 64
        self.at = NOON
        self.down = False
        self.polled = 0

    def open(self, client_type: type[K], component: Component) -> AbstractContextManager[K]:
        """A connection, refused while it is down."""
        del client_type, component
        return cast("AbstractContextManager[K]", self._opened())

    @contextmanager
    def _opened(self) -> Iterator[object]:
        if self.down:
            self.polled += 1
            raise ObservationError(Reason.UNREACHABLE, "no answer")
        yield object()

    def read(self, _client: object) -> str:
        """The fingerprint."""
        self.polled += 1
        if self.down:
            raise ObservationError(Reason.UNREACHABLE, "no answer")
        return self.fingerprint

    def clock(self) -> datetime:
        """The time that it is."""
        return self.at


@pytest.fixture
def catalogue() -> Catalogue:
    """A catalogue that answers."""
    return Catalogue()


@pytest.fixture
def watcher(catalogue: Catalogue, history: History) -> CatalogWatcher:
    """A watcher that has polled once, after the first full pass."""
    watching = CatalogWatcher(
        SECUREBASE,
        CatalogWatch(),
        catalogue,
        history,
        read_fingerprint=catalogue.read,
        clock=catalogue.clock,
    )
    assert watching.poll() is None
    watching.run_recorded(judged(NOON, catalogue.fingerprint))
    return watching


def judged(at: datetime, fingerprint: str = "", status: Status = Status.PASS, *, proof: bool = True) -> Run:
    """A run over the database: its static proof and a probe, or the probe alone."""
    kinds = (Proof.CONFIGURATION, Proof.BEHAVIOUR) if proof else (Proof.BEHAVIOUR,)
    run = a_run(*(finding(kind, status) for kind in kinds), at=at)
    facts = replace(some_evidence(at), component=SECUREBASE.ref, facts={"server": {"fingerprint": fingerprint}})
    return replace(run, evidence=(facts,) if fingerprint else ())


def finding(kind: Proof, status: Status) -> Finding:
    """A verdict of the isolation."""
    return replace(a_finding(status, check=f"tenancy.{kind.value}", component=SECUREBASE.ref), proof=kind)


def wanted(due: DuePartialRun | None) -> set[str]:
    """The checks of a partial pass."""
    assert due is not None
    return {planned.check.id for planned in PLANNED if due.selects(planned)}


def test_a_change_is_due_at_once_and_until_it_is_judged(watcher: CatalogWatcher, catalogue: Catalogue) -> None:
    """Every isolation and audit check of the database is due until the new catalogue was judged."""
    assert watcher.poll() is None
    catalogue.fingerprint = "b" * 64
    for _ in range(2):
        due = watcher.poll()
        assert wanted(due) == {planned.check.id for planned in PLANNED}
        assert due
        assert not due.only_changes
    watcher.run_recorded(judged(catalogue.at, catalogue.fingerprint))
    assert watcher.poll() is None
    assert (watcher.watch_status.polls, watcher.watch_status.changes) == (5, 1)


def test_a_pass_over_an_older_catalogue_does_not_clear_a_change(watcher: CatalogWatcher, catalogue: Catalogue) -> None:
    """A pass that was under way when the catalogue changed has not judged the new one."""
    catalogue.fingerprint = "b" * 64
    watcher.poll()
    watcher.run_recorded(judged(catalogue.at, "a" * 64))
    assert watcher.poll() is not None


def test_probes_and_proof_have_their_own_intervals(watcher: CatalogWatcher, catalogue: Catalogue) -> None:
    """Read-only probes are due every five minutes, the static proof every hour; both record only changes."""
    catalogue.at += timedelta(minutes=5)
    due = watcher.poll()
    assert wanted(due)
    assert wanted(due) < {p.check.id for p in PLANNED if p.check.proof is not Proof.CONFIGURATION} | {"-"}
    assert due
    assert due.only_changes
    assert watcher.poll() is None
    watcher.run_recorded(judged(catalogue.at, proof=False))
    catalogue.at += timedelta(minutes=55)
    due = watcher.poll()
    assert wanted(due) == {p.check.id for p in PLANNED if p.check.proof is Proof.CONFIGURATION}


def test_a_clock_that_was_set_back_delays_neither_proof_nor_probes(
    watcher: CatalogWatcher, catalogue: Catalogue
) -> None:
    """What was last done in the future, by the clock as it is now, is due."""
    catalogue.at -= timedelta(days=1)
    scopes = [due.scope if (due := watcher.poll()) else "" for _ in range(3)]
    assert [scope.partition(": ")[2].partition(",")[0] for scope in scopes] == ["static proof", "probes", ""]


def test_a_database_that_does_not_answer_is_logged_once_and_polled_less(
    watcher: CatalogWatcher, catalogue: Catalogue, caplog: pytest.LogCaptureFixture
) -> None:
    """Ten minutes without an answer are one log line and about one poll a minute; recovery is one line and one pass."""
    catalogue.down, before = True, catalogue.polled
    with caplog.at_level(logging.WARNING):
        for _ in range(120):
            catalogue.at += 5 * SECOND
            watcher.poll()
        assert watcher.watch_status == replace(watcher.watch_status, up=False)
        assert len(caplog.records) == 1
        assert catalogue.polled - before <= 14
        catalogue.down = False
        catalogue.at += MAX_BACKOFF
        due = watcher.poll()
    assert len(caplog.records) == 2
    assert watcher.watch_status == replace(watcher.watch_status, up=True)
    assert wanted(due) == {planned.check.id for planned in PLANNED}


def test_a_failed_pass_is_retried_after_a_pause(watcher: CatalogWatcher, catalogue: Catalogue) -> None:
    """The checks stay due, but are not run at every poll."""
    catalogue.fingerprint = "b" * 64
    assert watcher.poll()
    watcher.run_failed()
    assert watcher.poll() is None
    catalogue.at += MAX_BACKOFF
    assert watcher.poll()


def test_the_interval_grows_with_its_gaps_and_survives_a_restart(
    watcher: CatalogWatcher, catalogue: Catalogue, history: History
) -> None:
    """Polls and the longest gap are saved, and a new watcher continues the interval."""
    for step in (5, 5, 90):
        catalogue.at += step * SECOND
        watcher.poll()
    watcher.close()
    (known,) = history.catalog_intervals()
    assert (known.polls, known.longest_gap, known.last_seen) == (4, 90 * SECOND, catalogue.at)
    assert (known.proved_at, known.searched_at) == (NOON, NOON)
    catalogue.at += timedelta(hours=1)
    again = CatalogWatcher(
        SECUREBASE, CatalogWatch(), catalogue, history, read_fingerprint=catalogue.read, clock=catalogue.clock
    )
    again.poll()
    again.close()
    (known,) = history.catalog_intervals()
    assert (known.polls, known.longest_gap, again.watch_status.changes) == (5, timedelta(hours=1), 0)


def test_a_catalogue_whose_proof_fails_is_not_proven(
    watcher: CatalogWatcher, catalogue: Catalogue, history: History
) -> None:
    """The interval after a change is unproven until the whole static proof holds for it."""
    catalogue.fingerprint = "b" * 64
    catalogue.at += 5 * SECOND
    watcher.poll()
    watcher.run_recorded(judged(catalogue.at, catalogue.fingerprint, Status.FAIL))
    watcher.save_interval()
    assert [each.proved_at for each in history.catalog_intervals()] == [NOON, None]
    watcher.run_recorded(judged(catalogue.at + WATCH_SAVE_EVERY, catalogue.fingerprint))
    watcher.save_interval()
    assert [each.proved_at for each in history.catalog_intervals()] == [NOON, catalogue.at + WATCH_SAVE_EVERY]


def test_a_later_partial_run_replaces_findings(catalogue: Catalogue) -> None:
    """For checks of both runs the later findings are used, with any subjects; other findings are unchanged."""
    backup, broken = a_finding(Status.PASS), finding(Proof.CONFIGURATION, Status.FAIL)
    whole = a_run(backup, replace(broken, subject="invoices"))
    later = replace(a_run(replace(broken, subject="", status=Status.PASS), at=NOON + SECOND), scope="changed")
    now_known = merge_partial(whole, later)
    assert {(f.check, f.subject, f.status) for f in now_known.findings} == {
        (backup.check, "", Status.PASS),
        (broken.check, "", Status.PASS),
    }
    assert now_known.finished == whole.finished
