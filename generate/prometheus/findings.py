"""Verdicts as alerts, for platforms whose Prometheus tells people of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from basewatch.model import Severity
from generate.prometheus.promql import quoted
from generate.prometheus.rule_context import AlertTemplate, RuleContext
from generate.prometheus.rule_model import AlertRule, AlertSeverity, alert_severity

FAILED = AlertTemplate(
    name="FindingFailed",
    severity=AlertSeverity.CRITICAL,
    fires_when="A promise is broken, as the last pass saw it (with alerts.verdicts: prometheus)",
    remedy="The last report says what was seen, what was expected and how to repair it",
    dashboard="basewatch-findings",
)
UNVERIFIED = AlertTemplate(
    name="FindingUnverified",
    severity=AlertSeverity.WARNING,
    fires_when="For two passes nobody could tell whether a promise is kept, which is never green",
    remedy="The last report says what could not be looked at, and why: a permission, a timeout or too few numbers",
    dashboard="basewatch-findings",
)
TEMPLATES = (FAILED, UNVERIFIED)
_BY = "max by (check, component, subject)"
_WHAT = "{{ $labels.check }} of {{ $labels.component }}"


def finding_alerts(context: RuleContext, judged_live: Iterable[str]) -> Iterator[AlertRule]:
    """Findings by severity, but for those of checks in `judged_live`: an alert on the numbers tells of these sooner.

    Where Basewatch tells people of verdicts itself, only what stays unverified is left to tell.
    """
    config = context.config
    live = "|".join(sorted(check.replace(".", "[.]") for check in judged_live))
    others = f",check!~{quoted(live)}" if live else ""
    for told in AlertSeverity if config.alerts.verdicts == "prometheus" else ():
        severities = "|".join(severity.value for severity in Severity if alert_severity(severity) is told)
        failing = f'basewatch_finding_status{{status="FAIL",cause="",severity=~"{severities}"{others}}}'
        said = f"{_WHAT} fails {{{{ $labels.subject }}}}"
        yield context.alert_rule(FAILED, f"{_BY} ({failing}) == 1", severity=told, summary=said)
    unverified = 'max by (check, component) (basewatch_finding_status{status="UNVERIFIED"}) == 1'
    # A verdict stands until the next pass: by then the second one in a row has said the same.
    twice = config.run.every + config.run.deadline
    yield context.alert_rule(UNVERIFIED, unverified, sustained=twice, summary=f"{_WHAT} is unverified for two passes")
