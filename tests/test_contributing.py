"""CONTRIBUTING.md is followed on a copy of the repository, word for word."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.programs import measured
from tests.repository import PACKAGES, ROOT

STEPS = re.compile(r"`(?P<path>[\w./-]+)`:\n\n```(?P<kind>python|diff)\n(?P<body>.*?)```", re.DOTALL)
CHECK, FAULT = "backup.aurora.deletion_protection", "deletion-protection-off"


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository with every code block of CONTRIBUTING.md done to it."""
    copy = tmp_path_factory.mktemp("contributing")
    for name in (*PACKAGES, "tests", "docs"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "config.yaml", "CONTRIBUTING.md"):
        shutil.copy(ROOT / name, copy / name)
    for step in STEPS.finditer((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")):
        path = copy / step["path"]
        edited = step["body"] if step["kind"] == "python" else _patched(path.read_text(encoding="utf-8"), step["body"])
        path.write_text(edited, encoding="utf-8")
    _run(copy, "-c", "from workflows.cli import main; main()", "generate", "docs")
    return copy


def _patched(text: str, diff: str) -> str:
    for hunk in diff.split("@@\n"):
        lines = hunk.splitlines(keepends=True)
        old = "".join(line[1:] or "\n" for line in lines if not line.startswith("+"))
        new = "".join(line[1:] or "\n" for line in lines if not line.startswith("-"))
        assert text.count(old) == 1, f"CONTRIBUTING.md changes lines that are not there: {old}"
        text = text.replace(old, new)
    return text


def _run(folder: Path, *arguments: str) -> str:
    environ = {name: value for name, value in os.environ.items() if name not in measured()}
    command = [sys.executable, *arguments]
    ran = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


@pytest.mark.slow
def test_the_new_check_gets_its_entry(followed: Path) -> None:
    """After `make docs` the catalogue has the check."""
    assert f"## {CHECK}\n" in (followed / "docs" / "checks.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_new_check_satisfies_the_tools(followed: Path) -> None:
    """What a reader copies passes the linter, the formatter and the type checker as it stands."""
    changed = [step["path"] for step in STEPS.finditer((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))]
    _run(followed, "-m", "ruff", "check", *changed)
    _run(followed, "-m", "ruff", "format", "--check", *changed)
    _run(followed, "-m", "mypy", *changed)


@pytest.mark.slow
def test_the_new_check_is_seen_to_fail_on_the_box(followed: Path) -> None:
    """The tests of the copy pass: the judge's own, those of every check, and the box broken by the new fault."""
    ran = _run(
        followed,
        *("-m", "pytest", "-v", "-p", "no:cacheprovider"),
        *("tests/checks/backup/test_deletion_protection.py", "tests/checks/test_every_check.py"),
        *("tests/demo/test_faults_aws.py", "tests/workflows/test_monitor.py"),
        *("-k", f"{FAULT.partition('-')[0]} or aws-denied or faults_print or listed_once"),
    )
    assert f"test_each_fault_alone_is_found_exactly_and_its_repair_is_green[{FAULT}] PASSED" in ran
