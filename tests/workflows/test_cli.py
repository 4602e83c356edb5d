"""The command line says what it found by its text, its JSON and its exit status."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import jsonschema
import pytest
import yaml
from syrupy.assertion import SnapshotAssertion

from checks import CHECKS
from demo.faults import FAULTS
from demo.receivers import Receivers
from demo.sandbox import Sandbox
from tests.fixtures_box import CONFIG, record_drills
from tests.programs import measured
from workflows import cli

BY_NAME = {fault.name: fault for fault in FAULTS}
NOWHERE = {"AWS_EC2_METADATA_DISABLED": "true"}


def with_config(folder: Path) -> None:
    """Put a copy of the committed configuration into a folder that has none."""
    if not (folder / "config.yaml").exists():
        (folder / "config.yaml").write_text(CONFIG.read_text(encoding="utf-8"), encoding="utf-8")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A command that ended: its exit status and its output."""

    returncode: int
    stdout: str
    stderr: str


Command = Callable[..., Ended]


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Command]:
    """Runs the command line in this process, in `tmp_path` and with the environment `environ` alone."""

    def run(*arguments: str, environ: Mapping[str, str] = NOWHERE) -> Ended:
        with_config(tmp_path)
        capsys.readouterr()
        with monkeypatch.context() as patch:
            patch.setattr(sys, "argv", ["basewatch", *arguments])
            patch.setattr(os, "environ", dict(environ))
            patch.chdir(tmp_path)
            with pytest.raises(SystemExit) as ended:
                cli.main()
        said = capsys.readouterr()
        return Ended(returncode=int(ended.value.code or 0), stdout=said.out, stderr=said.err)

    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    yield run
    for number, handler in before.items():
        signal.signal(number, handler)


