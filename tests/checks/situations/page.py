"""docs/situations.md: every row of every table of situations, with the verdict that is right."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module

from tests.checks.situations.situation import Situation
from tests.repository import ROOT

PAGE = ROOT / "docs" / "situations.md"
_USE = "from tests.checks.situations.situation import"

_HEAD = """# What the checks have to judge rightly

The situations of an AWS account and its metrics that the tests put before the checks, with the verdict that is right
and the reason. Where two verdicts are given, either is right. The tables are in `tests/checks/`;
`python -m tests.checks.situations` writes this page. [The matrix](tenancy-matrix.md) is the same for tenant isolation.
"""


def tables() -> Iterator[tuple[str, tuple[Situation, ...]]]:
    """Each table with the first line of its module, in the order of the modules."""
    for path in sorted((ROOT / "tests" / "checks").rglob("test_*.py")):
        if _USE not in path.read_text(encoding="utf-8") or path.name == "test_situation.py":
            continue
        module = import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
        marks = (mark for value in vars(module).values() for mark in getattr(value, "pytestmark", ()))
        rows = tuple(row for mark in marks if mark.args[:1] == ("situation",) for row in mark.args[1])
        assert rows, f"{path.name} imports situations and tests none"
        assert module.__doc__, f"{path.name} has no docstring"
        yield module.__doc__.splitlines()[0], rows


def page() -> str:
    """The page in Markdown."""
    return _HEAD + "".join(
        f"\n## {title.rstrip('.')}\n\n| number | situation | right | because |\n|---|---|---|---|\n"
        + "".join(_line(row) for row in rows)
        for title, rows in tables()
    )


def _line(row: Situation) -> str:
    right = " or ".join(status.name for status in row.right)
    return f"| {row.number} | {_cell(row.what)} | {right} | {_cell(row.why)} |\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
