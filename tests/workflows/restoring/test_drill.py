"""A drill restores real dumps of every format, finds what they lack, and lets nothing in them out."""

from __future__ import annotations

import gzip
import io
import subprocess
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from basewatch.components import Database, DumpBackups
from basewatch.model import Status
from basewatch.postgres import connect
from basewatch.postgres.scratch import (
    ScratchRefusedError,
    ScratchServer,
    declared_scratch_server,
    private_scratch_server,
)
from basewatch.restore_record import RestoreRecord
from basewatch.secrets import Secret
from checks.backup.dump_sets import StoredDump, StoredObject
from demo.database import NAME, SandboxDatabase
from isolation import fingerprint
from tests.fixtures_box import CONFIG
from workflows.commands import utc_now
from workflows.plan import load_plan
from workflows.restoring import drill as drilling
from workflows.restoring.drill import DrillTask, drill
from workflows.restoring.fetching import ChosenDump

pytestmark = pytest.mark.slow

PLAN = load_plan(CONFIG)
DUMPS = next(each for each in PLAN.config.components if isinstance(each, DumpBackups))
DATABASE = next(each for each in PLAN.config.components if isinstance(each, Database))
LONG_AGO = utc_now() - timedelta(days=1)


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScratchServer]:
    """One server for the drills of this module: a drill starts its own, which takes a second."""
    with private_scratch_server(tmp_path_factory.mktemp("scratch")) as server:
        yield server


