"""Every rule of a configuration, in groups: recording, Basewatch itself, promises, objectives, causes, findings."""

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
    api_gateway,
    aurora,
    backup,
    dax,
    dynamodb,
    eventbridge,
    findings,
    lambda_functions,
    promise_alerts,
    rds_proxy,
    self_monitoring,
    slo_burn_rates,
    sqs,
)
from generate.prometheus.recording import recording_rules
from generate.prometheus.rule_context import AlertTemplate, RuleContext
from generate.prometheus.rule_model import AlertRule, RecordingRule, RuleGroup

TEMPLATES: tuple[AlertTemplate, ...] = (
    *promise_alerts.TEMPLATES,
    *slo_burn_rates.TEMPLATES,
    *(*api_gateway.TEMPLATES, *sqs.TEMPLATES, *eventbridge.TEMPLATES, *backup.TEMPLATES, *lambda_functions.TEMPLATES),
    *(*dynamodb.TEMPLATES, *dax.TEMPLATES, *aurora.TEMPLATES, *rds_proxy.TEMPLATES),
    *(*self_monitoring.TEMPLATES, *findings.TEMPLATES),
)
"""The template of every alert name, in the order of docs/alerting-rules.md."""


def groups(config: Config, checks: tuple[AnyCheck, ...], collectors: tuple[AnyCollector, ...]) -> tuple[RuleGroup, ...]:
    """The rules of a configuration. Raises: ConfigError, for an objective that no metric measures."""
    context = RuleContext(config=config, checks=checks, collectors=collectors)
    components = tuple(config.components)
    promises = _once(alert for component in components for alert in _promise_alerts(context, component))
    causes = _once(alert for component in components for alert in _cause_alerts(context, component))
    budgets = tuple(slo_burn_rates.slo_rules(context))
    alerts = (*promises, *causes, *(rule for rule in budgets if isinstance(rule, AlertRule)))
    verdicts = findings.finding_alerts(context, _judged_live(context, alerts))
    by_name: tuple[tuple[str, Sequence[RecordingRule | AlertRule]], ...] = (
        ("basewatch-recording", tuple(recording_rules(config))),
        ("basewatch-exporter", tuple(self_monitoring.self_alerts(context))),
        ("basewatch-promised", promises),
        ("basewatch-objectives", budgets),
        ("basewatch-causes", causes),
        ("basewatch-findings", tuple(verdicts)),
    )
    every = config.prometheus.scrape_interval
    return tuple(RuleGroup(name=name, interval=every, rules=tuple(rules)) for name, rules in by_name)


def _once(alerts: Iterator[AlertRule]) -> tuple[AlertRule, ...]:
    """The alerts without duplicates: several components of an account may have the same alert of the account."""
    return tuple({(alert.alert, alert.expr, alert.labels["severity"]): alert for alert in alerts}.values())


def _promise_alerts(context: RuleContext, component: Component) -> Iterator[AlertRule]:
    match component:
        case Api():
            yield from promise_alerts.api_promise_alerts(context, component)
        case AuroraCluster():
            yield from promise_alerts.cluster_promise_alerts(context, component)
        case Database():
            yield from promise_alerts.database_promise_alerts(context, component)
        case DumpBackups():
            yield from promise_alerts.dump_promise_alerts(context, component)
        case _:
            return


def _cause_alerts(context: RuleContext, component: Component) -> Iterator[AlertRule]:
    match component:
        case Api():
            yield from api_gateway.api_cause_alerts(context, component)
        case Function():
            yield from lambda_functions.function_cause_alerts(context, component)
            yield from lambda_functions.concurrency_alerts(context, component)
        case AuroraCluster():
            yield from aurora.cluster_cause_alerts(context, component)
            yield from rds_proxy.proxy_cause_alerts(context, component)
        case Table():
            yield from dynamodb.table_alerts(context, component)
        case CacheCluster():
            yield from dax.cache_alerts(context, component)
        case Queue():
            yield from sqs.queue_alerts(context, component)
        case EventRule():
            yield from eventbridge.event_rule_alerts(context, component)
        case BackupVault():
            yield from backup.vault_alerts(context, component)
        case _:
            return


def _judged_live(context: RuleContext, alerts: Sequence[AlertRule]) -> Iterator[str]:
    """The checks with one promise that has an alert on live metrics for every component."""
    alerted = {(alert.labels.get("check"), alert.labels.get("component")) for alert in alerts}
    burn_checks = {alert.labels.get("check") for alert in alerts if alert.alert == slo_burn_rates.BURN.name}
    for check in context.checks:
        concerned = [it for it in context.config.components if isinstance(it, check.component) and check.applies_to(it)]
        on_all = all((check.id, component.ref) in alerted for component in concerned)
        if concerned and len(check.promises) == 1 and (on_all or (check.component is Slo and check.id in burn_checks)):
            yield check.id
