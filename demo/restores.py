"""The drill job of the sandbox: what its last restores found, and how a fault changes what the next one finds."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from basewatch.restore_record import RestoredTable, RestoreRecord
from demo.account import PREFIX

COMPONENT = f"dump_backups/{PREFIX}-backups"


class DrillJob:
    """The records of the drills so far, oldest first. The first is of a real restore, or says what one would find."""

    def __init__(self, first: RestoreRecord) -> None:
        self._sound = first
        self.records = [first]

    def begin(self, first: RestoreRecord) -> None:
        """Begins again with the record of a real drill."""
        self._sound, self.records = first, [first]

    def find(self, **found: Any) -> None:
        """Another drill after the last one; it finds what the first found but for these fields."""
        last = self.records[-1].finished
        number = len(self.records) + 1
        started = found.pop("started", last + timedelta(seconds=1))
        finished = found.pop("finished", started + self._sound.duration)
        self.records.append(
            replace(self._sound, id=f"{self._sound.id}-{number}", started=started, finished=finished, **found)
        )

    def forget(self) -> None:
        """The sandbox as it was before any fault: with the first drill alone."""
        del self.records[1:]

    def age(self, by: timedelta) -> None:
        """Every drill is older by this; less than nothing makes them younger."""
        self._sound = _older(self._sound, by)
        self.records = [_older(each, by) for each in self.records]


def sound_drill(now: datetime) -> RestoreRecord:
    """What a drill of the sandbox finds that ended a minute before `now`."""
    ended = now - timedelta(minutes=1)
    return RestoreRecord(
        id="drill-sound",
        component=COMPONENT,
        started=ended - timedelta(seconds=2),
        finished=ended,
        outcome="restored",
        dump_key="hourly/securebase.dump",
        dump_date=ended - timedelta(minutes=30),
        dump_bytes=94_000,
        layers=("custom",),
        server="PostgreSQL 18.6",
        seconds=(("download", 0.1), ("restore", 0.4), ("verify", 1.0)),
        tables=(
            RestoredTable(name="public.audit_events", rows=840, live_rows=840),
            RestoredTable(name="public.invoices", rows=168, live_rows=168),
        ),
        newest_row=ended - timedelta(minutes=40),
        newest_in="audit_events.occurred_at",
        schema_digest="9c18",
        live_schema_digest="9c18",
        isolation_passed=53,
    )


def _older(record: RestoreRecord, by: timedelta) -> RestoreRecord:
    return replace(record, started=record.started - by, finished=record.finished - by)
