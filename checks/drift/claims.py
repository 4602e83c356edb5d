"""A check that what documents say about the platform is supported by the findings of the same pass."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from basewatch.check import check
from basewatch.clients import PassFindings, Support
from basewatch.components import ClaimDocument
from basewatch.components.claims import Claim
from basewatch.model import Proof, Reason, Severity, Status, Verdict, failed, passed, unverified
from checks.drift import catalogues


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimFindings:
    """What this pass found about one claim, and the setting that it names.

    `promised` is the setting as it is written; None when the claim names none, empty when it is not set. `unknown` is
    one of a component that is not part of this pass.
    """

    support: Support
    promised: str | None = None
    unknown: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentFindings:
    """What this pass found about each claim of a document, by the claim's key."""

    claims: dict[str, ClaimFindings]


def findings_about(findings: PassFindings, document: ClaimDocument) -> DocumentFindings:
    """The findings of the checks that each claim names, and the settings that it names. No request is sent."""
    return DocumentFindings(claims={key: _about(findings, claim) for key, claim in document.claims.items()})


def _about(findings: PassFindings, claim: Claim) -> ClaimFindings:
    ref, _, path = (claim.promise or "").partition(" ")
    known = ref in findings.components
    return ClaimFindings(
        support=findings.support(claim.held_by),
        promised=findings.promised(ref, path) if known else None,
        unknown=claim.promise or "" if not known else "",
    )


@check(
    "drift.claims.supported",
    component=ClaimDocument,
    observe=findings_about,
    severity=Severity.LOW,
    proof=Proof.CONFIGURATION,
    needs=(),
    promises=("claims",),
)
def every_claim_is_supported(facts: DocumentFindings, document: ClaimDocument, _now: datetime) -> Iterator[Verdict]:
    """What a document says about the platform is supported by findings of this pass.

    Why: Customers and auditors read claims. One that nothing verifies is an opinion, and one that is wrong costs more
    trust than the fault that it hides.
    Reads: The findings of this pass, the promises of the configuration, and the sizes of the catalogues of controls. A
    claim is supported when the checks that it names passed and its number is the promised one. Claims that no check can
    verify, and those that are withdrawn, are counted and listed.
    Unverified when: A check that the claim names is UNVERIFIED, or is not part of this pass.
    Fix: Mend what the named check found, or correct the document: then correct the claim, or withdraw it.
    Source: docs/claims.md
    """
    supported = 0
    for key, claim in document.claims.items():
        if claim.withdrawn or claim.unverifiable:
            continue
        verdict = _verdict(key, claim, facts.claims.get(key, ClaimFindings(support=Support(silent=claim.held_by))))
        if verdict is None:
            supported += 1
        else:
            yield verdict
    if supported or not _verifiable(document.claims):
        yield passed(
            f"{supported} of {len(document.claims)} claims are supported",
            observed=_counts(document.claims, supported),
            expected="every claim supported, withdrawn, or said to be unverifiable",
        )


def _verifiable(claims: Mapping[str, Claim]) -> bool:
    return any(not claim.withdrawn and not claim.unverifiable for claim in claims.values())


def _counts(claims: Mapping[str, Claim], supported: int) -> str:
    # A record keeps no order of keys.
    unverifiable = sorted(key for key, claim in claims.items() if claim.unverifiable and not claim.withdrawn)
    withdrawn = sorted(key for key, claim in claims.items() if claim.withdrawn)
    parts = [f"{supported} supported"]
    if unverifiable:
        parts.append(f"{len(unverifiable)} that no check can verify ({', '.join(unverifiable)})")
    if withdrawn:
        parts.append(f"{len(withdrawn)} withdrawn ({', '.join(withdrawn)})")
    return ", ".join(parts)


def _verdict(key: str, claim: Claim, found: ClaimFindings) -> Verdict | None:
    """The FAIL or UNVERIFIED of one claim; None when it is supported."""
    said = f"“{claim.says}”" + (f" (line {claim.line})" if claim.line else "")
    if claim.catalogue is not None:
        if catalogues.has_size(claim.catalogue, int(claim.value or "0")):
            return None
        known = ", ".join(f"{size} {part}" for part, size in catalogues.sizes(claim.catalogue).items())
        return failed(f"{said} is no size of the catalogue", subject=key, observed=known, expected=claim.value or "")
    if found.promised is not None and not _same(found.promised, claim.value):
        observed = found.promised or "nothing is promised"
        summary = f"{said} is contradicted: {claim.promise} is another"
        return failed(summary, subject=key, observed=observed, expected=claim.value or "")
    expected, support = f"PASS of {', '.join(claim.held_by)}", found.support
    if support.status is Status.FAIL:
        summary = f"{said} is contradicted: {support.reason}"
        return failed(summary, subject=key, observed=support.counts, expected=expected)
    if support.status is Status.UNVERIFIED or found.unknown:
        reason = support.reason or f"{found.unknown} is not part of this pass"
        return unverified(
            Reason.NOT_ENOUGH_DATA,
            f"{said} cannot be verified: {reason}",
            subject=key,
            observed=support.counts,
            expected=expected,
            remedy="Do what the unverified finding says, or run the whole pass.",
        )
    return None


def _same(promised: str, claimed: object) -> bool:
    """Whether a setting is as claimed; of a threshold such as `200ms for 5m`, the limit is compared."""
    return promised.partition(" for ")[0].casefold() == str(claimed).casefold()
