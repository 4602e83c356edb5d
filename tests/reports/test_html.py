"""The HTML report is one file without scripts or requests, and shows hostile text as text."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from basewatch.model import Evidence, Finding, Run
from reports import ReportFormat, render
from reports.view import View
from tests.reports.page import Parts
from tests.reports.sample import green_run, sample_run, sample_view


def _renamed(text: str) -> View:
    """The sample with `text` wherever a tenant or the platform may set a text."""

    def finding(of: Finding) -> Finding:
        return replace(
            of, subject=f"x{text}", summary=text, observed=f"x{text}", expected=f"x{text}", remedy=f"x{text}"
        )

    def evidence(of: Evidence) -> Evidence:
        return replace(of, facts={f"x{text}": text}, source=text, principal=text, requests=(text, text))

    run = sample_run()
    renamed: Run = replace(
        run,
        findings=tuple(finding(one) for one in run.findings),
        evidence=tuple(evidence(one) for one in run.evidence),
        transitions=tuple(replace(one, finding=finding(one.finding)) for one in run.transitions),
        notes=(text,),
        commit=f"x{text}",
    )
    return replace(sample_view(), run=renamed, platform=text, environment=text, previous=())


@pytest.fixture(scope="module")
def harmless() -> Parts:
    """The page when everything has a plain name."""
    return Parts(render(_renamed("name"), ReportFormat.HTML))


@settings(max_examples=60)
@given(text=st.text() | st.text(alphabet="<>\"'&/=;!-{}% scriptonload\u202e\x00"))
def test_no_text_changes_the_elements_of_the_page(harmless: Parts, text: str) -> None:
    """With any text, the page has the same elements and attributes as with a harmless one."""
    assert Parts(render(_renamed(text), ReportFormat.HTML)).elements == harmless.elements


def test_a_hostile_text_is_shown_as_text() -> None:
    """It can be read, and characters that reverse the text direction are shown as code points."""
    text = Parts(render(sample_view(), ReportFormat.HTML)).text
    assert '"><script>alert(1)</script>\\u202e| [x](javascript:alert(1)) `x` <!-- @everyone' in text
    assert "\u202e" not in text


def test_the_page_runs_and_fetches_nothing() -> None:
    """No script, no handler, no address but links that a person may follow, and a policy that forbids the rest."""
    page = Parts(render(sample_view(), ReportFormat.HTML))
    assert not {name for name, _ in page.elements} & {"script", "img", "iframe", "object", "embed", "form", "base"}
    assert not [name for _, name, _ in page.attributes if name.startswith("on")]
    addresses = {value for _, name, value in page.attributes if name in {"href", "src", "action", "data"}}
    assert {value for value in addresses if not value.startswith(("#", "https://www.postgresql.org/"))} == {"data:,"}
    assert not re.search(rb"url\((?!#)|@import", render(sample_view(), ReportFormat.HTML))
    policies = [value for _, _, value in page.attributes if value.startswith("default-src 'none'")]
    assert len(policies) == 1


def test_every_element_is_closed() -> None:
    """The page is well-formed, so that every browser shows the same."""
    assert Parts(render(sample_view(), ReportFormat.HTML)).open == []


def test_every_link_within_the_page_leads_somewhere() -> None:
    """Each verdict leads to its evidence."""
    page = Parts(render(sample_view(), ReportFormat.HTML))
    targets = {value for _, name, value in page.attributes if name == "id"}
    links = {value[1:] for tag, name, value in page.attributes if tag == "a" and name == "href" and value[0] == "#"}
    assert links <= targets


def test_open_findings_come_first() -> None:
    """The on-call engineer reads broken promises first, UNVERIFIED next, and then everything else."""
    text = Parts(render(sample_view(), ReportFormat.HTML)).text
    assert text.index("3 promises are broken, and 4 more could not be verified.") < text.index("Open findings")
    assert text.index("can only be restored to 3h12m ago") < text.index("waited 30s for a lock")
    assert text.index("waited 30s for a lock") < text.index("Verdicts by component")


def test_an_expected_check_without_a_verdict_is_shown() -> None:
    """A planned check that has no verdict is listed."""
    text = Parts(render(sample_view(), ReportFormat.HTML)).text
    assert re.search(r"Expected checks without a verdict.*service\.api\.server_errors", text, re.DOTALL)


def test_every_report_on_tenancy_says_what_it_cannot_guarantee() -> None:
    """A run with tenancy checks has the threat model; a run without them has none."""
    heading = "What row-level security with a custom setting can and cannot guarantee"
    assert heading in Parts(render(sample_view(), ReportFormat.HTML)).text
    without = replace(sample_view(), run=green_run(), previous=())
    assert heading not in Parts(render(without, ReportFormat.HTML)).text


def test_a_green_run_has_no_open_findings() -> None:
    """If every verdict holds, the page says so and has no section of open findings."""
    text = Parts(render(replace(sample_view(), run=green_run(), previous=()), ReportFormat.HTML)).text
    assert "The one verdict holds." in text
    assert "Open findings" not in text


def test_a_run_without_findings_has_a_page() -> None:
    """No finding, no evidence, no series: the page says so and is not green."""
    empty = replace(green_run(), findings=(), evidence=(), expected=(), components={})
    page = render(replace(sample_view(), run=empty, previous=()), ReportFormat.HTML)
    assert b'<h1 class="unverified">Too little was observed to verify the platform.</h1>' in page
    assert "Nothing was observed." in Parts(page).text


def test_long_facts_are_shortened() -> None:
    """The page stays readable with any size of facts; run.json has all of them."""
    run = green_run()
    evidence = replace(run.evidence[0], facts={"rows": ["x" * 50] * 10_000})
    page = render(replace(sample_view(), run=replace(run, evidence=(evidence,)), previous=()), ReportFormat.HTML)
    assert len(page) < 40_000
    assert "shortened; run.json has all facts" in Parts(page).text
