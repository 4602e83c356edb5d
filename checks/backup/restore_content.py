"""What a restored copy holds: every object and row that it should, and rows as new as its dump."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from basewatch.check import check
from basewatch.components import DumpBackups
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed, unverified
from basewatch.quantities import format_duration
from basewatch.restore_record import PastRestores, RestoreRecord
from checks.backup.ages import minutes_text
from checks.backup.restore_duration import FOLLOWS_RECENCY
from checks.backup.restore_recency import last_restored, past_restores

_SHOWN = 8
_MANY_ROWS = 1000
_LOST = 0.5
"""A table of many rows has lost rows when it has less than half: estimates and an hour's work differ by less."""


@check(
    "backup.restore_test.content",
    component=DumpBackups,
    observe=past_restores,
    severity=Severity.HIGH,
    proof=Proof.BEHAVIOUR,
    needs=(),
    promises=("restore_drill",),
    follows_from=(FOLLOWS_RECENCY,),
)
def the_copy_holds_the_database(facts: PastRestores, dumps: DumpBackups, now: datetime) -> Iterator[Verdict]:
    """The restored copy has every object of the database, no table lost its rows, and the newest row is new enough.

    Why: A dump of the wrong database, of the schema alone, or of a role that may not read every row restores without
    an error, and is of no use.
    Reads: The drills in the history: errors of the restore, the rows of each table, a digest of every object, and the
    newest time in the declared columns. Rows are compared with the statistics of the live database, or with the drill
    before; objects with those of the live database.
    Unverified when: The history was not read, no dump was restored within `every`, there is nothing to compare the copy
    with, the scratch server lacks an extension that statements need, or objects differ and the live database may have
    changed since the dump.
    Fix: Compare the command of the backup job with that of docs/restore-drill.md: it dumps the whole database, as a
    role that row-level security does not restrict. Declare tables that may lose all rows as `may_be_empty`.
    Source: docs/restore-drill.md; NIST SP 800-53 CP-9(1), SI-7
    """
    last = last_restored(facts, dumps, now)
    if isinstance(last, Verdict):
        yield last
        return
    before = [each for each in facts.records if each.outcome == "restored" and each is not last and each.tables]
    problems, doubts = list(_problems(last, before[-1] if before else None, dumps)), list(_doubts(last, before, dumps))
    rows = sum(each.rows for each in last.tables)
    observed = f"{last.dump_key}: {len(last.tables)} tables, {rows} rows{_newest_text(last)}"
    expected = "every object and row of the database"
    if problems:
        shown = "; ".join(problems[:_SHOWN])
        yield failed(
            "The restored copy lacks what the database has", observed=f"{observed}; {shown}", expected=expected
        )
    elif doubts:
        yield unverified(Reason.NOT_ENOUGH_DATA, doubts[0], remedy="Repair what it names, and run `basewatch drill`.")
    else:
        yield passed("The restored copy holds the database", observed=observed, expected=expected)


def _problems(last: RestoreRecord, before: RestoreRecord | None, dumps: DumpBackups) -> Iterator[str]:
    drill = dumps.restore_drill
    if last.error_count and not last.left_out:
        yield f"{last.error_count} statements failed, such as: {last.errors[0] if last.errors else 'not recorded'}"
    if not any(each.rows for each in last.tables):
        yield "no table has a row"
        return
    earlier = {each.name: each.rows for each in before.tables} if before else {}
    for table in last.tables:
        known = earlier.get(table.name, 0) if table.live_rows is None else table.live_rows
        whose = "in the drill before" if table.live_rows is None else "live"
        if not table.rows and known and not _may_be_empty(table.name, drill.may_be_empty if drill else ()):
            yield f"{table.name} is empty, and has {known} rows {whose}"
        elif known >= _MANY_ROWS and table.rows < known * _LOST:
            yield f"{table.name} has {table.rows} rows, and {known} {whose}"
    if not last.live_schema_digest:
        yield from (f"{name} is gone" for name in earlier if name not in {each.name for each in last.tables})
    elif _is_certain(last):
        yield from last.differences
    if drill and drill.newest_row_within is not None and last.newest_row and last.dump_date:
        lag = last.dump_date - last.newest_row
        if lag > drill.newest_row_within:
            promised = format_duration(drill.newest_row_within)
            yield f"the newest row is {minutes_text(lag)} older than the dump, promised are {promised}"


def _doubts(last: RestoreRecord, before: Sequence[RestoreRecord], dumps: DumpBackups) -> Iterator[str]:
    drill = dumps.restore_drill
    if last.error_count and last.left_out:
        yield (
            f"{last.error_count} statements failed, and the scratch server has no {', '.join(last.left_out[:_SHOWN])}, "
            "which they may need"
        )
    if last.differences and not _is_certain(last):
        shown = "; ".join(last.differences[:_SHOWN])
        yield f"the live database may have changed since the dump: {shown}"
    if not last.live_schema_digest and not before:
        yield "the copy was compared with nothing: the live database could not be read, and no drill was before"
    if drill and drill.newest_row_within is not None and last.newest_row is None:
        yield "no row with a time was found: declare restore_drill.time_columns"


def _is_certain(last: RestoreRecord) -> bool:
    """Whether the live database had the same catalogue when the dump was made as when it was compared."""
    since, made = last.live_unchanged_since, last.dump_date
    return since is not None and made is not None and since <= made


def _may_be_empty(name: str, declared: Sequence[str]) -> bool:
    return name in declared or name.partition(".")[2] in declared


def _newest_text(last: RestoreRecord) -> str:
    return f", the newest of {last.newest_row:%Y-%m-%d %H:%M} UTC" if last.newest_row else ""
