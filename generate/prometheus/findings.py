"""Alerts on verdicts, for platforms whose Alertmanager sends the notifications."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta

from basewatch.check import NEVER_ALERTED
from basewatch.model import Severity
from generate.prometheus.promql import quoted
from generate.prometheus.rule_context import AlertTemplate, RuleContext
from generate.prometheus.rule_model import AlertRule, AlertSeverity, alert_severity

FAILED = AlertTemplate(
    name="FindingFailed",
    severity=AlertSeverity.CRITICAL,
    fires_when="A promise is broken, according to the last run (with alerts.verdicts: prometheus)",
    remedy="Read the finding in the last report: it has the observed and expected values, and the fix",
    dashboard="basewatch-findings",
)
UNVERIFIED = AlertTemplate(
    name="FindingUnverified",
    severity=AlertSeverity.WARNING,
    fires_when="Two runs in a row could not verify a promise",
    remedy="Read the reason in the last report: a missing permission, a timeout or too little data",
    dashboard="basewatch-findings",
)
TEMPLATES = (FAILED, UNVERIFIED)
_BY = "max by (check, component, subject)"
_CHECK = "{{ $labels.check }} of {{ $labels.component }}"


def finding_alerts(context: RuleContext, judged_live: Iterable[str]) -> Iterator[AlertRule]:
    """Failed findings by severity, without the checks in `judged_live`: those have an alert on live metrics.

    If Basewatch notifies about verdicts itself, only the alert on UNVERIFIED is generated.
    """
    config = context.config
    live = "|".join(sorted(check.replace(".", "[.]") for check in judged_live))
    others = f",check!~{quoted(live)}" if live else ""
    for level in AlertSeverity if config.alerts.verdicts == "prometheus" else ():
        severities = "|".join(severity.value for severity in Severity if alert_severity(severity) is level)
        failing = f'basewatch_finding_status{{status="FAIL",cause="",severity=~"{severities}"{others}}}'
        text = f"{_CHECK} fails {{{{ $labels.subject }}}}"
        yield context.alert_rule(FAILED, f"{_BY} ({failing}) == 1", severity=level, summary=text, held=timedelta())
    # Promises without a check are known before the run, and claims repeat other findings: no alert says more.
    reported = "|".join(beginning.replace(".", "[.]") for beginning in NEVER_ALERTED)
    of_runs = f'status="UNVERIFIED",check!~"({reported})[.].*"'
    unverified = f"max by (check, component) (basewatch_finding_status{{{of_runs}}}) == 1"
    # A verdict stays until the next run. After this time, two runs in a row had the same verdict.
    twice = config.run.every + config.run.deadline
    yield context.alert_rule(
        UNVERIFIED,
        unverified,
        sustained=twice,
        held=timedelta(),
        summary=f"{_CHECK} could not be verified in two runs",
    )
