"""What a run says of isolation: the proof stands or it does not, whatever fails mildly beside it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from basewatch.model import Finding, Pair, Proof, Reason, Run, Severity, Status, Window
from reports.isolation import isolated

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


def said(beside: Finding) -> str:
    """The statement of a run with one proven table and one finding beside it."""
    pairs = tuple(Pair(check=f.check, component=f.component) for f in (PROVEN, beside))
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
    )
    (one,) = isolated(run)
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
