"""Every rule of a configuration, in groups: what is recorded, what is promised, what may cause it, who watches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from basewatch.check import AnyCheck
from basewatch.collector import AnyCollector
from basewatch.components import (
    Api,
    AuroraCluster,
    BackupVault,
    CacheCluster,
    Component,
    Database,
    DumpBackups,
    EventRule,
    Function,
    Queue,
    Slo,
    Table,
)
from basewatch.config import Config
from generate.prometheus import (
    aurora,
    dynamodb,
    findings,
    lambda_functions,
    other_services,
    promise_alerts,
    self_monitoring,
    slo_burn_rates,
)
from generate.prometheus.recording import recording_rules
from generate.prometheus.rule_context import AlertTemplate, RuleContext
from generate.prometheus.rule_model import AlertRule, RecordingRule, RuleGroup

TEMPLATES: tuple[AlertTemplate, ...] = (
    *promise_alerts.TEMPLATES,
    *slo_burn_rates.TEMPLATES,
    *(*other_services.TEMPLATES, *lambda_functions.TEMPLATES, *dynamodb.TEMPLATES, *aurora.TEMPLATES),
    *(*self_monitoring.TEMPLATES, *findings.TEMPLATES),
)
"""What all alerts of each name have in common, in the order of docs/alerting-rules.md."""


def groups(config: Config, checks: tuple[AnyCheck, ...], collectors: tuple[AnyCollector, ...]) -> tuple[RuleGroup, ...]:
    """The rules of a configuration. Raises: ConfigError, for an objective that nothing measured can tell of."""
    context = RuleContext(config=config, checks=checks, collectors=collectors)
    components = tuple(config.components)
    first = _once(alert for component in components for alert in _promised(context, component))
    causes = _once(alert for component in components for alert in _causes(context, component))
    budgets = tuple(slo_burn_rates.slo_rules(context))
    alerts = (*first, *causes, *(rule for rule in budgets if isinstance(rule, AlertRule)))
    verdicts = findings.finding_alerts(context, _judged_live(context, alerts))
    by_name: tuple[tuple[str, Sequence[RecordingRule | AlertRule]], ...] = (
        ("basewatch-recording", tuple(recording_rules(config))),
        ("basewatch-exporter", tuple(self_monitoring.self_alerts(context))),
        ("basewatch-promised", first),
        ("basewatch-objectives", budgets),
        ("basewatch-causes", causes),
        ("basewatch-findings", tuple(verdicts)),
    )
    every = config.prometheus.scrape
    return tuple(RuleGroup(name=name, interval=every, rules=tuple(rules)) for name, rules in by_name)


def _once(alerts: Iterator[AlertRule]) -> tuple[AlertRule, ...]:
    """What is said of an account by each of its components is said once."""
    return tuple({(alert.alert, alert.expr, alert.labels["severity"]): alert for alert in alerts}.values())


def _promised(context: RuleContext, component: Component) -> Iterator[AlertRule]:
    match component:
        case Api():
            yield from promise_alerts.api_promise_alerts(context, component)
        case Function():
            yield from promise_alerts.function_promise_alerts(context, component)
        case AuroraCluster():
            yield from promise_alerts.cluster_promise_alerts(context, component)
        case Database():
            yield from promise_alerts.database_promise_alerts(context, component)
        case DumpBackups():
            yield from promise_alerts.dump_promise_alerts(context, component)
        case _:
            return


def _causes(context: RuleContext, component: Component) -> Iterator[AlertRule]:
    match component:
        case Api():
            yield from other_services.api_cause_alerts(context, component)
        case Function():
            yield from lambda_functions.function_cause_alerts(context, component)
            yield from lambda_functions.concurrency_alerts(context, component)
        case AuroraCluster():
            yield from aurora.cluster_cause_alerts(context, component)
        case Table():
            yield from dynamodb.table_alerts(context, component)
        case CacheCluster():
            yield from dynamodb.cache_alerts(context, component)
        case Queue():
            yield from other_services.queue_alerts(context, component)
        case EventRule():
            yield from other_services.event_rule_alerts(context, component)
        case BackupVault():
            yield from other_services.vault_alerts(context, component)
        case _:
            return


def _judged_live(context: RuleContext, alerts: Sequence[AlertRule]) -> Iterator[str]:
    """The checks whose only promise has an alert of its own on every component that makes it."""
    told = {(alert.labels.get("check"), alert.labels.get("component")) for alert in alerts}
    burning = {alert.labels.get("check") for alert in alerts if alert.alert == slo_burn_rates.BURN.name}
    for check in context.checks:
        concerned = [it for it in context.config.components if isinstance(it, check.component) and check.applies_to(it)]
        own = all((check.id, component.ref) in told for component in concerned)
        if concerned and len(check.promises) == 1 and (own or (check.component is Slo and check.id in burning)):
            yield check.id
