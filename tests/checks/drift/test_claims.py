"""Claims of documents, compared with the findings of the same pass."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from alerts.channels import CHANNEL_TYPES
from basewatch.clients import PassFindings
from basewatch.components import Api, AuroraCluster, ClaimDocument, Components
from basewatch.config.loading import load
from basewatch.model import Finding, Proof, Reason, Severity, Status, Verdict
from checks.drift.claims import every_claim_is_supported, findings_about
from tests.repository import ROOT

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
CLUSTER = AuroraCluster.model_validate_json(
    '{"name": "main", "capacity": {"min_acu": 0.5, "max_acu": 4}, "backup": {"retention": "35d", "rpo": "1h"}}'
)
API = Api.model_validate_json('{"name": "orders", "stage": "prod", "p95_below": "200ms for 5m"}')
HELD = {"says": "The API is fast", "held_by": ["service.api.latency of api/*"]}
FAST = {**HELD, "promise": "api/orders p95_below", "value": "200ms"}


def _finding(status: Status, check: str = "service.api.latency", component: str = "api/orders") -> Finding:
    return Finding(
        check=check,
        component=component,
        status=status,
        severity=Severity.HIGH,
        proof=Proof.CONFIGURATION,
        summary="",
        reason=Reason.DENIED if status is Status.UNVERIFIED else None,
    )


def _verdicts(*findings: Finding, **claims: dict[str, Any]) -> tuple[Verdict, ...]:
    document = ClaimDocument.model_validate({"name": "page", "claims": claims})
    asked = PassFindings(findings=findings, components={API.ref: API, CLUSTER.ref: CLUSTER})
    return tuple(every_claim_is_supported.judge(findings_about(asked, document), document, NOW))


def _one(*findings: Finding, claim: dict[str, Any]) -> Verdict:
    (verdict,) = _verdicts(*findings, speed=claim)
    return verdict


PASSED, FAILED = _finding(Status.PASS), _finding(Status.FAIL)
UNSEEN = _finding(Status.UNVERIFIED)
N_A = _finding(Status.NOT_APPLICABLE)
SITUATIONS: dict[str, tuple[tuple[Finding, ...], dict[str, Any], Status]] = {
    "the check passed": ((PASSED,), HELD, Status.PASS),
    "the check failed": ((FAILED,), HELD, Status.FAIL),
    "one component of two failed": ((PASSED, _finding(Status.FAIL, component="api/other")), HELD, Status.FAIL),
    "another check failed": ((PASSED, _finding(Status.FAIL, "service.api.errors")), HELD, Status.PASS),
    "a component of another kind failed": ((PASSED, _finding(Status.FAIL, component="queue/x")), HELD, Status.PASS),
    "the check could not look": ((UNSEEN,), HELD, Status.UNVERIFIED),
    "one part could not be seen": ((PASSED, UNSEEN), HELD, Status.UNVERIFIED),
    "a FAIL beside what was not seen": ((FAILED, UNSEEN), HELD, Status.FAIL),
    "the check was not run": ((), HELD, Status.UNVERIFIED),
    "nothing was there to judge": ((N_A,), HELD, Status.UNVERIFIED),
    "the promise is as claimed": ((PASSED,), FAST, Status.PASS),
    "the promise is weaker": ((PASSED,), {**FAST, "value": "100ms"}, Status.FAIL),
    "the promise is not made": ((PASSED,), {**FAST, "promise": "api/orders rate_limit"}, Status.FAIL),
    "a part of a promise": (
        (PASSED,),
        {**FAST, "promise": "aurora_cluster/main capacity.max_acu", "value": 4.0},
        Status.PASS,
    ),
    "another part": ((PASSED,), {**FAST, "promise": "aurora_cluster/main capacity.min_acu", "value": 4.0}, Status.FAIL),
    "the promise of what was not run": ((PASSED,), {**FAST, "promise": "api/x p95_below"}, Status.UNVERIFIED),
    "a number of no catalogue": ((), {"says": "161", "catalogue": "CIS AWS Foundations", "value": 161}, Status.FAIL),
    "the size of a catalogue": ((), {"says": "62", "catalogue": "CIS AWS Foundations", "value": 62}, Status.PASS),
    "the number of a part": (
        (),
        {"says": "x", "catalogue": "HIPAA Security Rule", "value": 164},
        Status.FAIL,
    ),
    "a size of any catalogue": ((), {"says": "370", "catalogue": "any", "value": 370}, Status.PASS),
    "the size of none": ((), {"says": "430+", "catalogue": "any", "value": 430}, Status.FAIL),
    "what is wrong and withdrawn": ((FAILED,), {**HELD, "withdrawn": "it was not"}, Status.PASS),
    "what no check can verify": ((), {"says": "x", "unverifiable": "it is code"}, Status.PASS),
}


@pytest.mark.parametrize("situation", SITUATIONS)
def test_a_claim_is_as_the_findings_say(situation: str) -> None:
    """A claim is supported, contradicted or not verified by what the checks that it names found."""
    findings, claim, status = SITUATIONS[situation]
    assert _one(*findings, claim=claim).status is status


def test_each_contradicted_claim_is_one_finding_and_the_others_are_counted() -> None:
    """The wrong claim is named by its key with the document's words, and the summary counts the supported ones."""
    wrong, summary = _verdicts(PASSED, fast=HELD, cis={"says": "161", "catalogue": "CIS AWS Foundations", "value": 161})
    assert (wrong.status, wrong.subject) == (Status.FAIL, "cis")
    assert "62 recommendations of 3.0" in wrong.observed
    assert (summary.status, summary.observed) == (Status.PASS, "1 supported")


@pytest.mark.parametrize(
    "claim",
    [
        {"says": "x"},
        {"says": "x", "held_by": ["a.b"], "unverifiable": "y"},
        {"says": "x", "held_by": ["a.b"], "value": 3},
        {"says": "x", "held_by": ["a b"]},
        {"says": "x", "catalogue": "SOC 2"},
        {"says": "x", "catalogue": "SOC 2", "value": "220+"},
    ],
)
def test_a_claim_is_verified_in_exactly_one_way(claim: dict[str, Any]) -> None:
    """A claim without a way to verify it, or with two, is a mistake in the configuration."""
    with pytest.raises(ValidationError):
        ClaimDocument.model_validate({"name": "page", "claims": {"x": claim}})


def test_the_wrong_sizes_of_the_platforms_documents_are_contradicted() -> None:
    """Each of the four numbers that are no catalogue's size fails as soon as it is claimed again."""
    components: Components = load(ROOT / "config.yaml", CHANNEL_TYPES).config.components
    (delivery,) = (each for each in components.claim_documents if each.name == "phase-2-delivery")
    again = {
        key: claim.model_copy(update={"withdrawn": None}) for key, claim in delivery.claims.items() if claim.withdrawn
    }
    document = ClaimDocument(name="again", claims=again)
    facts = findings_about(PassFindings(findings=(), components={}), document)
    found = {v.subject: v.status for v in every_claim_is_supported.judge(facts, document, NOW)}
    assert found == dict.fromkeys(("all-controls", "cis-controls", "soc-2-controls", "hipaa-controls"), Status.FAIL)
