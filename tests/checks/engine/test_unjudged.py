"""A promise is judged by a check, or is UNVERIFIED: whatever is declared and whichever checks there are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest

from alerts.channels import CHANNEL_TYPES
from basewatch.check import AnyCheck
from basewatch.clients import K, PlanClient
from basewatch.components import COMPONENT_SECTIONS, AuroraCluster, Component
from basewatch.config import CheckSettings
from basewatch.config.loading import load
from basewatch.model import ExpectedCheck, Finding, Reason, Severity, Status
from checks import CHECKS
from checks.engine.observe import Deadlines
from checks.engine.run import plan_checks, run_checks, unjudged_promises
from checks.meta.unjudged import every_promise_is_judged
from exposition.own_metrics import run_blocks
from reports import ReportFormat, render
from reports.view import View
from tests.fakes import a_run, due_of, picture_of
from workflows.commands import ExitCode, exit_code
from workflows.terminal import findings_text

CONFIG = load(Path(__file__).parents[3] / "config.yaml", CHANNEL_TYPES).config
COMPONENTS = tuple(CONFIG.components)
# Promises of a kind that the committed configuration leaves out: hundreds of requests, and backups of tables by AWS
# Backup, which it promises of its cluster.
UNDECLARED = {
    ("api", "tenant_isolation.rate_limit_tried"),
    *(("table", f"recovery_points{part}") for part in ("", ".keep", ".copies")),
}
NOW = datetime(2026, 1, 1, tzinfo=UTC)
DEADLINES = Deadlines(per_observation=timedelta(seconds=60), total=timedelta(seconds=60), concurrency=1)


@dataclass(frozen=True, slots=True)
class _OnlyPlan:
    promises: tuple[tuple[str, str], ...]

    def open(self, client_type: type[K], component: Component) -> AbstractContextManager[K]:
        """The client of the plan."""
        del component
        assert client_type is PlanClient
        return cast("AbstractContextManager[K]", nullcontext(PlanClient(promises=self.promises)))


def of_the_plan(checks: tuple[AnyCheck, ...], component: Component) -> tuple[Finding, ...]:
    """The findings about the promises of one component that none of the checks judges."""
    plan = plan_checks(checks, [component], {}, only="meta.*")
    return run_checks(plan, _OnlyPlan(unjudged_promises(checks, [component])), DEADLINES, NOW, lambda: NOW).findings


def promises() -> Iterator[tuple[Component, str]]:
    """Every promise of every kind of component, on a component that makes it."""
    for kind in COMPONENT_SECTIONS:
        for promise in (each for each in kind.promises if (kind.kind, each) not in UNDECLARED):
            yield (
                next(each for each in COMPONENTS if isinstance(each, kind) and each.has_promise(promise)),
                promise,
            )


@pytest.mark.parametrize(
    ("component", "promise"), list(promises()), ids=[f"{each.kind} {promise}" for each, promise in promises()]
)
def test_every_promise_is_judged_or_unverified(component: Component, promise: str) -> None:
    """A promise has a check; without its checks it is UNVERIFIED (unsupported), by name."""
    judges = [each for each in CHECKS if isinstance(component, each.component) and promise in each.promises]
    found = {each.subject: each for each in of_the_plan(CHECKS, component)}
    assert (promise in found) == (not judges)
    without = tuple(each for each in CHECKS if each not in judges)
    left = {each.subject: each for each in of_the_plan(without, component)}[promise]
    assert (left.status, left.reason) == (Status.UNVERIFIED, Reason.UNSUPPORTED)
    assert left.evidence


CLUSTER = next(each for each in COMPONENTS if isinstance(each, AuroraCluster))
WITHOUT = tuple(each for each in CHECKS if "multi_az" not in each.promises)
LEFT = next(each for each in of_the_plan(WITHOUT, CLUSTER) if each.subject == "multi_az")


def test_a_promise_whose_check_is_disabled_has_none() -> None:
    """Disabling the only check of a promise plans the finding; disabling that one too is the last word."""
    ids = {each.id: CheckSettings(enabled=False) for each in CHECKS if "multi_az" in each.promises}
    assert [p.component for p in plan_checks(CHECKS, [CLUSTER], ids, only="meta.*")] == [CLUSTER]
    ids[every_promise_is_judged.id] = CheckSettings(enabled=False)
    assert plan_checks(CHECKS, [CLUSTER], ids, only="meta.*") == ()


def test_a_check_of_some_checks_leaves_it_out() -> None:
    """`--only` and `--component` select the finding like any other."""
    assert [p.check.id for p in plan_checks(WITHOUT, [CLUSTER], {}, only="[!t]*")].count("meta.promise.judged") == 1
    assert plan_checks(WITHOUT, [CLUSTER], {}, only="tenancy.*") == ()


def test_every_output_says_it() -> None:
    """Whoever reads only one of text, JSON, Markdown, HTML, metrics or the exit status reads that it is unverified."""
    planned = [ExpectedCheck(check=LEFT.check, component=LEFT.component)]
    run = replace(a_run(LEFT, expected=planned), components={CLUSTER.ref: CLUSTER.model_dump(mode="json")})
    view = View(run=run, platform="p", environment="e", checks={})
    for form in ReportFormat:
        assert b"no check judges it" in render(view, form), form
    assert "multi_az" in findings_text(run.findings)
    assert any(b"meta.promise.judged" in series for block in run_blocks(run) for series in block.series)
    assert exit_code(run.findings, fail_on=Severity.LOW) is ExitCode.UNVERIFIED


def test_nobody_is_alerted() -> None:
    """It is known before the pass and the same in each: sixty promises are not sixty messages."""
    assert due_of(picture_of(a_run(LEFT), at=NOW)) == ()
