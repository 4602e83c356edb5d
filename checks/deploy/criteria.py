"""A check that a deployment is valid by each of its criteria."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from basewatch.check import check
from basewatch.clients import PassFindings
from basewatch.components import Deployment
from basewatch.model import Proof, Reason, Severity, Status, Verdict, failed, passed, unverified

_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class CriterionFindings:
    """What this pass found about a criterion: how many findings passed, and which checks of what did not.

    `silent` are the selectors by which nothing passed.
    """

    passed: int
    failed: tuple[str, ...] = ()
    unverified: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentFindings:
    """What this pass found about each criterion, by its key."""

    criteria: dict[str, CriterionFindings]


def findings_about(findings: PassFindings, deployment: Deployment) -> DeploymentFindings:
    """The findings of the checks that each criterion names. No request is sent."""
    return DeploymentFindings(
        criteria={key: _about(findings, each.held_by) for key, each in deployment.criteria.items()}
    )


def _about(findings: PassFindings, selectors: tuple[str, ...]) -> CriterionFindings:
    selected = {selector: findings.selected(selector) for selector in selectors}
    found = tuple(dict.fromkeys(each for part in selected.values() for each in part))
    return CriterionFindings(
        passed=sum(each.status is Status.PASS for each in found),
        failed=tuple(f"{each.check} of {each.component}" for each in found if each.status is Status.FAIL),
        unverified=tuple(f"{each.check} of {each.component}" for each in found if each.status is Status.UNVERIFIED),
        silent=tuple(
            selector for selector, part in selected.items() if all(each.status is not Status.PASS for each in part)
        ),
    )


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
        found = facts.criteria.get(key, CriterionFindings(passed=0, silent=criterion.held_by))
        observed = f"{found.passed} PASS, {len(found.failed)} FAIL, {len(found.unverified)} UNVERIFIED"
        expected = f"PASS of {', '.join(criterion.held_by)}"
        if found.failed:
            summary = f"Not met: {criterion.says}: {_few(found.failed)} failed"
            yield failed(summary, subject=key, observed=observed, expected=expected)
        elif found.unverified or found.silent:
            unseen = found.unverified or found.silent
            why = f"{_few(unseen)} {'could not be seen' if found.unverified else 'has judged nothing'}"
            yield unverified(
                Reason.NOT_ENOUGH_DATA,
                f"Not verified: {criterion.says}: {why}",
                subject=key,
                observed=observed,
                expected=expected,
                remedy="Do what the unverified finding says, or wait until there is something to judge.",
            )
        else:
            yield passed(f"Met: {criterion.says}", subject=key, observed=observed, expected=expected)


def _few(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{', '.join(names[:_SHOWN])}{more}"
