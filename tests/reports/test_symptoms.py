"""A report shows what a finding explains under it, counts it as ever, and leaves nothing out."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from basewatch.model import Finding, Status
from reports import ReportFormat, render
from reports.page import report_page
from reports.view import View
from tests.reports.sample import DATABASE, HOSTILE, green_run, sample_view

(GREEN,) = green_run().findings
CAUSE = replace(
    GREEN, check="tenancy.rls.bypass_roles", component=DATABASE, subject="app", status=Status.FAIL, summary="app roams"
)
SYMPTOMS = tuple(
    replace(
        CAUSE, check="tenancy.probe.sweep", subject=f"{HOSTILE} {number:02}", summary="seen to leak", cause=CAUSE.key
    )
    for number in range(30)
)


def view(*findings: Finding) -> View:
    """A view of a run that found these."""
    return replace(sample_view(), run=replace(green_run(), findings=findings, transitions=()), previous=())


def test_a_symptom_stands_under_its_cause_and_is_counted() -> None:
    """What is wrong is the cause alone; every FAIL is still one."""
    page = report_page(view(*SYMPTOMS, CAUSE))
    assert page.open_findings == (CAUSE,)
    assert set(page.symptoms[CAUSE.key]) == set(SYMPTOMS)
    assert dict(page.counts)[Status.FAIL] == 31


@pytest.mark.parametrize("status", [Status.PASS, Status.UNVERIFIED])
def test_a_symptom_without_its_cause_is_a_finding_of_its_own(status: Status) -> None:
    """After runs are merged, a finding may name a cause that is resolved: it is shown as any other finding."""
    page = report_page(view(replace(CAUSE, status=status), SYMPTOMS[0]))
    assert SYMPTOMS[0] in page.open_findings
    assert not page.symptoms


def test_the_page_shows_each_symptom_once_among_open_findings() -> None:
    """Symptoms are listed under their cause, escaped, and have no entry of their own."""
    html = render(view(CAUSE, *SYMPTOMS), ReportFormat.HTML).decode()
    listed = html.partition('<section id="open">')[2].partition("</section>")[0]
    assert listed.count("<article") == 1
    assert "It explains 30 more" in listed
    assert listed.count("seen to leak") == 30
    assert HOSTILE not in html


def test_the_summary_names_some_symptoms_and_counts_the_rest() -> None:
    """The cell of a cause has at most 12 symptoms and the number of the others."""
    text = render(view(CAUSE, *SYMPTOMS), ReportFormat.MARKDOWN).decode()
    (line,) = (line for line in text.splitlines() if "app roams" in line and "bypass" in line and "<br>" in line)
    assert "It explains 30 more" in line
    assert line.count("tenancy.probe.sweep") == 12
    assert "and 18 more" in line


def test_the_json_links_each_symptom_to_its_cause() -> None:
    """`cause` is the key of the finding that explains a symptom."""
    findings = json.loads(render(view(CAUSE, SYMPTOMS[0]), ReportFormat.JSON))["findings"]
    keys = {finding["check"]: finding["key"] for finding in findings}
    causes = {finding["check"]: finding["cause"] for finding in findings}
    assert causes == {CAUSE.check: "", SYMPTOMS[0].check: keys[CAUSE.check]}
