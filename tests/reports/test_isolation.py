"""What a run says of isolation: the proof stands or it does not, whatever fails mildly beside it."""

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


def said(beside: Finding, *intervals: CatalogInterval) -> str:
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
def test_what_fails_mildly_leaves_the_proof_standing(severity: Severity) -> None:
    """It is told by itself; no tenant's rows are open for it."""
    assert said(replace(BESIDE, severity=severity)).startswith("6 gates proven")


@pytest.mark.parametrize("severity", [Severity.HIGH, Severity.CRITICAL])
def test_what_fails_gravely_ends_it(severity: Severity) -> None:
    """A way around the policies undoes what was proven of them."""
    assert said(replace(BESIDE, severity=severity)) == "Not proven: 1 of 2 verdicts of the static proof do not hold."


def test_what_could_not_be_looked_at_ends_it_too() -> None:
    """However mild it would be: what nobody knows is not proven."""
    unknown = replace(BESIDE, status=Status.UNVERIFIED, reason=Reason.DENIED, severity=Severity.LOW)
    assert said(unknown).startswith("Not proven")


def interval(fingerprint: str, hours: int, *, proved: bool, polls: int = 3) -> CatalogInterval:
    """A catalogue that stood for an hour."""
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
    "at most 5.2 s apart. Counterexamples were last searched at 2026-03-01 12:30 UTC."
)
NOT_YET = "6 gates proven at the moment of this run; the watch has seen no proof of this catalogue yet."
CHANGED = (
    "6 gates proven for fingerprint bbbbbbbbbbbb from 2026-03-01 14:00 UTC to 2026-03-01 15:00 UTC, with 3 polls, "
    "at most 5.2 s apart. The catalogue changed by 2026-03-01 14:00 UTC to bbbbbbbbbbbb, and was unproven until "
    "2026-03-01 14:00 UTC; it was last seen as aaaaaaaaaaaa at 2026-03-01 13:00 UTC. "
    "Counterexamples were last searched at 2026-03-01 14:30 UTC."
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
def test_a_proof_is_said_to_hold_from_when_to_when(intervals: tuple[CatalogInterval, ...], statement: str) -> None:
    """For which catalogue, with how many polls and how far apart, and when it was not proven between two."""
    assert said(PASSED, *intervals) == statement


def test_what_was_watched_without_a_proof_is_said_too() -> None:
    """An interval is no proof."""
    statement = said(replace(BESIDE, severity=Severity.HIGH), interval("a", 0, proved=False, polls=1))
    assert "Not proven" in statement
    assert "The catalogue was watched: fingerprint aaaaaaaaaaaa" in statement
    assert "with 1 poll." in statement