@pytest.fixture
def restored(
    box_database: SandboxDatabase, scratch: ScratchServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Restore:
    """Drills a dump that is given as its bytes, or as a folder."""
    return Restore(box_database, scratch, tmp_path, monkeypatch)


class Restore:
    """The drill of a dump, as if it were the newest in the bucket."""

    def __init__(
        self, database: SandboxDatabase, scratch: ScratchServer, folder: Path, patch: pytest.MonkeyPatch
    ) -> None:
        self.database, self.scratch, self._folder, self._patch = database, scratch, folder, patch

    def __call__(self, content: bytes | Path, dumps: DumpBackups = DUMPS) -> RestoreRecord:
        """What the drill found."""
        now = utc_now()
        file = StoredObject(key="hourly/x", last_modified=now, size_bytes=1)
        chosen = ChosenDump(dump=StoredDump(key="hourly/x", files=(file,)), date=now)
        self._patch.setattr(drilling, "newest_dump", lambda *_: chosen)
        self._patch.setattr(drilling, "fetch", lambda _aws, _dumps, _dump, folder, _budget: self._put(content, folder))
        assert dumps.restore_drill is not None
        url = Secret("env:LIVE", self.database.url)
        with connect(url, run="test") as live:
            known = {fingerprint(live): LONG_AGO}
        return drill(
            DrillTask(
                dumps=dumps,
                drill=dumps.restore_drill,
                database=DATABASE,
                aws=None,  # type: ignore[arg-type]  # nothing is fetched
                live=lambda: connect(url, run="test"),
                fingerprints=known,
                target=lambda: self.scratch,
                secret=lambda reference: Secret(str(reference), "correct horse"),
                clock=utc_now,
            )
        )

    def dump(self, *options: str) -> bytes:
        """The box's database by pg_dump with these options."""
        answer = subprocess.run(
            [self.scratch.programs.program("pg_dump"), *options, self.database.superuser_url],
            capture_output=True,
            check=True,
        )
        return answer.stdout

    def dump_folder(self) -> Path:
        """The box's database in the directory format."""
        self.dump("--format=directory", f"--file={self._folder / 'dumped'}")
        return self._folder / "dumped"

    @property
    def superuser(self) -> str:
        """The name of the superuser of the scratch server."""
        return str(conninfo_to_dict(self.scratch.superuser_url.reveal())["user"])

    @staticmethod
    def _put(content: bytes | Path, folder: Path) -> Path:
        target = folder / "fetched"
        if isinstance(content, Path):
            content.rename(target)
            for each in (target, *target.iterdir()):
                each.chmod(0o755)
        else:
            target.write_bytes(content)
        return target


def is_sound(record: RestoreRecord) -> bool:
    """Whether a drill found nothing at all."""
    whole = record.outcome == "restored" and not record.error_count and not record.left_out
    alike = record.schema_digest == record.live_schema_digest and not record.differences
    return whole and alike and not record.isolation and bool(record.isolation_passed)


def zipped(content: bytes) -> bytes:
    """The content as the one file of a zip archive."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("a.dump", content)
    return archive.getvalue()


def test_dumps_of_every_format_are_restored_whole(restored: Restore) -> None:
    """Custom, tar, directory and plain, also in envelopes: every row, object and policy is back, and proven."""
    custom, plain = restored.dump("--format=custom"), restored.dump("--create")
    cases: dict[str, bytes | Path] = {
        "custom": custom,
        "tar": restored.dump("--format=tar"),
        "directory": restored.dump_folder(),
        "plain in zip in gzip": gzip.compress(zipped(plain)),
    }
    for name, content in cases.items():
        record = restored(content)
        assert is_sound(record), (name, record)
        assert sum(table.rows for table in record.tables) > 3_000
        assert record.newest_in == "audit_events.occurred_at"


def test_a_dump_without_forced_policies_restores_and_is_not_isolated(restored: Restore) -> None:
    """What a plain restore does not show: tables without FORCE, or without their policies."""
    plain = restored.dump().decode()
    lines = [line for line in plain.splitlines(keepends=True) if "FORCE ROW LEVEL" not in line]
    unforced = restored("".join(lines).encode())
    assert unforced.outcome == "restored"
    assert {each.check for each in unforced.isolation if each.status is Status.FAIL} >= {"tenancy.rls.coverage"}
    assert any("row security of" in each for each in unforced.differences)
    without = restored(restored.dump("--format=custom", "--no-policies"))
    assert any("the copy lacks the policy" in each for each in without.differences)


def test_a_dump_of_the_schema_alone_has_no_row(restored: Restore) -> None:
    """It restores without an error, and every table is empty."""
    record = restored(restored.dump("--format=custom", "--schema-only"))
    assert (record.outcome, sum(table.rows for table in record.tables)) == ("restored", 0)


@pytest.mark.parametrize("format_", ["custom", "tar", "plain"])
def test_a_truncated_dump_fails(restored: Restore, format_: str) -> None:
    """Half of a dump is not restored, whatever its format."""
    content = restored.dump(f"--format={format_}")
    record = restored(content[: len(content) // 2])
    assert (record.outcome, bool(record.problem)) == ("failed", True)


def test_nothing_in_a_hostile_dump_gets_out(restored: Restore, tmp_path: Path) -> None:
    """Commands of psql, programs, files, other roles and other servers are refused, and the rest is restored."""
    proof = tmp_path / "out"
    hostile = f"""
-- The statements of an intruder.
\\! touch {proof}
\\o {proof}
\\copy (SELECT 1) TO '{proof}'
SELECT 'x' \\g {proof}
\\setenv PATH /tmp
\\unrestrict guessed
COPY (SELECT 1) TO PROGRAM 'touch {proof}';
COPY (SELECT 1) TO '{proof}';
CREATE TABLE public.files (line text);
COPY public.files FROM '/etc/passwd';
SELECT pg_read_file('/etc/passwd');
SELECT lo_import('/etc/passwd');
CREATE EXTENSION dblink;
CREATE EXTENSION file_fdw;
CREATE EXTENSION postgres_fdw;
SET ROLE pg_execute_server_program;
GRANT pg_execute_server_program TO app;
ALTER SYSTEM SET archive_command = 'touch {proof}';
ALTER ROLE app SUPERUSER;
CREATE ROLE intruder SUPERUSER LOGIN;
CREATE FUNCTION public.run() RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN EXECUTE 'COPY (SELECT 1) TO PROGRAM ''touch {proof}'''; END $$;
ALTER FUNCTION public.run() OWNER TO pg_execute_server_program;
ALTER FUNCTION public.run() OWNER TO {restored.superuser};
SELECT public.run();
CREATE EVENT TRIGGER spy ON ddl_command_end EXECUTE FUNCTION public.run();
CREATE TABLE public.kept (a int);
INSERT INTO public.kept VALUES (1);
"""  # noqa: S608  # it is meant to be an injection
    plain = restored.dump().decode()
    record = restored(
        plain.replace(
            "-- PostgreSQL database dump complete", f"{hostile}\n-- PostgreSQL database dump complete"
        ).encode()
    )
    assert not proof.exists()
    assert record.outcome == "restored"
    rows = {table.name: table.rows for table in record.tables}
    assert (rows["public.kept"], rows["public.files"]) == (1, 0)
    with psycopg.connect(restored.scratch.superuser_url.reveal()) as connection:
        left = connection.execute("SELECT datname FROM pg_database WHERE datname LIKE 'basewatch%'").fetchall()
        roles = connection.execute("SELECT rolname FROM pg_roles WHERE rolname !~ '^(pg_|bw_)'").fetchall()
    assert (left, roles) == ([], [])


def test_a_dump_that_runs_for_ever_is_ended(restored: Restore) -> None:
    """The deadline of the drill holds, and says so."""
    plain = restored.dump().decode()
    endless = plain.replace(
        "-- PostgreSQL database dump complete", "DO $$BEGIN LOOP END LOOP; END$$;\n-- PostgreSQL database dump complete"
    )
    assert DUMPS.restore_drill is not None
    brief = DUMPS.model_copy(
        update={"restore_drill": DUMPS.restore_drill.model_copy(update={"within": timedelta(seconds=2)})}
    )
    record = restored(endless.encode(), brief)
    assert record.outcome == "failed"
    assert "not restored" in record.problem


def test_a_bomb_of_envelopes_is_not_unpacked(restored: Restore) -> None:
    """An envelope that grows beyond the declared size ends there."""
    assert DUMPS.restore_drill is not None
    small = DUMPS.model_copy(update={"restore_drill": DUMPS.restore_drill.model_copy(update={"max_gigabytes": 0})})
    record = restored(gzip.compress(b"\0" * (64 << 20)), small)
    assert (record.outcome, "max_gigabytes" in record.problem) == ("failed", True)


def test_an_encrypted_dump_is_opened_by_its_command(restored: Restore) -> None:
    """The secret is in a private file for the program, and nowhere else; a wrong one is a failure that names none."""
    encrypt = ["openssl", "enc", "-aes-256-cbc", "-pbkdf2", "-pass"]
    content, sealed = restored.dump("--format=custom"), b""
    for word, outcome in (("correct horse", "restored"), ("battery staple", "failed")):
        sealed = subprocess.run([*encrypt, f"pass:{word}"], input=content, capture_output=True, check=True).stdout
        command = {
            "run": ["openssl", "enc", "-d", "-aes-256-cbc", "-pbkdf2", "-pass", "file:{secret}"],
            "secret": "env:KEY",
        }
        declared = DUMPS.model_dump(mode="json")
        declared["restore_drill"]["commands"] = {"openssl": command}
        record = restored(sealed, DumpBackups.model_validate(declared))
        assert (record.outcome, record.layers[:1]) == (outcome, ("openssl",) if outcome == "restored" else ())
        assert "correct horse" not in repr(record)
    assert restored(sealed).outcome == "untried"


def test_a_declared_target_is_used_only_when_it_has_nothing_of_production(
    restored: Restore, box_database: SandboxDatabase
) -> None:
    """The server of a declared database is refused, whatever name it is reached by; another one is used and cleaned."""
    production, other = Secret("env:LIVE", box_database.url), restored.scratch.superuser_url
    own = Secret("env:TARGET", box_database.superuser_url.replace("127.0.0.1", "localhost"))
    with pytest.raises(ScratchRefusedError, match="database of the name of database/securebase"):
        declared_scratch_server(own, [("database/securebase", production)])
    history = Secret("env:LIVE", box_database.url.replace(f"/{NAME}", "/unknown"))
    with pytest.raises(ScratchRefusedError, match="cannot be said"):
        declared_scratch_server(own, [("database/securebase", history)])
    with pytest.raises(ScratchRefusedError, match="not a superuser"):
        declared_scratch_server(production, [])
    assert declared_scratch_server(other, [("database/securebase", production)]).superuser_url is other


def test_what_a_killed_drill_left_on_a_server_is_removed_by_the_next(restored: Restore) -> None:
    """Its database and its roles go; those of others stay, and so does a drill that is under way."""
    with psycopg.connect(restored.scratch.superuser_url.reveal(), autocommit=True) as connection:
        connection.execute("CREATE DATABASE basewatch_drill_dead")
        connection.execute("CREATE ROLE of_the_dead")
        connection.execute("COMMENT ON ROLE of_the_dead IS 'basewatch_drill_dead'")
        connection.execute("CREATE DATABASE basewatch_drill_alive")
        connection.execute("SELECT pg_advisory_lock(hashtextextended('basewatch_drill_alive', 0))")
        restored(restored.dump("--format=custom", "--schema-only"))
        names = connection.execute("SELECT datname FROM pg_database WHERE datname LIKE 'basewatch%'").fetchall()
        roles = connection.execute("SELECT count(*) FROM pg_roles WHERE rolname = 'of_the_dead'").fetchone()
        connection.execute("DROP DATABASE basewatch_drill_alive")
    assert (names, roles) == ([("basewatch_drill_alive",)], (0,))
