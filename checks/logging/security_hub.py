"""A check that Security Hub is on and that the promised standards are being assessed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from basewatch.aws import AwsClient
from basewatch.aws.response import accepted_error, optional, required
from basewatch.check import check
from basewatch.components import Detection
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed, unverified

# What DescribeHub answers where Security Hub is off.
_OFF = ("InvalidAccessException", "ResourceNotFoundException")


class StandardStatus(StrEnum):
    """The StandardsStatus of a subscription."""

    PENDING = "PENDING"
    READY = "READY"
    FAILED = "FAILED"
    DELETING = "DELETING"
    INCOMPLETE = "INCOMPLETE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standard:
    """One enabled standard; `reason` is why it is not ready, if AWS tells."""

    arn: str
    status: StandardStatus
    reason: str = ""

    @property
    def name(self) -> str:
        """Its name with its version, such as `aws-foundational-security-best-practices/v/1.0.0`."""
        return self.arn.partition("standards/")[2] or self.arn.partition("ruleset/")[2] or self.arn


@dataclass(frozen=True, slots=True, kw_only=True)
class Hub:
    """Whether Security Hub is on, and its standards."""

    on: bool
    standards: tuple[Standard, ...] = ()


def hub(aws: AwsClient, _detection: Detection) -> Hub:
    """Security Hub of the region, by DescribeHub and GetEnabledStandards."""
    answer = aws.call("securityhub", "DescribeHub", accepted_errors=_OFF)
    if accepted_error(answer):
        return Hub(on=False)
    _ = required(answer, "HubArn", kind=str)
    pages = aws.pages("securityhub", "GetEnabledStandards")
    standards = (
        Standard(
            arn=required(each, "StandardsArn", kind=str),
            status=required(each, "StandardsStatus", kind=StandardStatus),
            reason=optional(each, "StandardsStatusReason", "StatusReasonCode", kind=str) or "",
        )
        for page in pages
        for each in required(page, "StandardsSubscriptions", kind=list)
    )
    return Hub(on=True, standards=tuple(sorted(standards, key=lambda each: each.arn)))


@check(
    "logging.securityhub.standards",
    component=Detection,
    observe=hub,
    severity=Severity.MEDIUM,
    proof=Proof.CONFIGURATION,
    needs=("securityhub:DescribeHub", "securityhub:GetEnabledStandards"),
    promises=("security_hub",),
)
def standards_are_assessed(facts: Hub, detection: Detection, _now: datetime) -> Iterator[Verdict]:
    """Security Hub is on in the region, and each promised standard is ready.

    Why: A standard that is enabled and incomplete, because AWS Config does not record, looks like one without findings.
    Reads: securityhub:DescribeHub, securityhub:GetEnabledStandards: the status of each. Single controls that somebody
    disabled are not looked at, and neither are the findings.
    Unverified when: A call is denied, throttled or fails, a standard is being enabled, or its status is unknown.
    Fix: aws securityhub enable-security-hub; aws securityhub batch-enable-standards. A standard is incomplete without
    a recorder of AWS Config.
    Source: AWS Security Hub User Guide, Understanding security standards,
    https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-standards.html
    """
    wanted = detection.security_hub.standards if detection.security_hub else ()
    enabled = {name: next((s for s in facts.standards if s.name.startswith(name)), None) for name in wanted}
    broken = [
        *(f"{name} is not enabled" for name, standard in enabled.items() if standard is None),
        *(
            f"{standard.name} is {standard.status}{f' ({standard.reason})' if standard.reason else ''}"
            for standard in enabled.values()
            if standard and standard.status not in (StandardStatus.READY, StandardStatus.PENDING)
        ),
    ]
    pending = [s.name for s in enabled.values() if s and s.status is StandardStatus.PENDING]
    observed = ", ".join(f"{each.name} {each.status}" for each in facts.standards) or "no standard"
    expected = ", ".join(f"{name} READY" for name in wanted) or "Security Hub on"
    if not facts.on:
        yield failed("Security Hub is off", observed="off", expected=expected)
    elif broken:
        yield failed(f"Standards are not assessed: {', '.join(broken)}", observed=observed, expected=expected)
    elif pending:
        summary, remedy = f"Standards are being enabled: {', '.join(pending)}", "Run the check again later."
        yield unverified(Reason.NOT_ENOUGH_DATA, summary, observed=observed, expected=expected, remedy=remedy)
    else:
        yield passed("Security Hub assesses the standards", observed=observed, expected=expected)
