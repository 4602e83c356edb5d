"""The workflows that GitHub runs are thin, pinned and allowed no more than they need."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.repository import ROOT, make_targets, verbs

FOLDER = ROOT / ".github" / "workflows"
NAMES = sorted(path.name for path in FOLDER.glob("*.y*ml"))
ALLOWED = {
    "ci.yml": {"contents": "read"},
    "nightly.yml": {"contents": "read"},
    "monitor.yml": {"contents": "read", "id-token": "write"},
    "audit.yml": {"contents": "read", "id-token": "write"},
    "drill.yml": {"contents": "read", "id-token": "write"},
}


def _workflow(name: str) -> dict[Any, Any]:
    loaded: dict[Any, Any] = yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))
    return loaded


def _steps(name: str) -> Iterator[dict[str, Any]]:
    for job in _workflow(name)["jobs"].values():
        yield from job["steps"]


def _triggers(name: str) -> dict[str, Any]:
    triggers: dict[str, Any] = _workflow(name)[True]  # YAML 1.1 reads the key `on` as true
    return triggers


each_workflow = pytest.mark.parametrize("name", NAMES)


def test_the_workflows_are_the_ones_known_here() -> None:
    """A new workflow gets a line in ALLOWED, so that these tests hold it too."""
    assert set(NAMES) == set(ALLOWED)


@each_workflow
def test_every_step_is_a_make_target_or_a_verb(name: str) -> None:
    """What CI does, a person can do: each step is one make target or one basewatch verb that exists."""
    known_targets, known_verbs = make_targets(), verbs()
    for command in (shlex.split(step["run"]) for step in _steps(name) if "run" in step):
        match command:
            case ["make", target]:
                assert target in known_targets
            case [".venv/bin/basewatch", verb, *_]:
                assert verb in known_verbs
            case _:
                pytest.fail(f"{command} is neither")


@each_workflow
def test_no_step_pastes_an_expression_into_a_command(name: str) -> None:
    """No form or branch name can inject a shell command: values arrive by environment."""
    assert [step["run"] for step in _steps(name) if "${{" in step.get("run", "")] == []


@each_workflow
def test_every_action_is_pinned_to_a_commit(name: str) -> None:
    """An action cannot change after its review: it is pinned by 40 hex digits, with the version in a comment."""
    used = re.findall(r"uses: (.+)$", (FOLDER / name).read_text(encoding="utf-8"), re.MULTILINE)
    assert used
    assert [use for use in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", use)] == []


@each_workflow
def test_one_action_has_one_pin(name: str) -> None:
    """Two workflows never run two versions of one action."""
    pins = {
        tuple(step["uses"].split("@")) for other in (name, "monitor.yml") for step in _steps(other) if "uses" in step
    }
    assert len({action for action, _ in pins}) == len(pins)


@each_workflow
def test_a_workflow_is_allowed_only_what_it_needs(name: str) -> None:
    """Nothing is granted to the workflow; each job asks for its own, and never to write to the repository."""
    workflow = _workflow(name)
    assert workflow["permissions"] == {}
    assert all(job["permissions"] == ALLOWED[name] for job in workflow["jobs"].values())


@each_workflow
def test_a_job_ends(name: str) -> None:
    """A job that hangs is stopped within an hour, and a checkout leaves no token behind."""
    assert all(0 < job["timeout-minutes"] <= 60 for job in _workflow(name)["jobs"].values())
    checkouts = [step for step in _steps(name) if step.get("uses", "").startswith("actions/checkout@")]
    assert all(step["with"] == {"persist-credentials": False} for step in checkouts)


def test_every_python_is_tested_and_the_code_is_checked_once() -> None:
    """The tests run on each Python from 3.11 on; the type checkers and the coverage, which read one, run on one."""
    jobs = _workflow("ci.yml")["jobs"]
    commands = {name: [step["run"] for step in job["steps"] if "run" in step] for name, job in jobs.items()}
    assert commands["check"] == ["make setup", "make check"]
    assert commands["coverage"] == ["make parts", "make setup", "make coverage"]
    assert commands["test"] == ["make parts", "make setup", "make test-all"]
    assert [jobs["coverage"]["env"]["PYTHON"], *jobs["test"]["strategy"]["matrix"]["python"]] == [
        "python3.11",
        *("3.12", "3.13", "3.14"),
    ]


def test_the_pass_is_scheduled_every_six_hours_off_the_hour() -> None:
    """Four passes a day, at a minute at which GitHub is not at its busiest."""
    (schedule,) = _triggers("monitor.yml")["schedule"]
    minute, hours, *days = schedule["cron"].split()
    assert 5 < int(minute) < 55
    assert hours == "*/6"
    assert days == ["*", "*", "*"]


def test_passes_do_not_overlap_and_are_not_cut_short() -> None:
    """Two passes never write one history at once, and a new one waits for the one that runs."""
    assert _workflow("monitor.yml")["concurrency"] == {"group": "monitor", "cancel-in-progress": False}


def test_a_pass_is_kept_and_remembered_even_when_it_is_red() -> None:
    """Summary, history and reports are written whatever the pass found; reports stay for 30 days."""
    after = {_what(step): step for step in _steps("monitor.yml") if step.get("if") == "always()"}
    assert set(after) == {"make summary", "actions/cache/save", "actions/upload-artifact"}
    assert after["actions/upload-artifact"]["with"]["retention-days"] == 30


def test_the_history_that_is_saved_is_the_one_the_next_pass_restores() -> None:
    """The next pass finds what this one knew: the same file, under a key that begins as the next one looks for it."""
    steps = {_what(step): step for step in _steps("monitor.yml")}
    saved, restored = steps["actions/cache/save"]["with"], steps["actions/cache/restore"]["with"]
    assert saved["path"] == restored["path"]
    assert saved["key"].startswith(restored["restore-keys"])


def _what(step: dict[str, Any]) -> str:
    return str(step.get("run") or step["uses"].partition("@")[0])


def test_secrets_reach_only_the_step_that_uses_them() -> None:
    """No secret is in the environment of a whole job, where every action could read it."""
    for name in NAMES:
        whole = yaml.safe_dump({key: job.get("env") for key, job in _workflow(name)["jobs"].items()})
        assert "secrets." not in whole + yaml.safe_dump(_workflow(name).get("env"))
        holders = [_what(step) for step in _steps(name) if "secrets." in yaml.safe_dump(step)]
        assert all(holder.startswith(".venv/bin/basewatch ") for holder in holders)
