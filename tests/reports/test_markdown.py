"""The step summary says first what is not green, fits what GitHub takes, and lets no text act."""

from __future__ import annotations

import re
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from basewatch.model import Finding, Proof, Severity, Status
from reports import ReportFormat, render
from reports.markdown import cell, table
from tests.reports.sample import green_run, sample_view

MIB = 1024 * 1024
UNESCAPED = re.compile(r"(?<!\\)(?:\\\\)*([`*_\[\]()#!|~$])")


@given(st.text())
def test_a_cell_is_one_line_in_which_nothing_is_markup(text: str) -> None:
    """No text ends its cell, its line, or itself, and no tag, mark-up or mention is left in it."""
    safe = cell(text)
    assert "\n" not in safe
    assert "\r" not in safe
    assert not re.search("[<>]", safe)
    assert not UNESCAPED.search(safe.replace("&#8203;", ""))
    assert not re.search(r"@(?!&#8203;)|://", safe)


def test_a_cell_is_cut_when_it_is_long() -> None:
    """A stack of pages in one cell helps nobody."""
    assert cell("x" * 1000) == "x" * 399 + "…"


def test_a_table_says_how_much_it_leaves_out() -> None:
    """A bounded table never ends as if it were whole."""
    lines = table(("a",), ["| 1 |", "| 2 |", "| 3 |"], max_bytes=12)
    assert lines == [
        "| a |",
        "| --- |",
        "| 1 |",
        "| 2 |",
        "",
        "1 more are left out here; the HTML report has all of them.",
        "",
    ]


def test_a_huge_run_fits() -> None:
    """However much is wrong, GitHub takes the summary, worst first, and it says what it left out."""
    findings = tuple(
        Finding(
            check="tenancy.rls.coverage",
            component="database/securebase",
            subject=f"@{number}" * 100,
            status=Status.FAIL,
            severity=Severity.CRITICAL,
            proof=Proof.CONFIGURATION,
            summary="é@" * 300,
            observed="é@" * 300,
            expected="é@" * 300,
            remedy="é@" * 300,
        )
        for number in range(2_000)
    )
    view = replace(sample_view(), run=replace(green_run(), findings=findings), previous=findings[:1000])
    summary = render(view, ReportFormat.MARKDOWN)
    assert len(summary) < MIB
    assert re.search(r"\d+ more are left out here", summary.decode())


def test_every_row_of_a_table_has_the_cells_of_its_head() -> None:
    """A hostile name does not add a column."""
    widths: list[int] = []
    for line in render(sample_view(), ReportFormat.MARKDOWN).decode().splitlines():
        if line.startswith("|"):
            widths.append(len(re.findall(r"(?<!\\)\|", line)))
            assert len(set(widths)) == 1, line
        else:
            widths = []


def test_what_is_not_green_comes_first() -> None:
    """The headline, the counts, and what is wrong, before everything that holds."""
    text = render(sample_view(), ReportFormat.MARKDOWN).decode()
    order = ["[!CAUTION]", "3 promises are broken", "### What is wrong", "3h12m ago", "waited 30s", "<details>"]
    assert [text.index(part) for part in order] == sorted(text.index(part) for part in order)


def test_a_first_run_says_that_there_is_nothing_to_compare_with() -> None:
    """No earlier run is not the same as no change."""
    text = render(replace(sample_view(), run=green_run(), previous=()), ReportFormat.MARKDOWN).decode()
    assert "There is no earlier run to compare with." in text
    assert "[!TIP]" in text
