"""The content of a report: headline, changes, verified checks, and order."""

from __future__ import annotations

from dataclasses import replace

import pytest

from basewatch.model import ExpectedCheck, Finding, Reason, Run, Status, Transition
from reports.page import headline, report_page
from reports.text import escape_invisible
from reports.view import verified_pairs, worst_first
from tests.reports.sample import AUTH, CLUSTER, DATABASE, green_run, sample_run, sample_view


def _run(*statuses: Status) -> Run:
    (finding,) = green_run().findings
    return replace(
        green_run(),
        findings=tuple(
            replace(
                finding,
                subject=str(number),
                status=status,
                reason=Reason.DENIED if status is Status.UNVERIFIED else None,
            )
            for number, status in enumerate(statuses)
        ),
    )


@pytest.mark.parametrize(
    ("statuses", "status", "text"),
    [
        ([Status.PASS], Status.PASS, "The one verdict holds."),
        ([Status.PASS, Status.PASS, Status.NOT_APPLICABLE], Status.PASS, "All 2 verdicts hold."),
        ([Status.FAIL, Status.PASS], Status.FAIL, "1 promise is broken."),
        (
            [Status.FAIL, Status.FAIL, Status.UNVERIFIED],
            Status.FAIL,
            "2 promises are broken, and 1 more could not be verified.",
        ),
        (
            [Status.UNVERIFIED, Status.PASS],
            Status.UNVERIFIED,
            "No promise is known to be broken, but 1 could not be verified.",
        ),
        ([Status.NOT_APPLICABLE], Status.UNVERIFIED, "Too little was observed to verify the platform."),
        ([], Status.UNVERIFIED, "Too little was observed to verify the platform."),
    ],
)
def test_the_headline_is_as_bad_as_the_worst(statuses: list[Status], status: Status, text: str) -> None:
    """PASS needs a verdict that holds, and none that does not."""
    found = headline(_run(*statuses))
    assert (found.status, found.text) == (status, text)


def test_a_missing_verdict_is_not_green() -> None:
    """An expected check without a verdict makes the headline UNVERIFIED."""
    run = green_run()
    missing = ExpectedCheck(check="tenancy.probe.cross_tenant", component=DATABASE)
    assert headline(replace(run, expected=(*run.expected, missing))).status is Status.UNVERIFIED


def test_only_verified_checks_are_counted() -> None:
    """A check with an UNVERIFIED subject, or without a verdict, does not count as verified."""
    run = sample_run()
    unverified_checks = {pair.check for pair in run.expected} - {pair.check for pair in verified_pairs(run)}
    assert unverified_checks == {"tenancy.probe.cross_tenant", "backup.dump.freshness", "service.api.server_errors"}
    assert len(verified_pairs(run)) == 11


def _named(findings: tuple[Finding, ...]) -> list[tuple[str, str]]:
    return [(finding.check, finding.component) for finding in findings]


def test_changes_are_classified() -> None:
    """New, still open, resolved, and no longer checked."""
    changes = report_page(sample_view()).changes
    assert changes.has_previous_run
    assert [(change.finding.check, change.previous) for change in changes.new] == [
        ("service.function.latency", Status.PASS),
        ("tenancy.probe.cross_tenant", Status.FAIL),
    ]
    assert [change.finding.check for change in changes.resolved] == ["service.api.latency", "backup.dynamodb.pitr"]
    assert len(changes.still_open) == 5
    assert _named(changes.no_longer_checked) == [("backup.dynamodb.pitr", "table/retired")]


def test_a_finding_that_passes_for_the_first_time_is_no_change() -> None:
    """Only an open finding can be resolved."""
    run = green_run()
    first = Transition(finding=run.findings[0], previous=None, at=run.finished)
    changes = report_page(replace(sample_view(), run=replace(run, transitions=(first,)), previous=())).changes
    assert not changes.has_previous_run
    assert (changes.new, changes.still_open, changes.resolved, changes.no_longer_checked) == ((), (), (), ())


def test_components_are_sorted_by_kind_and_findings_worst_first() -> None:
    """The order of a page does not depend on the order of observations."""
    run = sample_run()
    page, from_reversed = (
        report_page(replace(sample_view(), run=replace(run, findings=findings)))
        for findings in (run.findings, run.findings[::-1])
    )
    assert page.groups == from_reversed.groups
    assert [group.component for group in page.groups][:3] == [CLUSTER, DATABASE, AUTH]
    assert [finding.status for finding in page.groups[0].findings] == [Status.FAIL, Status.PASS, Status.PASS]


def test_equal_passing_verdicts_share_a_row() -> None:
    """Five equal passing verdicts are one row; each open finding has its own."""
    (coverage,) = (
        check
        for group in report_page(sample_view()).groups
        for check in group.checks
        if check.worst.check == "tenancy.rls.coverage"
    )
    assert [(row.status, len(row.subjects)) for row in coverage.rows] == [(Status.FAIL, 1), (Status.PASS, 5)]


def test_the_worst_findings_come_first() -> None:
    """FAIL comes before UNVERIFIED and PASS, and higher severities come first."""
    ranked = worst_first(sample_run().findings)
    assert [finding.status for finding in ranked] == [
        *[Status.FAIL] * 3,
        *[Status.UNVERIFIED] * 4,
        *[Status.PASS] * 12,
        Status.NOT_APPLICABLE,
    ]


def test_evidence_sources_are_listed() -> None:
    """Each source is listed once for each principal."""
    assert [(source.source, source.observations) for source in report_page(sample_view()).evidence_sources] == [
        ("aws:123456789012/us-east-1", 9),
        ("postgresql:securebase", 2),
    ]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain é 漢字", "plain é 漢字"),
        ("a\u202eb", "a\\u202eb"),
        ("\x1b[31m", "\\u001b[31m"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("\ud800", "\\ud800"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
    ],
)
def test_invisible_characters_are_escaped(text: str, shown: str) -> None:
    """A name cannot imitate another or control a terminal."""
    assert escape_invisible(text) == shown
