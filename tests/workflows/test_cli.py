"""The command line says what it found by its text, its JSON and its exit status."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import jsonschema
import pytest
import yaml
from syrupy.assertion import SnapshotAssertion

from demo.faults import FAULTS
from demo.receivers import Receivers
from demo.sandbox import Sandbox
from tests.fixtures_box import CONFIG
from tests.programs import measured

BY_NAME = {fault.name: fault for fault in FAULTS}
NOWHERE = {"AWS_EC2_METADATA_DISABLED": "true"}


def basewatch(*arguments: str, cwd: Path, environ: Mapping[str, str] = NOWHERE) -> subprocess.CompletedProcess[str]:
    """The command line as a process of its own, in the folder `cwd` with a copy of the committed configuration."""
    if not (cwd / "config.yaml").exists():
        (cwd / "config.yaml").write_text(CONFIG.read_text(encoding="utf-8"), encoding="utf-8")
    return subprocess.run(
        [sys.executable, "-m", "workflows", *arguments],
        cwd=cwd,
        env={**environ, **measured(), "PYTHONPATH": str(CONFIG.parent)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture
def watching(box: Sandbox, receivers: Receivers) -> Mapping[str, str]:
    """The environment in which the command line watches the box."""
    return {**box.environment, **receivers.environment}


def test_the_committed_configuration_is_valid_and_needs_no_secret_to_say_so(tmp_path: Path) -> None:
    """`validate` works where nothing is set and nothing can be reached."""
    said = basewatch("validate", cwd=tmp_path)
    assert (said.returncode, said.stderr) == (0, "")
    assert said.stdout == "config.yaml is valid: 20 components, 67 expected verdicts\n"


def test_a_mistake_is_shown_with_its_place_and_no_traceback(tmp_path: Path) -> None:
    """A wrong key is exit status 2, with file, line and a suggestion."""
    text = CONFIG.read_text(encoding="utf-8").replace("lookback: 1h", "lokback: 1h")
    (tmp_path / "config.yaml").write_text(text, encoding="utf-8")
    said = basewatch("validate", cwd=tmp_path)
    assert said.returncode == 2
    assert "config.yaml:" in said.stderr
    assert "lookback" in said.stderr
    assert "Traceback" not in said.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run",), "BASEWATCH_DATABASE_URL"),
        (("check", "--only", "no.such"), "leaves no check to run"),
        (("checks", "show", "backup.aurora.rop"), "did you mean backup.aurora.rpo?"),
        (("validate", "--config", "none.yaml"), "none.yaml"),
        (("verify", "none.json"), "none.json is not a recorded run"),
        (("demo", "--break", "police-dropped"), "did you mean policy-dropped?"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_what_a_user_gets_wrong_is_exit_status_2_in_their_words(
    tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    """Every usage error names what is wrong, without a traceback."""
    said = basewatch(*arguments, cwd=tmp_path)
    assert said.returncode == 2
    assert words in said.stderr
    assert "Traceback" not in said.stderr


def test_what_a_pass_would_ask_and_cost_is_known_without_asking(tmp_path: Path, snapshot: SnapshotAssertion) -> None:
    """`plan` prints every expected verdict, the calls, the cost in both readings and the privileges."""
    said = basewatch("plan", cwd=tmp_path)
    assert said.returncode == 0
    assert said.stdout == snapshot


def test_the_least_privilege_is_printed(tmp_path: Path, snapshot: SnapshotAssertion) -> None:
    """`permissions` prints a policy and grants for exactly what the planned checks need."""
    assert basewatch("permissions", "iam", cwd=tmp_path).stdout == snapshot
    assert basewatch("permissions", "sql", cwd=tmp_path).stdout == snapshot


def test_a_check_prints_json_that_its_schema_describes(tmp_path: Path, watching: Mapping[str, str]) -> None:
    """`check --format json` is one object on standard output, valid by the published schema, and records nothing."""
    said = basewatch("check", "--only", "retention.*", "--format", "json", cwd=tmp_path, environ=watching)
    schema = json.loads((CONFIG.parent / "docs" / "findings.schema.json").read_text(encoding="utf-8"))
    found = json.loads(said.stdout)
    jsonschema.validate(found, schema)
    assert (said.returncode, found["summary"]["pass"], len(found["findings"])) == (0, 2, 2)
    assert not (tmp_path / "out").exists()


def test_the_exit_status_tells_fail_from_unverified(box: Sandbox, tmp_path: Path, watching: Mapping[str, str]) -> None:
    """A grave FAIL is 1; what nobody could look at is 3."""
    stale = BY_NAME["dump-stale"]
    stale.apply(box)
    failed = basewatch("check", "--only", "backup.dump.*", cwd=tmp_path, environ=watching)
    stale.repair(box)
    box.aws.deny("s3:GetBucketObjectLockConfiguration")
    unknown = basewatch("check", "--only", "retention.s3.lock_default", cwd=tmp_path, environ=watching)
    box.aws.allow_all()
    assert (failed.returncode, unknown.returncode) == (1, 3)
    assert "FAIL       backup.dump.freshness" in failed.stdout
    assert "s3:GetBucketObjectLockConfiguration" in unknown.stdout


def test_a_run_is_recorded_written_down_and_verified(tmp_path: Path, watching: Mapping[str, str]) -> None:
    """`run` leaves its reports and its history behind; `verify` believes both, and neither once they are changed."""
    said = basewatch("run", cwd=tmp_path, environ=watching)
    assert (said.returncode, said.stderr) == (0, "")
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert written >= {"report.html", "report.md", "findings.json", "metrics.prom", "run.json", "basewatch.db"}
    assert basewatch("verify", cwd=tmp_path).returncode == 0
    assert basewatch("verify", "out/run.json", cwd=tmp_path).returncode == 0
    recorded = tmp_path / "out" / "run.json"
    recorded.write_text(recorded.read_text(encoding="utf-8").replace('"status":"PASS"', '"status":"FAIL"', 1))
    assert basewatch("verify", "out/run.json", cwd=tmp_path).returncode == 1


def test_an_alert_that_does_not_arrive_is_exit_status_4(
    box: Sandbox, receivers: Receivers, tmp_path: Path, watching: Mapping[str, str]
) -> None:
    """A mild finding whose message Slack refuses for good is 4: somebody was to be told, and was not."""
    slow = BY_NAME["function-slow"]
    declared = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    declared["checks"] = {"service.function.latency": {"severity": "low"}}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(declared), encoding="utf-8")
    receivers.slack.fail_next(404)
    slow.apply(box)
    said = basewatch("run", cwd=tmp_path, environ=watching)
    slow.repair(box)
    assert said.returncode == 4
    assert "production-alerts was not notified of service.function.latency" in said.stderr


def test_an_audit_writes_a_bundle_that_can_be_judged_again(tmp_path: Path, watching: Mapping[str, str]) -> None:
    """`audit` writes the reports and the evidence over the time asked for, and tells nobody."""
    said = basewatch("audit", "--since", "2h", "--output", "bundle", cwd=tmp_path, environ=watching)
    assert said.returncode == 0
    assert (tmp_path / "bundle" / "report.html").is_file()
    assert basewatch("verify", "bundle/run.json", cwd=tmp_path).returncode == 0
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_the_demo_comes_out_as_told(tmp_path: Path) -> None:
    """`basewatch demo` exits with 0: green, then exactly the faults, then green again with every alert resolved."""
    said = basewatch("demo", cwd=tmp_path, environ={})
    assert (said.returncode, said.stderr) == (0, "")
    assert [line.strip() for line in said.stdout.splitlines() if "✓" in line] == [
        "✓ every check passes",
        "✓ exactly the expected findings, with their alerts",
        "✓ every check passes again, and every alert is resolved",
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


@pytest.mark.slow
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_demo_that_is_interrupted_leaves_nothing_behind(
    tmp_path: Path, stack: ExitStack, number: signal.Signals, status: int
) -> None:
    """Stopped in the middle, it stops its servers, removes its files and prints no traceback."""
    (tmp_path / "config.yaml").write_text(CONFIG.read_text(encoding="utf-8"), encoding="utf-8")
    # Not below pytest's own folder, which is closed to the user that PostgreSQL runs as when we are root.
    made = Path(stack.enter_context(TemporaryDirectory()))
    made.chmod(0o755)
    environ = {"PYTHONPATH": str(CONFIG.parent), "TMPDIR": str(made), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "workflows", "demo"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as demo:
        assert demo.stdout is not None
        for line in demo.stdout:
            if "looked at" in line:
                break
        demo.send_signal(number)
        _, errors = demo.communicate(timeout=60)
    assert (demo.returncode, errors) == (status, "")
    assert list(made.iterdir()) == []
