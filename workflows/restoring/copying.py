"""Restores an opened dump into a scratch database, as a role without rights, by PostgreSQL's own programs."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from basewatch.postgres.binaries import Binaries
from basewatch.postgres.scratch import ScratchDatabase
from workflows.restoring.budget import Budget, RestoreFailedError, RestoreUntriedError
from workflows.restoring.envelopes import OpenedDump
from workflows.restoring.programs import Ended, Program, run
from workflows.restoring.references import References, references
from workflows.restoring.restore_messages import RestoreMessages, restore_messages

_END_OF_PLAIN = b"PostgreSQL database dump complete"
_TAIL = 4096
_LONGEST_LINE = 1 << 20
_LONGEST_PROBLEM = 300
_SKIPPED = "errors ignored on restore"
_UNSUPPORTED = "unsupported version"


@dataclass(frozen=True, slots=True, kw_only=True)
class DumpReader:
    """Reads and restores one dump with the programs of a scratch server."""

    programs: Binaries
    folder: Path
    budget: Budget

    def references(self, dump: OpenedDump) -> References:
        """The roles, owners and extensions that the dump names. Raises: RestoreFailedError, RestoreUntriedError."""
        if dump.format == "plain":
            return references(_lines(dump.path))
        script = self.folder / "schema.sql"
        command = [self.programs.program("pg_restore"), "--schema-only", "--file=-", str(dump.path)]
        with script.open("wb") as output:
            ended = run(Program(arguments=command, folder=self.folder, environment={}), self.budget, output=output)
        if ended.status:
            raise _problem(ended, "its table of contents cannot be read")
        return references(_lines(script))

    def restore(self, dump: OpenedDump, database: ScratchDatabase) -> RestoreMessages:
        """What of the dump could not be run in the database. Raises: RestoreFailedError, RestoreUntriedError."""
        ended = self._by_psql(dump, database) if dump.format == "plain" else self._by_pg_restore(dump, database)
        return restore_messages(ended.messages)

    def _by_pg_restore(self, dump: OpenedDump, database: ScratchDatabase) -> Ended:
        # It sends statements and no commands of psql, so nothing in the archive can start a program.
        command = [self.programs.program("pg_restore"), "--no-owner", f"--dbname={database.name}", str(dump.path)]
        ended = self._run(command, database)
        if ended.status and _SKIPPED not in ended.messages:
            raise _problem(ended, "pg_restore ended early")
        return ended

    def _by_psql(self, dump: OpenedDump, database: ScratchDatabase) -> Ended:
        if not _is_complete(dump.path):
            raise RestoreFailedError("it ends before its end: the last line of pg_dump is missing")
        key = secrets.token_hex(24)
        if not self._restricts(key, database):
            raise RestoreUntriedError(
                "psql of this machine cannot be kept from running the commands in a plain dump",
                "install PostgreSQL 17.6, 16.10, 15.14, 14.19 or later of each, or basewatch[demo]",
            )
        # Until the key comes again, which the dump cannot know, psql runs no command of its own: only SQL.
        ended = self._run(self._psql, database, header=f"\\restrict {key}\n".encode(), source=dump.path)
        if ended.status:
            raise _problem(ended, "psql ended early")
        return ended

    def _restricts(self, key: str, database: ScratchDatabase) -> bool:
        tried = f"\\restrict {key}\n\\echo\n".encode()
        return "restricted" in self._run(self._psql, database, header=tried).messages

    @property
    def _psql(self) -> Sequence[str]:
        return [self.programs.program("psql"), "--no-psqlrc", "--quiet", "--set=ECHO=errors", "--no-password"]

    def _run(
        self, command: Sequence[str], database: ScratchDatabase, *, header: bytes = b"", source: Path | None = None
    ) -> Ended:
        program = Program(
            arguments=command, folder=self.folder, environment=database.environment, header=header, source=source
        )
        return run(program, self.budget, used_bytes=database.size_bytes)


def _problem(ended: Ended, what: str) -> Exception:
    said = next((line for line in ended.messages.splitlines() if "error" in line.lower()), ended.messages)
    text = f"{what}: {' '.join(said.split())[:_LONGEST_PROBLEM] or f'status {ended.status}'}"
    if _UNSUPPORTED in ended.messages:
        return RestoreUntriedError(text, "install a PostgreSQL that is as new as the pg_dump which made the dump")
    return RestoreFailedError(text)


def _is_complete(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(max(path.stat().st_size - _TAIL, 0))
        return _END_OF_PLAIN in file.read()


def _lines(path: Path) -> Iterator[str]:
    """The lines of a script; of one that is longer than a MiB only parts, which are no statement."""
    with path.open("rb") as file:
        while line := file.readline(_LONGEST_LINE):
            yield line.decode("utf-8", "replace")