def basewatch(*arguments: str, cwd: Path, environ: Mapping[str, str] = NOWHERE) -> subprocess.CompletedProcess[str]:
    """The command line as a process of its own, in the folder `cwd`: each verb is tried so once."""
    with_config(cwd)
    return subprocess.run(
        [sys.executable, "-m", "workflows", *arguments],
        cwd=cwd,
        env={**environ, **measured(), "PYTHONPATH": str(CONFIG.parent)},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


@pytest.fixture
def watching(box: Sandbox, receivers: Receivers) -> Mapping[str, str]:
    """The environment in which the command line watches the box."""
    return {**box.environment, **receivers.environment}


def test_the_committed_configuration_is_valid_and_needs_no_secret_to_say_so(tmp_path: Path) -> None:
    """`validate` works where nothing is set and nothing can be reached."""
    said = basewatch("validate", cwd=tmp_path)
    assert (said.returncode, said.stderr) == (0, "")
    assert re.fullmatch(r"config\.yaml is valid: 35 components, \d+ expected verdicts\n", said.stdout)


def test_python_without_docstrings_is_refused_in_a_sentence(tmp_path: Path) -> None:
    """The reports are made of the docstrings of the checks, which -OO removes."""
    said = basewatch("checks", "list", cwd=tmp_path, environ={"PYTHONOPTIMIZE": "2"})
    assert (said.returncode, said.stdout) == (2, "")
    assert said.stderr.startswith("basewatch: Python runs with -OO or PYTHONOPTIMIZE=2")
    assert "Traceback" not in said.stderr


def test_a_library_that_cannot_be_loaded_is_a_sentence(tmp_path: Path) -> None:
    """The environment may choose an implementation of psycopg that is not installed."""
    said = basewatch("plan", cwd=tmp_path, environ={"PSYCOPG_IMPL": "nonsense"})
    assert said.returncode == 2
    assert said.stderr.startswith("basewatch: a library cannot be loaded: ")


def test_a_mistake_is_shown_with_its_place_and_no_traceback(tmp_path: Path, command: Command) -> None:
    """A wrong key is exit status 2, with file, line and a suggestion."""
    text = CONFIG.read_text(encoding="utf-8").replace("lookback: 1h", "lokback: 1h")
    (tmp_path / "config.yaml").write_text(text, encoding="utf-8")
    said = command("validate")
    assert said.returncode == 2
    assert "config.yaml:" in said.stderr
    assert "lookback" in said.stderr
    assert "Traceback" not in said.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run",), "BASEWATCH_DATABASE_URL"),
        (("check", "--only", "no.such"), "leaves no check to run"),
        (("checks", "show", "backup.aurora.rpoo"), "did you mean backup.aurora.rpo?"),
        (("validate", "--config", "none.yaml"), "none.yaml"),
        (("verify", "none.json"), "none.json is not a recorded run"),
        (("demo", "--break", "police-dropped"), "did you mean policy-dropped?"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_a_usage_error_is_exit_status_2_and_names_the_mistake(
    command: Command, arguments: tuple[str, ...], words: str
) -> None:
    """Every usage error names what is wrong, without a traceback."""
    said = command(*arguments)
    assert said.returncode == 2
    assert words in said.stderr
    assert "Traceback" not in said.stderr


def test_what_a_pass_would_ask_and_cost_is_known_without_asking(tmp_path: Path, snapshot: SnapshotAssertion) -> None:
    """`plan` prints every expected verdict, the calls, the cost in both readings and the privileges."""
    said = basewatch("plan", cwd=tmp_path)
    assert said.returncode == 0
    assert said.stdout == snapshot


def test_the_least_privilege_is_printed(tmp_path: Path, command: Command, snapshot: SnapshotAssertion) -> None:
    """`permissions` prints a policy and grants for exactly what the planned checks need."""
    assert basewatch("permissions", "iam", cwd=tmp_path).stdout == snapshot
    assert command("permissions", "sql").stdout == snapshot


def test_a_check_prints_json_that_its_schema_describes(tmp_path: Path, watching: Mapping[str, str]) -> None:
    """`check --format json` is one object on standard output, valid by the published schema, and records nothing."""
    said = basewatch("check", "--only", "retention.*", "--format", "json", cwd=tmp_path, environ=watching)
    schema = json.loads((CONFIG.parent / "docs" / "findings.schema.json").read_text(encoding="utf-8"))
    found = json.loads(said.stdout)
    jsonschema.validate(found, schema)
    checked = {each["check"] for each in found["findings"]}
    assert (said.returncode, found["summary"]["pass"]) == (0, len(found["findings"]))
    assert checked == {check.id for check in CHECKS if check.id.startswith("retention.")}
    assert not (tmp_path / "out").exists()


def test_the_exit_status_tells_fail_from_unverified(
    box: Sandbox, command: Command, watching: Mapping[str, str]
) -> None:
    """A FAIL of high severity is 1; a check that could not observe is 3."""
    stale = BY_NAME["dump-stale"]
    stale.apply(box)
    failed = command("check", "--only", "backup.dump.*", environ=watching)
    stale.repair(box)
    box.aws.deny("s3:GetBucketObjectLockConfiguration")
    unknown = command("check", "--only", "retention.s3.lock_default", environ=watching)
    box.aws.allow_all()
    assert (failed.returncode, unknown.returncode) == (1, 3)
    assert "FAIL       backup.dump.freshness" in failed.stdout
    assert "s3:GetBucketObjectLockConfiguration" in unknown.stdout


@pytest.mark.slow
def test_a_run_is_recorded_written_down_and_verified(
    tmp_path: Path, command: Command, watching: Mapping[str, str]
) -> None:
    """`run` writes its reports and its history; `verify` accepts both, and a changed report no longer."""
    said = basewatch("run", cwd=tmp_path, environ=watching)
    # No restore drill is in this history yet.
    assert said.returncode == 3
    assert said.stderr.startswith("basewatch: There is no earlier run in the history sqlite:///out/basewatch.db. ")
    assert len(said.stderr.splitlines()) == 1
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert written >= {"report.html", "report.md", "findings.json", "metrics.prom", "run.json", "basewatch.db"}
    reports = written - {"basewatch.db", "basewatch.db-wal", "basewatch.db-shm"}
    assert {(tmp_path / "out" / name).stat().st_mode & 0o777 for name in reports} == {0o600}
    assert basewatch("verify", cwd=tmp_path).returncode == 0
    assert command("verify", "out/run.json").returncode == 0
    recorded = tmp_path / "out" / "run.json"
    recorded.write_text(recorded.read_text(encoding="utf-8").replace('"status":"PASS"', '"status":"FAIL"', 1))
    assert command("verify", "out/run.json").returncode == 1


@pytest.mark.slow
def test_an_alert_that_does_not_arrive_adds_4_to_the_exit_status(
    box: Sandbox, receivers: Receivers, tmp_path: Path, command: Command, watching: Mapping[str, str]
) -> None:
    """A finding of low severity whose message Slack refuses for good adds 4 to the exit status."""
    slow = BY_NAME["function-slow"]
    declared = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    declared["checks"] = {"service.function.latency": {"severity": "low"}}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(declared), encoding="utf-8")
    (tmp_path / "out").mkdir()
    record_drills(f"sqlite:///{tmp_path}/out/basewatch.db")
    receivers.slack.fail_next(404)
    slow.apply(box)
    said = command("run", environ=watching)
    slow.repair(box)
    assert said.returncode == 4
    assert "production-alerts was not notified of service.function.latency" in said.stderr


@pytest.mark.slow
def test_an_audit_writes_a_bundle_that_can_be_judged_again(
    tmp_path: Path, command: Command, watching: Mapping[str, str]
) -> None:
    """`audit` writes the reports and the evidence over the time asked for, and notifies no channel."""
    said = basewatch("audit", "--since", "2h", "--output", "bundle", cwd=tmp_path, environ=watching)
    assert said.returncode == 3  # as `run`
    assert (tmp_path / "bundle" / "report.html").is_file()
    assert command("verify", "bundle/run.json").returncode == 0
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_the_demo_ends_as_its_story_says(tmp_path: Path) -> None:
    """`basewatch demo` exits with 0: green, then exactly the faults, then green again with every alert resolved."""
    said = basewatch("demo", cwd=tmp_path, environ={})
    assert (said.returncode, said.stderr) == (0, "")
    assert [line.strip() for line in said.stdout.splitlines() if "✓" in line] == [
        "✓ every promise that a check judges is kept",
        "✓ exactly the expected findings, with their alerts",
        "✓ every promise that a check judges is kept again, and every alert is resolved",
    ]


def test_a_demo_without_its_parts_says_what_to_install(tmp_path: Path) -> None:
    """Installed without the extra, `demo` names it, with no traceback; everything else works."""
    (tmp_path / "moto.py").write_text(
        "raise ModuleNotFoundError('No module named moto', name='moto')", encoding="utf-8"
    )
    said = subprocess.run(
        [sys.executable, "-m", "workflows", "demo"],
        cwd=tmp_path,
        env={"PYTHONPATH": f"{tmp_path}:{CONFIG.parent}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (said.returncode, said.stdout) == (2, "")
    assert said.stderr == "basewatch: the demo needs moto: install basewatch with its extra, basewatch[demo]\n"


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """What is entered here is left when the test ends."""
    with ExitStack() as opened:
        yield opened


# The demo interrupts itself half a second into its first pass: a signal from this process could come too late.
INTERRUPTED = """
import os, signal, sys, threading, typer
# A shell starts its background jobs with SIGINT ignored, and Python keeps that.
signal.signal(signal.SIGINT, signal.default_int_handler)
echo = typer.echo

def echo_and_interrupt(message="", **options):
    echo(message, **options)
    if "Check every promise" in str(message):
        threading.Timer(0.5, os.kill, (os.getpid(), {number})).start()

typer.echo = echo_and_interrupt
sys.argv = ["basewatch", "demo"]
from workflows.cli import main
main()
"""


@pytest.mark.slow
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_demo_that_is_interrupted_leaves_nothing_behind(
    tmp_path: Path, stack: ExitStack, number: signal.Signals, status: int
) -> None:
    """Stopped in the middle, it stops its servers, removes its files and prints no traceback."""
    with_config(tmp_path)
    # Not below pytest's own folder, which is closed to the user that PostgreSQL runs as when we are root.
    made = Path(stack.enter_context(TemporaryDirectory()))
    made.chmod(0o755)
    environ = {"PYTHONPATH": str(CONFIG.parent), "TMPDIR": str(made)}
    script = [sys.executable, "-c", INTERRUPTED.format(number=int(number))]
    demo = subprocess.run(script, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False, timeout=600)
    assert (demo.returncode, demo.stderr) == (status, "")
    assert list(made.iterdir()) == []
