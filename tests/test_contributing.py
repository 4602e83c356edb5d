"""CONTRIBUTING.md is followed on a copy of the repository, word for word."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.programs import measured
from tests.repository import PACKAGES, ROOT

PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"`(?P<path>[\w./-]+)`:\n\n```(?P<kind>python|diff)\n(?P<body>.*?)```", re.DOTALL)
CHECK, FAULT = "access.aurora.iam_login", "iam-login-off"
# The test that finds a forgotten registration, and what it says; in the order of the page.
REGISTRATIONS = {
    "tests/checks/test_every_check.py::test_every_check_in_the_folder_is_listed_once": (
        f"{CHECK} is not registered: add it to CHECKS in the __init__.py of its folder in checks/"
    ),
    "tests/basewatch/test_components.py::test_every_kind_is_registered": (
        "Topic is not registered: add a field such as topics: tuple[Topic, ...] = () "
        "to Components in basewatch/components/__init__.py"
    ),
    "tests/alerts/test_channels.py::test_every_kind_of_channel_is_registered": (
        "alerts.channels.tickets.TicketChannel is not registered: "
        "add it to CHANNEL_TYPES in alerts/channels/__init__.py"
    ),
    "tests/collectors/test_collectors.py::test_every_collector_in_the_folder_is_listed_once": (
        "sns is not registered: add it to COLLECTORS in collectors/__init__.py"
    ),
    "tests/reports/test_render.py::test_every_format_is_registered": (
        "reports.csv_report renders a report and is not registered: add it to ReportFormat in reports/__init__.py"
    ),
}
# The tests of the copy that are run when everything is registered.
TESTS = (
    "tests/checks/access/test_iam_login.py",
    "tests/checks/test_every_check.py",
    "tests/demo/test_faults_aws.py",
    "tests/workflows/test_monitor.py",
    "tests/basewatch/test_components.py",
    "tests/alerts/test_channels.py",
    "tests/alerts/test_tickets.py",
    "tests/generate/test_alertmanager.py",
    "tests/collectors/test_collectors.py",
    "tests/collectors/test_discoveries.py",
    "tests/collectors/test_families.py",
    "tests/collectors/test_units.py",
    "tests/reports/test_render.py",
)
SELECTED = (
    f"{FAULT.partition('-')[0]} or aws-denied or faults_print or listed_once or registered or topic or ticket or "
    "every_kind or test_collectors or test_discoveries or test_families or test_units or csv"
)
# How many product files each addition may cost, without tests, the demo and what is generated.
BUDGETS = {"check": 2, "component kind": 2, "notification channel": 3, "CloudWatch service": 2, "report format": 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One code block of the page: the file it creates or changes, and whether it is the registration."""

    path: str
    body: str
    creates: bool
    registers: bool

    def follow(self, copy: Path) -> None:
        """Does to the copy what the block says."""
        file = copy / self.path
        file.write_text(self.body if self.creates else _patched(file.read_text(encoding="utf-8"), self.body), "utf-8")

    @property
    def is_product(self) -> bool:
        """Whether the file is neither a test nor a part of the demo."""
        return not self.path.startswith(("tests/", "demo/"))


def _steps() -> dict[str, list[Step]]:
    """The steps of every section that adds something, by what it adds."""
    sections = re.split(r"^## ", PAGE, flags=re.MULTILINE)
    added = {match[1]: section for section in sections if (match := re.match(r"Add an? (.+)\n", section))}
    return {name: list(_steps_of(section)) for name, section in added.items()}


def _steps_of(section: str) -> Iterator[Step]:
    for found in BLOCK.finditer(section):
        title = re.findall(r"^\*\*\d\. (.+?)\*\*", section[: found.start()], re.MULTILINE)[-1]
        yield Step(
            path=found["path"],
            body=found["body"],
            creates=found["kind"] == "python",
            registers=title.startswith("Register it"),
        )


