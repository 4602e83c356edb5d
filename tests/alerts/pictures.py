"""Pictures of a platform of which parts do not answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from alerts import Picture
from basewatch.model import ExpectedCheck, Finding, Proof, Reason, Severity, Status
from tests.fakes import NOON, a_run
from workflows.picture import picture
from workflows.plan import Plan, load_plan

ACCOUNTS = {"111111111111": "production", "222222222222": "staging"}
VIRGINIA, IRELAND, STAGING = (
    f"aws:{place}" for place in ("111111111111/us-east-1", "111111111111/eu-west-1", "222222222222/us-east-1")
)


def looked(
    source: str,
    number: int = 1,
    *,
    reason: Reason | None = None,
    action: str = "",
    status: Status = Status.PASS,
    check: str = "",
    component: str = "",
    severity: Severity = Severity.HIGH,
) -> Finding:
    """One of several findings at a source: UNVERIFIED for `reason`, else of `status` by the facts that were read."""
    return Finding(
        check=check or f"some.check.{number}",
        component=component or f"thing/{source}",
        status=Status.UNVERIFIED if reason else status,
        severity=severity,
        proof=Proof.CONFIGURATION,
        summary=f"no answer ({number})" if reason else "It is so.",
        reason=reason,
        evidence="" if reason else "f" * 64,
        source=source if reason else "",
        action=action if reason else "",
    )


def pictured(*findings: Finding, old: Iterable[Finding] = (), sources: Mapping[Finding, str] | None = None) -> Picture:
    """What is known after a pass with these findings, and with `old` ones from earlier passes.

    Every finding looked at the source that its component is named after, unless `sources` says otherwise.
    """
    old = tuple(old)
    where = {each: each.component.removeprefix("thing/") for each in (*findings, *old)} | dict(sources or {})
    judged = frozenset(pair(each) for each in findings)
    return Picture(
        run="run-1",
        at=NOON,
        findings=(*findings, *old),
        expected=judged | {pair(each) for each in old},
        judged=judged,
        sources={pair(each): source for each, source in where.items()},
        accounts=ACCOUNTS,
        titles={each.check: "Some promise holds" for each in (*findings, *old)},
    )


def pair(finding: Finding) -> ExpectedCheck:
    """The expected check that a finding belongs to."""
    return ExpectedCheck(check=finding.check, component=finding.component)


def committed_plan() -> Plan:
    """The plan of the project's own configuration."""
    return load_plan(Path("config.yaml"))


def a_pass_of(plan: Plan, dark: Iterable[str] = (), *, run: str = "run-1", at: datetime = NOON) -> Picture:
    """A full pass in which every source that begins with one of `dark` is unreachable, and everything else passes."""
    prefixes = tuple(dark)
    findings = [_seen(plan, pair_, prefixes) for pair_ in plan.expected]
    return picture(plan, replace(a_run(*findings, id=run, at=at), expected=plan.expected))


def _seen(plan: Plan, pair_: ExpectedCheck, dark: tuple[str, ...]) -> Finding:
    source = plan.sources.get(pair_, "")
    severity = next(p.check.severity for p in plan.checks if p.check.id == pair_.check)
    reason = Reason.UNREACHABLE if dark and source.startswith(dark) else None
    action = "connect" if source.startswith("postgresql:") else "rds:DescribeDBClusters"
    return looked(source, reason=reason, action=action, check=pair_.check, component=pair_.component, severity=severity)
