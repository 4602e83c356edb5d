"""The isolation statement of a run: whether the proof holds, and for which time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from basewatch.catalog_interval import CatalogInterval
from basewatch.model import ExpectedCheck, Finding, Proof, Reason, Run, Severity, Status, Window
from reports.isolation import isolation_summaries

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
PROVEN = Finding(
    check="tenancy.rls.policies",
    component="database/securebase",
    subject="invoices",
    status=Status.PASS,
    severity=Severity.CRITICAL,
    proof=Proof.CONFIGURATION,
    summary="The policies of invoices hold rows to the current tenant",
    observed="6 gates proven",
)
BESIDE = replace(PROVEN, check="tenancy.rls.grants", subject="database", status=Status.FAIL, observed="TEMP")

PASSED = replace(BESIDE, status=Status.PASS, observed="none")


def statement_of(beside: Finding, *intervals: CatalogInterval) -> str:
    """The statement of a run with one proven table and one finding beside it."""
    pairs = tuple(ExpectedCheck(check=f.check, component=f.component) for f in (PROVEN, beside))
    run = Run(
        id="one",
        started=AT,
        finished=AT,
        window=Window(start=AT, end=AT),
        version="1",
        config_digest="",
        commit="",
        expected=pairs,
        components={},
        findings=(PROVEN, beside),
        evidence=(),
        series=(),
        intervals=intervals,
    )
    (one,) = isolation_summaries(run)
    return " ".join(one.sentences)


@pytest.mark.parametrize("severity", [Severity.LOW, Severity.MEDIUM])
def test_a_failure_below_high_keeps_the_proof(severity: Severity) -> None:
    """It is a finding of its own and exposes no tenant rows."""
    assert statement_of(replace(BESIDE, severity=severity)).startswith("6 gates proven")


@pytest.mark.parametrize("severity", [Severity.HIGH, Severity.CRITICAL])
def test_a_failure_from_high_ends_the_proof(severity: Severity) -> None:
    """A way around the policies invalidates their proof."""
    assert (
        statement_of(replace(BESIDE, severity=severity))
        == "Not proven: 1 of 2 verdicts of the static proof do not hold."
    )


def test_an_unverified_finding_ends_the_proof() -> None:
    """An UNVERIFIED finding of any severity ends the proof."""
    unknown = replace(BESIDE, status=Status.UNVERIFIED, reason=Reason.DENIED, severity=Severity.LOW)
    assert statement_of(unknown).startswith("Not proven")


def interval(fingerprint: str, hours: int, *, proved: bool, polls: int = 3) -> CatalogInterval:
    """A catalogue that was unchanged for an hour."""
    start = AT + timedelta(hours=hours)
    return CatalogInterval(
        component="database/securebase",
        fingerprint=fingerprint * 64,
        first_seen=start,
        last_seen=start + timedelta(hours=1),
        polls=polls,
        longest_gap=timedelta(seconds=5.2),
        proved_at=start if proved else None,
        searched_at=start + timedelta(minutes=30) if proved else None,
    )


WATCHED = (
    "6 gates proven for fingerprint aaaaaaaaaaaa from 2026-03-01 12:00 UTC to 2026-03-01 13:00 UTC, with 3 polls, "
    "at most 5.2 s apart. The last search for counterexamples was at 2026-03-01 12:30 UTC."
)
NOT_YET = "6 gates proven at the time of this run; the watch has no proof of this catalogue yet."
CHANGED = (
    "6 gates proven for fingerprint bbbbbbbbbbbb from 2026-03-01 14:00 UTC to 2026-03-01 15:00 UTC, with 3 polls, "
    "at most 5.2 s apart. The catalogue changed between 2026-03-01 13:00 UTC and 2026-03-01 14:00 UTC, from "
    "aaaaaaaaaaaa to bbbbbbbbbbbb; it was proven again at 2026-03-01 14:00 UTC. "
    "The last search for counterexamples was at 2026-03-01 14:30 UTC."
)


@pytest.mark.parametrize(
    ("intervals", "statement"),
    [
        ((interval("a", 0, proved=True),), WATCHED),
        ((interval("a", 0, proved=False, polls=1),), NOT_YET),
        ((interval("a", 0, proved=True), interval("b", 2, proved=True)), CHANGED),
    ],
    ids=["proven", "not yet", "changed"],
)
def test_the_statement_says_for_which_time_the_proof_holds(
    intervals: tuple[CatalogInterval, ...], statement: str
) -> None:
    """It has the fingerprint, the polls with their longest gap, and the time without a proof between two intervals."""
    assert statement_of(PASSED, *intervals) == statement


def test_an_interval_without_a_proof_is_reported() -> None:
    """The statement says that the catalogue was watched, and that it is not proven."""
    statement = statement_of(replace(BESIDE, severity=Severity.HIGH), interval("a", 0, proved=False, polls=1))
    assert "Not proven" in statement
    assert "The catalogue was watched: fingerprint aaaaaaaaaaaa" in statement
    assert "with 1 poll." in statement
