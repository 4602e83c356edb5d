"""The step summary has open findings first, stays below GitHub's limit, and escapes every text."""

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
    """No text can end its cell or line, and no tag, markup or mention remains."""
    safe = cell(text)
    assert "\n" not in safe
    assert "\r" not in safe
    assert not re.search("[<>]", safe)
    assert not UNESCAPED.search(safe.replace("&#8203;", ""))
    assert not re.search(r"@(?!&#8203;)|://", safe)


def test_a_long_cell_is_shortened() -> None:
    """A cell has at most 400 characters."""
    assert cell("x" * 1000) == "x" * 399 + "…"


def test_a_table_reports_omitted_rows() -> None:
    """A shortened table says how many rows are not shown."""
    lines = table(("a",), ["| 1 |", "| 2 |", "| 3 |"], max_bytes=12)
    assert lines == [
        "| a |",
        "| --- |",
        "| 1 |",
        "| 2 |",
        "",
        "1 more are not shown here; the HTML report has all of them.",
        "",
    ]


def test_a_huge_run_stays_below_the_limit() -> None:
    """With thousands of findings the summary stays below 1 MiB, and says how many are not shown."""
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
    assert re.search(r"\d+ more are not shown here", summary.decode())


def test_every_row_of_a_table_has_the_cells_of_its_head() -> None:
    """A hostile name adds no column."""
    widths: list[int] = []
    for line in render(sample_view(), ReportFormat.MARKDOWN).decode().splitlines():
        if line.startswith("|"):
            widths.append(len(re.findall(r"(?<!\\)\|", line)))
            assert len(set(widths)) == 1, line
        else:
            widths = []


def test_open_findings_come_first() -> None:
    """The headline, the counts and the open findings come before everything else."""
    text = render(sample_view(), ReportFormat.MARKDOWN).decode()
    order = ["[!CAUTION]", "3 promises are broken", "### Open findings", "3h12m ago", "waited 30s", "<details>"]
    assert [text.index(part) for part in order] == sorted(text.index(part) for part in order)


def test_a_first_run_says_that_there_is_nothing_to_compare_with() -> None:
    """A first run says so, which is not the same as no change."""
    text = render(replace(sample_view(), run=green_run(), previous=()), ReportFormat.MARKDOWN).decode()
    assert "There is no earlier run to compare with." in text
    assert "[!TIP]" in text