def _patched(text: str, diff: str) -> str:
    for hunk in diff.split("@@\n"):
        lines = hunk.splitlines(keepends=True)
        old = "".join(line[1:] or "\n" for line in lines if not line.startswith("+"))
        new = "".join(line[1:] or "\n" for line in lines if not line.startswith("-"))
        assert text.count(old) == 1, f"CONTRIBUTING.md changes lines that are not there: {old}"
        text = text.replace(old, new)
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """The copy with every step followed, and what the tests said while the registrations were missing."""

    copy: Path
    unregistered: str


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> Followed:
    """A copy of the repository with every code block of CONTRIBUTING.md followed, the registrations last."""
    copy = tmp_path_factory.mktemp("contributing")
    for name in (*PACKAGES, "tests", "docs"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "config.yaml", "CONTRIBUTING.md"):
        shutil.copy2(ROOT / name, copy / name)
    if (ROOT / ".mypy_cache").is_dir():
        shutil.copytree(ROOT / ".mypy_cache", copy / ".mypy_cache")
    steps = _steps()
    # The collector is of the component kind, which has to be registered before the collector can be imported.
    kind = steps.pop("component kind")
    said = _follow_but_register(copy, kind, "test_components")
    others = [step for section in steps.values() for step in section]
    said += _follow_but_register(copy, others, "test_every_check", "test_channels", "test_collectors", "test_render")
    _run(copy, "-c", "from workflows.cli import main; main()", "generate", "docs")
    _run(copy, "-c", "from workflows.cli import main; main()", "generate", "schema")
    return Followed(copy=copy, unregistered=said)


def _follow_but_register(copy: Path, steps: list[Step], *tests: str) -> str:
    """Follows the steps, asks the tests what is missing before the registrations are made, and makes them."""
    for step in steps:
        if not step.registers:
            step.follow(copy)
    said = _pytest(copy, *(test for test in REGISTRATIONS if any(f"/{name}.py" in test for name in tests)), code=1)
    for step in steps:
        if step.registers:
            step.follow(copy)
    return said


def _pytest(folder: Path, *arguments: str, code: int = 0) -> str:
    return _run(folder, "-m", "pytest", "-p", "no:cacheprovider", *arguments, code=code)


def _run(folder: Path, *arguments: str, code: int = 0) -> str:
    environ = {name: value for name, value in os.environ.items() if name not in measured()}
    # The fault of the page need not be one of the sample.
    environ["BASEWATCH_FAULTS"] = "all"
    command = [sys.executable, *arguments]
    ran = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)
    assert ran.returncode == code, ran.stdout + ran.stderr
    return ran.stdout


@pytest.mark.parametrize("added", BUDGETS)
def test_an_addition_costs_few_files_and_one_registration(added: str) -> None:
    """Each section of the page registers once, and touches no more product files than it may."""
    steps = _steps()[added]
    product = {step.path for step in steps if step.is_product}
    assert sum(step.registers for step in steps) == 1
    assert len(product) <= BUDGETS[added], f"to add a {added} takes {sorted(product)}"


@pytest.mark.slow
@pytest.mark.parametrize("sentence", REGISTRATIONS.values())
def test_a_forgotten_registration_is_named(followed: Followed, sentence: str) -> None:
    """While a registration is missing, a test fails with a sentence that says what to add where."""
    assert sentence in followed.unregistered


@pytest.mark.slow
def test_the_generated_pages_have_the_additions(followed: Followed) -> None:
    """After `make docs` the pages and the schema have the check, the kind, the channel and the metrics."""
    docs = followed.copy / "docs"
    assert f"## {CHECK}\n" in (docs / "checks.md").read_text(encoding="utf-8")
    assert "aws_sns_messages_published_total" in (docs / "metrics.md").read_text(encoding="utf-8")
    schema = (docs / "config.schema.json").read_text(encoding="utf-8")
    assert '"Topic"' in schema
    assert '"TicketChannel"' in schema


@pytest.mark.slow
def test_the_additions_satisfy_the_tools(followed: Followed) -> None:
    """What a reader copies passes the linter, the formatter and the type checker as it stands."""
    changed = [step.path for steps in _steps().values() for step in steps if step.path.endswith(".py")]
    _run(followed.copy, "-m", "ruff", "check", *changed)
    _run(followed.copy, "-m", "ruff", "format", "--check", *changed)
    _run(followed.copy, "-m", "mypy", *changed)


@pytest.mark.slow
def test_the_tests_of_the_copy_pass(followed: Followed) -> None:
    """The tests that the additions bring pass, and those of every check, kind, channel, collector and format."""
    snapshots = ("tests/reports/test_render.py", "tests/basewatch/test_config_broken.py")
    _pytest(followed.copy, "-q", "--snapshot-update", *snapshots, "-k", "csv or kind or no_components")
    ran = _pytest(followed.copy, "-v", *TESTS, "-k", SELECTED)
    assert f"test_each_fault_alone_is_found_exactly_and_its_repair_is_green[{FAULT}] PASSED" in ran
    assert "test_the_sample_matches_its_snapshot[csv] PASSED" in ran
