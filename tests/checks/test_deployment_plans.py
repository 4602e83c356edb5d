"""The deployments that are declared: what `--only 'deploy.*'` runs, and that each criterion is held by something."""

from __future__ import annotations

from pathlib import Path

import pytest

from alerts.channels import CHANNEL_TYPES
from basewatch.clients import PassFindings, is_selected
from basewatch.components import Deployment
from basewatch.config.loading import load
from basewatch.model import Finding, Proof, Severity, Status
from checks import CHECKS
from checks.deploy.criteria import every_criterion_is_met, findings_about
from checks.engine.run import plan_checks
from tests.fakes import NOON
from tests.repository import ROOT

CONFIGURATIONS = (ROOT / "config.yaml", ROOT / "examples" / "analytics.yaml")


@pytest.mark.parametrize("path", CONFIGURATIONS, ids=lambda path: path.name)
def test_each_criterion_is_held_by_checks_that_are_selected_with_it(path: Path) -> None:
    """Selecting `deploy.*` runs every check that a criterion names, and no selector names nothing."""
    components = tuple(load(path, CHANNEL_TYPES).config.components)
    plan = plan_checks(CHECKS, components, {}, only="deploy.*")
    deployments = [each for each in components if isinstance(each, Deployment)]
    assert deployments
    for selector in (selector for each in deployments for selector in each.selectors):
        assert any(is_selected(selector, pair.check.id, pair.component.ref) for pair in plan), selector
    families = {pair.check.id.partition(".")[0] for pair in plan}
    assert "deploy" in families
    assert "tenancy" not in families


def test_each_claim_and_criterion_of_the_launch_is_held_by_a_planned_check() -> None:
    """A selector that names nothing would leave a claim or a launch UNVERIFIED for ever."""
    config = load(ROOT / "config.yaml", CHANNEL_TYPES).config
    plan = plan_checks(CHECKS, tuple(config.components), {})
    claims = [selector for each in config.components for selector in each.selectors]
    launch = [held for stage in config.launch.stages for criterion in stage.criteria for held in criterion.held_by]
    for selector in (*claims, *launch):
        assert any(is_selected(selector, pair.check.id, pair.component.ref) for pair in plan), selector


def test_a_component_alone_brings_nothing_along() -> None:
    """Only a check that is about the findings of others brings their checks."""
    components = tuple(load(ROOT / "config.yaml", CHANNEL_TYPES).config.components)
    plan = plan_checks(CHECKS, components, {}, only="deploy.table.*")
    assert {pair.check.id for pair in plan} == {"deploy.table.structured"}


def _finding(status: Status, check: str) -> Finding:
    return Finding(
        check=check,
        component="table/reports",
        status=status,
        severity=Severity.LOW,
        proof=Proof.CONFIGURATION,
        summary="",
    )


@pytest.mark.parametrize(
    ("statuses", "right"),
    [
        ((Status.PASS, Status.PASS), Status.PASS),
        ((Status.PASS, Status.FAIL), Status.FAIL),
        ((Status.PASS, Status.UNVERIFIED), Status.UNVERIFIED),
        ((Status.FAIL, Status.UNVERIFIED), Status.FAIL),
        ((Status.PASS, Status.NOT_APPLICABLE), Status.UNVERIFIED),
        ((Status.PASS,), Status.UNVERIFIED),
        ((), Status.UNVERIFIED),
    ],
)
def test_a_criterion_is_met_when_each_selector_has_passed(statuses: tuple[Status, ...], right: Status) -> None:
    """A criterion with two selectors needs a PASS of both."""
    deployment = Deployment.model_validate(
        {"name": "x", "criteria": {"tables": {"says": "They exist", "held_by": ["inventory.*", "deploy.*"]}}}
    )
    found = [_finding(status, check) for status, check in zip(statuses, ("inventory.a", "deploy.b"), strict=False)]
    facts = findings_about(PassFindings(findings=tuple(found), components={}), deployment)
    (verdict,) = every_criterion_is_met.judge(facts, deployment, NOON)
    assert (verdict.subject, verdict.status) == ("tables", right)
