"""What the history says as a pass begins, for the checks that judge it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from basewatch.clients import PastPasses
from basewatch.components import DumpBackups
from basewatch.history.store import History
from basewatch.model import Finding, Proof, Severity, Status
from basewatch.restore_record import PastRestores, RestoreRecord
from checks.backup.restore_recency import RECENCY
from workflows.plan import Plan
from workflows.silence_use import unused_silences

_MAX_RECORDS = 40
_IN_FULL = 2
"""So many restored copies are kept with all that they hold: the last, and the one before to compare it with."""


def past_passes(plan: Plan, history: History, at: datetime) -> PastPasses:
    """The history as it is at `at`. Raises: HistoryError."""
    last = history.last_run()
    return PastPasses(
        previous_end=last.window_end if last else None,
        known_ids=history.known_ids(plan.identified),
        unused_silences=unused_silences(
            plan.config.alerts, plan.whole or plan.expected, plan.config.components, history.current_findings()
        ),
        restores=past_restores(plan, history, at),
    )


def past_restores(plan: Plan, history: History, at: datetime) -> Mapping[str, PastRestores]:
    """The drills of every component that promises them, by its ref; those it expects since its first pass."""
    refs = [each.ref for each in plan.config.components if isinstance(each, DumpBackups) and each.restore_drill]
    if not refs:
        return {}
    found = defaultdict[str, list[RestoreRecord]](list)
    for record in history.restore_tests():
        found[record.component].append(record)
    first = history.first_starts(map(_recency_key, refs))
    return {
        ref: PastRestores(
            expected_since=min(first.get(_recency_key(ref), at), at), records=tuple(_kept(found.get(ref, ())))
        )
        for ref in refs
    }


def _kept(records: Iterable[RestoreRecord]) -> Iterator[RestoreRecord]:
    newest = sorted(records, key=lambda each: each.finished)[-_MAX_RECORDS:]
    full = {each.id for each in [each for each in newest if each.outcome == "restored"][-_IN_FULL:]}
    for each in newest:
        yield each if each.id in full else replace(each, tables=(), isolation=(), differences=(), errors=())


def _recency_key(ref: str) -> str:
    return Finding(
        check=RECENCY, component=ref, status=Status.PASS, severity=Severity.LOW, proof=Proof.BEHAVIOUR, summary=""
    ).key
