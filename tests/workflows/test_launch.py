"""The go/no-go matrix of a launch, and passes that are repeated while things settle."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from syrupy.assertion import SnapshotAssertion
from typer.testing import CliRunner

from basewatch.config.launch import Launch
from basewatch.errors import BasewatchError
from basewatch.model import Finding, Proof, Reason, Severity, Status
from basewatch.time_limit import TimeLimit
from workflows.cli import app
from workflows.launch import matrix_text
from workflows.launch_matrix import Decision, LaunchMatrix, launch_matrix
from workflows.options import MatrixFormat
from workflows.settling import PAUSE_SECONDS, parse_wait, settled

AT = datetime(2026, 12, 1, 12, tzinfo=UTC)
ISOLATED = {"criterion": "Tenants are isolated", "area": "security", "held_by": ["tenancy.*", "audit.*"]}
LOADED = {"criterion": "The traffic was tried", "manual": "run the load test"}
DONE = {"by": "Ada Example", "on": "2026-11-30", "record": "PERF-12"}


def _finding(check: str, status: Status, component: str = "database/main") -> Finding:
    return Finding(
        check=check,
        component=component,
        status=status,
        severity=Severity.LOW,
        proof=Proof.CONFIGURATION,
        summary=f"{status.name} *here*",
        reason=Reason.DENIED if status is Status.UNVERIFIED else None,
    )


TENANCY, AUDIT = _finding("tenancy.rls.coverage", Status.PASS), _finding("audit.table.append_only", Status.PASS)
LEAK = _finding("tenancy.probe.sweep", Status.FAIL)
UNSEEN = _finding("tenancy.probe.pool", Status.UNVERIFIED)


def _launch(*criteria: dict[str, Any]) -> Launch:
    stages = [{"name": "T-24h", "criteria": list(criteria)}]
    return Launch.model_validate_json(json.dumps({"stages": stages, "sign_off": ["Security Lead"]}))


def _matrix(launch: Launch, *findings: Finding, stage: str = "") -> LaunchMatrix:
    return launch_matrix(launch, findings, platform="box test", at=AT, stage=stage)


SITUATIONS: dict[str, tuple[dict[str, Any], tuple[Finding, ...], Decision]] = {
    "every selector has a PASS": (ISOLATED, (TENANCY, AUDIT), Decision.GO),
    "one selector has judged nothing": (ISOLATED, (TENANCY,), Decision.UNKNOWN),
    "a FAIL of low severity": (ISOLATED, (TENANCY, AUDIT, LEAK), Decision.NO_GO),
    "a check that could not look": (ISOLATED, (TENANCY, AUDIT, UNSEEN), Decision.UNKNOWN),
    "a FAIL beside one that could not look": (ISOLATED, (LEAK, UNSEEN), Decision.NO_GO),
    "nothing was there to judge": (ISOLATED, (_finding("tenancy.x", Status.NOT_APPLICABLE), AUDIT), Decision.UNKNOWN),
    "no pass was made": (ISOLATED, (), Decision.UNKNOWN),
    "nobody recorded it": (LOADED, (), Decision.UNKNOWN),
    "somebody recorded it": ({**LOADED, "done": DONE}, (), Decision.GO),
    "it is recorded for tomorrow": ({**LOADED, "done": {**DONE, "on": "2026-12-02"}}, (), Decision.UNKNOWN),
}


@pytest.mark.parametrize("situation", SITUATIONS)
def test_a_criterion_is_met_only_by_what_was_seen(situation: str) -> None:
    """GO needs a PASS for everything that holds the criterion, or the record of a person."""
    criterion, findings, decision = SITUATIONS[situation]
    matrix = _matrix(_launch(criterion), *findings)
    assert (matrix.rows[0].decision, matrix.decision) == (decision, decision)


def test_one_broken_criterion_is_a_no_go() -> None:
    """The launch is GO only if every criterion is."""
    assert _matrix(_launch(LOADED, ISOLATED), LEAK).decision is Decision.NO_GO
    assert _matrix(_launch(LOADED, ISOLATED), TENANCY, AUDIT).decision is Decision.UNKNOWN


@pytest.mark.parametrize("output", MatrixFormat)
def test_the_matrix_is_read_by_people_and_programs(output: MatrixFormat, snapshot: SnapshotAssertion) -> None:
    """Each decision has its reasons, and those who sign are named."""
    matrix = _matrix(_launch(ISOLATED, LOADED, {**LOADED, "done": DONE}), TENANCY, LEAK)
    assert matrix_text(matrix, output) == snapshot


@pytest.mark.parametrize(
    "criterion",
    [{"criterion": "x"}, {**ISOLATED, "manual": "look"}, {**ISOLATED, "done": DONE}, {**ISOLATED, "held_by": [""]}],
)
def test_a_criterion_is_held_by_checks_or_by_people(criterion: dict[str, Any]) -> None:
    """A criterion that checks hold cannot be declared done."""
    with pytest.raises(ValidationError):
        _launch(criterion)


CONFIG = """
version: 1
platform: {name: box, environment: test}
aws: {accounts: {main: {id: "123456789012", regions: [us-east-1]}}}
components: {queues: [{name: jobs}]}
launch: {stages: [{name: T-1h, criteria: [{criterion: It exists, held_by: [inventory.*]}]}]}
"""


def test_a_launch_without_an_answer_is_no_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command ends with 3 while nothing could be seen, and with 2 for a stage that is not declared."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG, encoding="utf-8")
    unseen = CliRunner().invoke(app, ["launch", "--config", str(path)])
    assert (unseen.exit_code, "NO-GO: 0 of 1 criteria are met" in unseen.stdout) == (3, True)
    assert "credentials" in unseen.stdout
    wrong = CliRunner().invoke(app, ["launch", "--config", str(path), "--stage", "T-2h"])
    assert "the stages are T-1h" in str(wrong.exception)


def test_a_pass_is_repeated_until_things_have_settled() -> None:
    """The observation is repeated after a pause, and the first that has settled is the answer."""
    answers, seen, pauses = iter([3, 1, 0, 7]), list[int](), list[float]()
    found = settled(lambda: next(answers), lambda n: n == 0, TimeLimit.after(600), seen.append, pauses.append)
    assert (found, seen, pauses) == (0, [3, 1], [PAUSE_SECONDS, PAUSE_SECONDS])


def test_without_time_to_wait_there_is_one_pass() -> None:
    """What has not settled in time is reported as it is."""
    seen = list[int]()
    assert settled(lambda: 3, lambda n: n == 0, TimeLimit.after(0), seen.append, lambda _seconds: seen.append(0)) == 3
    assert not seen


def test_a_time_that_cannot_be_read_is_a_sentence() -> None:
    """--wait takes a duration."""
    assert parse_wait("0").total_seconds() == 0
    with pytest.raises(BasewatchError, match="--wait"):
        parse_wait("soon")
