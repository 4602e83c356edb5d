"""One drill, end to end: fetch the newest dump, open it, restore it, measure the copy and prove its isolation."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeAlias
from uuid import uuid4

from basewatch.aws import AwsClient
from basewatch.components import Database, DumpBackups
from basewatch.errors import BasewatchError
from basewatch.postgres import DatabaseClient
from basewatch.postgres.binaries import PostgresUnavailable
from basewatch.postgres.scratch import (
    ScratchDatabase,
    ScratchRefusedError,
    ScratchServer,
    private_scratch_server,
    scratch_database,
)
from basewatch.restore_record import RestoreRecord
from basewatch.restore_settings import RestoreDrill
from basewatch.secrets import Reference, Secret
from isolation import fingerprint
from workflows.restoring.budget import Budget, RestoreFailedError, RestoreUntriedError
from workflows.restoring.copy_contents import (
    Schema,
    count_rows,
    differences,
    live_estimates,
    newest_row,
    read_schema,
    time_columns,
)
from workflows.restoring.copy_isolation import CopyAccess, prove_isolation
from workflows.restoring.copying import DumpReader
from workflows.restoring.envelopes import Opener
from workflows.restoring.fetching import fetch, newest_dump
from workflows.restoring.private_folder import private_folder

OpenLive: TypeAlias = Callable[[], AbstractContextManager[DatabaseClient]]
_SHARE_OF_VERIFICATION = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillTask:
    """The drill of one component: its dumps, the database that they are of if it is declared, and how to reach both.

    `live` opens the live database for reading, and `fingerprints` are those that its catalogue was last seen with, and
    since when. `target` opens the declared scratch server, None for a private one.
    """

    dumps: DumpBackups
    drill: RestoreDrill
    database: Database | None
    aws: AwsClient
    live: OpenLive | None
    fingerprints: Mapping[str, datetime]
    target: Callable[[], ScratchServer] | None
    secret: Callable[[Reference], Secret]
    clock: Callable[[], datetime]
    parent: Path | None = None


@dataclass(slots=True, kw_only=True)
class _Drill:
    """A drill under way: what is known so far, and how long each phase took."""

    task: DrillTask
    record: RestoreRecord
    budget: Budget
    seconds: list[tuple[str, float]] = field(default_factory=list[tuple[str, float]])

    @contextmanager
    def phase(self, name: str) -> Generator[None]:
        began = time.monotonic()
        try:
            yield
        finally:
            self.seconds.append((name, round(time.monotonic() - began, 3)))

    def know(self, **found: object) -> None:
        self.record = replace(self.record, **found)  # type: ignore[arg-type]  # fields of the record

    def run(self, folder: Path) -> None:
        task = self.task
        with self.phase("download"):
            chosen = newest_dump(task.aws, task.dumps)
            self.know(dump_key=chosen.dump.key, dump_date=chosen.date, dump_bytes=chosen.dump.size_bytes)
            fetched = fetch(task.aws, task.dumps, chosen.dump, folder, self.budget)
        with self.phase("open"):
            opener = Opener(dumps=task.dumps, folder=folder, budget=self.budget, secret=task.secret)
            opened = opener.opened(fetched)
            self.know(layers=opened.layers)
        with ExitStack() as stack:
            with self.phase("start"):
                server = stack.enter_context(private_scratch_server(folder)) if task.target is None else task.target()
                reader = DumpReader(programs=server.programs, folder=folder, budget=self.budget)
                names = reader.references(opened)
                principals = task.database.tenancy.principals if task.database else ()
                roles = names.roles | set(principals)
                database = stack.enter_context(scratch_database(server, roles, self.budget.max_bytes))
                database.add_extensions(names.extensions)
                self.know(server=f"PostgreSQL {database.version}, {server.described}")
            with self.phase("restore"):
                found = reader.restore(opened, database)
                database.settle(names.ownership, principals)
                self.know(left_out=found.left_out, errors=found.errors[:10], error_count=len(found.errors))
            with self.phase("verify"):
                self.verify(database)

    def verify(self, database: ScratchDatabase) -> None:
        task, longest = self.task, self.budget.limit.remaining_seconds * _SHARE_OF_VERIFICATION
        access = CopyAccess(
            url=database.reader_url,
            own_roles=(database.restorer, database.reader),
            run=self.record.id,
            longest=timedelta(seconds=longest),
        )
        schemas = task.database.tenancy.schemas if task.database else ("public",)
        with access.open() as copy:
            schema, tables = read_schema(copy), count_rows(copy)
            columns = time_columns(task.database, task.drill.time_columns)
            newest, found_in = newest_row(copy, columns, schemas)
        self.know(schema_digest=schema.digest, tables=tables, newest_row=newest, newest_in=found_in)
        self.compare(schema)
        if task.database is not None:
            isolation, passed = prove_isolation(access, task.database, task.clock(), task.clock)
            self.know(isolation=isolation, isolation_passed=passed)

    def compare(self, schema: Schema) -> None:
        """Compares the copy with the live database, as far as that can be read."""
        task = self.task
        if task.live is None:
            return
        try:
            with task.live() as live:
                theirs, estimates, current = read_schema(live), live_estimates(live), fingerprint(live)
        except BasewatchError:
            # The judge sees that it was not compared.
            return
        self.know(
            live_schema_digest=theirs.digest,
            live_unchanged_since=task.fingerprints.get(current),
            differences=differences(schema, theirs),
            tables=tuple(replace(each, live_rows=estimates.get(each.name)) for each in self.record.tables),
        )


def drill(task: DrillTask) -> RestoreRecord:
    """Makes one drill; whatever happens on the way is in the record."""
    at = task.clock()
    began = RestoreRecord(
        id=f"drill-{at:%Y%m%dT%H%M%SZ}-{uuid4().hex[:8]}",
        component=task.dumps.ref,
        started=at,
        finished=at,
        outcome="untried",
    )
    under_way = _Drill(task=task, record=began, budget=Budget.of(task.drill))
    try:
        with private_folder(task.parent) as folder:
            under_way.run(folder)
        under_way.know(outcome="restored")
    except RestoreFailedError as error:
        under_way.know(outcome="failed", problem=str(error))
    except (RestoreUntriedError, ScratchRefusedError) as error:
        under_way.know(problem=str(error), remedy=error.remedy)
    except PostgresUnavailable as error:
        under_way.know(problem=str(error), remedy="install basewatch[demo], or declare restore_drill.target")
    except (BasewatchError, OSError) as error:
        # Of the copy: its server ended, or a statement took too long.
        under_way.know(problem=f"the copy could not be examined: {error}", remedy="run the drill again with --verbose")
    return replace(under_way.record, finished=task.clock(), seconds=tuple(under_way.seconds))
