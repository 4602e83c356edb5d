"""The picture that alerts are decided on, from a run and the plan that it followed."""

from __future__ import annotations

from collections.abc import Sequence

from alerts import Picture
from basewatch.config.prometheus import FINDINGS_DASHBOARD
from basewatch.model import Finding, Run
from workflows.plan import Plan


def picture(plan: Plan, run: Run, other: Sequence[Finding] = ()) -> Picture:
    """Everything that is known after a run; `other` are the current findings of what a partial run did not judge."""
    return Picture(
        run=run.id,
        at=run.finished,
        findings=(*run.findings, *other),
        expected=frozenset((*run.expected, *plan.whole)),
        judged=frozenset(run.expected),
        before={transition.finding.key: transition.previous for transition in run.transitions},
        evidence={evidence.digest: evidence for evidence in run.evidence},
        components={component.ref: component for component in plan.config.components},
        dashboard=plan.config.prometheus.dashboard_url.replace("{uid}", FINDINGS_DASHBOARD),
        titles={planned.check.id: planned.check.title for planned in plan.checks},
        sources=plan.sources,
        accounts={account.id: name for name, account in (plan.config.aws.accounts if plan.config.aws else {}).items()},
    )
