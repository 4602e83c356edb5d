"""How long ago the newest dump was really restored, and the drills that all checks of restores judge."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from basewatch.check import check
from basewatch.clients import PastPasses
from basewatch.components import DumpBackups
from basewatch.errors import ObservationError
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed, unverified
from basewatch.quantities import format_duration
from basewatch.restore_record import PastRestores, RestoreRecord
from checks.backup.ages import age, minutes_text

RECENCY = "backup.restore_test.recency"
_RUN_IT = "Run `basewatch drill`, and schedule it: docs/restore-drill.md."
_LONGEST_LATENESS = timedelta(days=1)


def past_restores(history: PastPasses, dumps: DumpBackups) -> PastRestores:
    """The recorded drills of the dumps. No request is sent: the history was read as this pass began.

    Raises: ObservationError, when the history was not read.
    """
    found = history.restores.get(dumps.ref)
    if found is None:
        raise ObservationError(
            Reason.NOT_ENOUGH_DATA,
            "the history, which has the drills, was not read",
            remedy="Check history.url of the configuration, and run `basewatch drill` where it is.",
        )
    return found


def due_after(dumps: DumpBackups) -> timedelta:
    """The age at which the last drill is too old: a schedule may be late by a quarter, and by a day at most."""
    every = dumps.restore_drill.every if dumps.restore_drill else timedelta()
    return every + min(every / 4, _LONGEST_LATENESS)


def last_restored(facts: PastRestores, dumps: DumpBackups, now: datetime) -> RestoreRecord | Verdict:
    """The newest drill that restored a dump; UNVERIFIED, when there is none or it is too old to say anything."""
    restored = [each for each in facts.records if each.outcome == "restored"]
    if not restored:
        return unverified(Reason.NOT_ENOUGH_DATA, "no dump was restored yet", remedy=_RUN_IT)
    if age(restored[-1].finished, now) is None or now - restored[-1].finished > due_after(dumps):
        shown = f"{restored[-1].finished:%Y-%m-%d %H:%M} UTC"
        return unverified(Reason.STALE, f"the last dump was restored at {shown}", remedy=_RUN_IT)
    return restored[-1]


@check(
    RECENCY,
    component=DumpBackups,
    observe=past_restores,
    severity=Severity.CRITICAL,
    proof=Proof.BEHAVIOUR,
    needs=(),
    promises=("restore_drill",),
)
def dumps_are_restored(facts: PastRestores, dumps: DumpBackups, now: datetime) -> Iterator[Verdict]:
    """A dump was really restored within the promised interval, and the newest that was tried could be.

    Why: A backup is known to be good when it has been restored, and not before: truncated, empty and undecryptable
    dumps are written on time and have a size.
    Reads: The drills that `basewatch drill` recorded in the history. A drill fetches the newest dump, opens its
    envelopes, and restores it into a scratch PostgreSQL as a role without rights.
    Unverified when: The history was not read, or no drill has been made since the promise was first checked, which is
    less than `every` ago. A drill that could not be tried, for lack of space or of a program, counts as none.
    Fix: Run `basewatch drill`, read why the dump cannot be restored, and repair the backup job.
    Source: docs/restore-drill.md; NIST SP 800-53 CP-4, CP-9(1)
    """
    tried = [each for each in facts.records if each.outcome != "untried"]
    untried = next((each for each in reversed(facts.records) if each.outcome == "untried"), None)
    every = dumps.restore_drill.every if dumps.restore_drill else timedelta()
    expected = f"restored every {format_duration(every)}"
    hindered = f"; since then: {untried.problem}" if untried and (not tried or untried is facts.records[-1]) else ""
    if not tried:
        waited = age(facts.expected_since, now) or timedelta()
        detail = f"no drill was made in the {minutes_text(waited)} since it is expected{hindered}"
        if waited > due_after(dumps):
            remedy = untried.remedy if untried else ""
            yield failed("No dump was ever restored", observed=detail, expected=expected, remedy=remedy or _RUN_IT)
        else:
            remedy = untried.remedy if untried else ""
            yield unverified(Reason.NOT_ENOUGH_DATA, detail, remedy=remedy or _RUN_IT)
        return
    last = tried[-1]
    ago = age(last.finished, now)
    if ago is None:
        shown = f"{last.finished:%Y-%m-%d %H:%M} UTC"
        yield unverified(Reason.STALE, f"the last drill is recorded for {shown}, which is not yet", remedy=_RUN_IT)
    elif last.outcome == "failed":
        what = f"{last.dump_key or 'the newest dump'}: {last.problem}"
        yield failed("The newest dump that was tried cannot be restored", observed=what, expected=expected)
    elif ago > due_after(dumps):
        observed = f"{last.dump_key}, restored {minutes_text(ago)} ago{hindered}"
        remedy = untried.remedy if untried and hindered else _RUN_IT
        yield failed("No dump was restored for too long", observed=observed, expected=expected, remedy=remedy)
    else:
        observed = f"{last.dump_key}, restored {minutes_text(ago)} ago{hindered}"
        yield passed("A dump was restored", observed=observed, expected=expected)
