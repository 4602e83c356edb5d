"""A package that is not ours can bring a check, and one that is broken stops start-up with its name."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from basewatch.errors import ConfigError
from checks import CHECKS
from workflows.plugins import known_checks

MODULE = '''
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from basewatch.aws import Aws
from basewatch.check import check
from basewatch.components import Function
from basewatch.model import Proof, Severity, Verdict, failed, passed


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    name: str


def runtime(aws: Aws, function: Function) -> Runtime:
    return Runtime(name=aws.call("lambda", "GetFunctionConfiguration", FunctionName=function.name)["Runtime"])


@check(
    "acme.function.runtime",
    component=Function,
    observe=runtime,
    severity=Severity.LOW,
    proof=Proof.CONFIGURATION,
    needs=("lambda:GetFunctionConfiguration",),
)
def runtime_is_python(facts: Runtime, function: Function, now: datetime) -> Iterator[Verdict]:
    """The function runs on Python.

    Why: we read nothing else.
    Reads: the function's configuration.
    Unverified when: Lambda does not answer.
    Fix: Rewrite it.
    Source: house rules.
    """
    yield passed(facts.name) if facts.name.startswith("python") else failed(facts.name)
'''


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder where packages are installed, on this process' path."""
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def install(site: Path, name: str, module: str, entry: str) -> None:
    """Puts a distribution with one module and one entry point of the group `basewatch.checks` into `site`."""
    (site / f"{name}.py").write_text(module, encoding="utf-8")
    metadata = site / f"{name}-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", encoding="utf-8")
    (metadata / "entry_points.txt").write_text(f"[basewatch.checks]\n{name} = {entry}\n", encoding="utf-8")


def test_a_check_of_another_package_is_one_of_the_checks(site: Path) -> None:
    """A check offered by an entry point stands beside our own."""
    install(site, "acme_runtime", MODULE, "acme_runtime:runtime_is_python")
    assert [check.id for check in known_checks()] == [*(check.id for check in CHECKS), "acme.function.runtime"]


def test_the_command_line_shows_it(site: Path) -> None:
    """`basewatch checks show` knows a check that another package brings."""
    install(site, "acme_runtime", MODULE, "acme_runtime:runtime_is_python")
    shown = subprocess.run(
        [sys.executable, "-m", "workflows", "checks", "show", "acme.function.runtime"],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(site)},
    )
    assert shown.stdout.startswith("acme.function.runtime: The function runs on Python.")


@pytest.mark.parametrize(
    ("module", "entry", "words"),
    [
        ("raise RuntimeError('no luck')", "acme_broken:x", "cannot be loaded: RuntimeError: no luck"),
        ("x = 3", "acme_broken:x", "is not a Check"),
        ("x = ()", "acme_broken:x", "is not a Check"),
        ("from checks import CHECKS as x", "acme_broken:x", "two installed packages offer"),
    ],
)
def test_a_package_whose_check_cannot_work_stops_start_up(site: Path, module: str, entry: str, words: str) -> None:
    """What cannot be a check is an error that names the entry point, not a check that is silently missing."""
    sys.modules.pop("acme_broken", None)
    install(site, "acme_broken", module, entry)
    with pytest.raises(ConfigError, match=words):
        known_checks()
