"""How long a restore takes: the last one, and all of the last months."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from basewatch.check import FollowsFrom, check
from basewatch.components import DumpBackups
from basewatch.model import Proof, Reason, Severity, Status, Verdict, failed, passed, unverified
from basewatch.quantities import format_duration
from basewatch.restore_record import PastRestores, RestoreRecord
from checks.backup.restore_recency import RECENCY, last_restored, past_restores

FOLLOWS_RECENCY = FollowsFrom(check=RECENCY, status=Status.UNVERIFIED, reasons=(Reason.NOT_ENOUGH_DATA, Reason.STALE))
"""Without a recent restore there is nothing else to judge."""
_WINDOW = timedelta(days=90)
_ENOUGH = 0.8
_MAX_KEPT = 40
_P95 = 0.95
_SECOND = timedelta(seconds=1)


@check(
    "backup.restore_test.duration",
    component=DumpBackups,
    observe=past_restores,
    severity=Severity.HIGH,
    proof=Proof.BEHAVIOUR,
    needs=(),
    promises=("restore_drill",),
    follows_from=(FOLLOWS_RECENCY,),
)
def restored_in_time(facts: PastRestores, dumps: DumpBackups, now: datetime) -> Iterator[Verdict]:
    """The last dump that was restored was back within the promised time.

    Why: A database grows, and with it the time to restore it, until a recovery takes longer than was promised.
    Reads: The drills in the history: the time from the listing of the dumps to the verified copy, with download,
    decryption and restore. The machine of the drill is not that of production: a smaller one takes longer, and what
    people do in a recovery is not in it.
    Unverified when: The history was not read, or no dump was restored within `every`.
    Fix: Restore from a physical backup, in parallel (`pg_restore --jobs`), or in parts; or promise more time.
    Source: docs/restore-drill.md; NIST SP 800-53 CP-10(4)
    """
    last = last_restored(facts, dumps, now)
    if isinstance(last, Verdict):
        yield last
        return
    within = dumps.restore_drill.within if dumps.restore_drill else timedelta()
    parts = ", ".join(f"{name} {seconds:g} s" for name, seconds in last.seconds)
    observed, expected = f"{_text(last.duration)} ({parts})", f"at most {format_duration(within)}"
    if last.duration > within:
        yield failed("The restore took longer than promised", observed=observed, expected=expected)
    else:
        yield passed("The restore was fast enough", observed=observed, expected=expected)


@check(
    "backup.rpo_rto.measured",
    component=DumpBackups,
    observe=past_restores,
    severity=Severity.MEDIUM,
    proof=Proof.BEHAVIOUR,
    needs=(),
    promises=("restore_drill",),
    follows_from=(FOLLOWS_RECENCY,),
)
def objectives_are_met_over_months(facts: PastRestores, dumps: DumpBackups, now: datetime) -> Iterator[Verdict]:
    """Every restore of the last 90 days met the promised time, and the promised age of the newest row.

    Why: One good drill says little of the next: the slowest of a quarter is what a plan for a disaster can rest on.
    Reads: The drills in the history: how long each took, and how much older than its dump its newest row was, as the
    maximum and the 95th percentile.
    Unverified when: The history was not read, no dump was restored lately, or fewer than 80 % of the expected drills
    restored one.
    Fix: Find the drills that were slow or missing in the history, and what differed: `basewatch drill --verbose`.
    Source: docs/restore-drill.md; NIST SP 800-34, recovery point and time objectives
    """
    drill, last = dumps.restore_drill, last_restored(facts, dumps, now)
    if isinstance(last, Verdict) or drill is None:
        yield last if isinstance(last, Verdict) else unverified(Reason.NOT_ENOUGH_DATA, "no drill is promised")
        return
    measured = [each for each in facts.records if each.outcome == "restored" and now - each.finished <= _WINDOW]
    began = max(now - _WINDOW, min(facts.expected_since, measured[0].started))
    expected_count = min(int((now - began) / drill.every), _MAX_KEPT)
    if len(measured) < math.floor(expected_count * _ENOUGH):
        detail = f"{len(measured)} of {expected_count} expected drills restored a dump"
        yield unverified(Reason.NOT_ENOUGH_DATA, detail, remedy="Schedule `basewatch drill`: docs/restore-drill.md.")
        return
    durations = sorted(each.duration for each in measured)
    observed = [f"{len(measured)} drills: restored in {_text(durations[-1])} at most"]
    expected = [f"restored within {format_duration(drill.within)}"]
    late = durations[-1] > drill.within
    if lags := _lags(measured):
        observed.append(f"newest row {_text(lags[-1])} older than its dump at most, 95 % {_text(_p95(lags))}")
    if drill.newest_row_within is not None:
        expected.append(f"newest row at most {format_duration(drill.newest_row_within)} older than its dump")
        late = late or bool(lags and lags[-1] > drill.newest_row_within)
    summary = "A restore of the last 90 days missed its objectives" if late else "Every restore met its objectives"
    make = failed if late else passed
    yield make(summary, observed="; ".join(observed), expected="; ".join(expected))


def _lags(records: Sequence[RestoreRecord]) -> list[timedelta]:
    return sorted(
        max(each.dump_date - each.newest_row, timedelta()) for each in records if each.dump_date and each.newest_row
    )


def _p95(values: Sequence[timedelta]) -> timedelta:
    return values[max(math.ceil(len(values) * _P95) - 1, 0)]


def _text(duration: timedelta) -> str:
    return format_duration(duration // _SECOND * _SECOND) if duration >= _SECOND else "under 1s"
