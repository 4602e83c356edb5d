"""A check that a deployment is valid by each of its criteria."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from basewatch.check import check
from basewatch.clients import PassFindings, Support
from basewatch.components import Deployment
from basewatch.model import Proof, Reason, Severity, Status, Verdict, failed, passed, unverified


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentFindings:
    """What this pass found about each criterion, by its key."""

    criteria: dict[str, Support]


def findings_about(findings: PassFindings, deployment: Deployment) -> DeploymentFindings:
    """The findings of the checks that each criterion names. No request is sent."""
    return DeploymentFindings(criteria={key: findings.support(it.held_by) for key, it in deployment.criteria.items()})


@check(
    "deploy.criteria.met",
    component=Deployment,
    observe=findings_about,
    severity=Severity.HIGH,
    proof=Proof.CONFIGURATION,
    needs=(),
    promises=("criteria",),
)
def every_criterion_is_met(facts: DeploymentFindings, deployment: Deployment, _now: datetime) -> Iterator[Verdict]:
    """Every criterion of the deployment's validation is met.

    Why: A deployment that ends without an error can still miss a table, a route or a permission.
    Reads: The findings of this pass. A criterion is met when every one of its selectors has a PASS, and none has a FAIL
    or an UNVERIFIED finding. Selecting this check alone also runs the checks that its criteria name.
    Unverified when: A check that the criterion names is UNVERIFIED, or has judged nothing yet.
    Fix: Mend what the named check found, and validate again: basewatch check --only 'deploy.*' --wait 10m.
    Source: docs/deployments.md
    """
    for key, criterion in deployment.criteria.items():
        support = facts.criteria.get(key, Support(silent=criterion.held_by))
        observed, expected = support.counts, f"PASS of {', '.join(criterion.held_by)}"
        if support.status is Status.FAIL:
            summary = f"Not met: {criterion.says}: {support.reason}"
            yield failed(summary, subject=key, observed=observed, expected=expected)
        elif support.status is Status.UNVERIFIED:
            yield unverified(
                Reason.NOT_ENOUGH_DATA,
                f"Not verified: {criterion.says}: {support.reason}",
                subject=key,
                observed=observed,
                expected=expected,
                remedy="Do what the unverified finding says, or wait until there is something to judge.",
            )
        else:
            yield passed(f"Met: {criterion.says}", subject=key, observed=observed, expected=expected)
