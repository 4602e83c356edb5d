"""Why an API's callers, a queue, an event rule or a backup vault might be in trouble."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from basewatch.components import Api, BackupVault, EventRule, Queue
from basewatch.quantities import format_duration, parse_duration
from generate.prometheus.promql import escape_template, promql_duration
from generate.prometheus.recording import ratio
from generate.prometheus.rule_context import AlertTemplate, RuleContext
from generate.prometheus.rule_model import AlertRule, AlertSeverity
from generate.prometheus.thresholds import COUNT, PERCENT, SECONDS, enough_events, ratio_limit, thresholds

SURGE = AlertTemplate(
    name="ApiClientErrorSurge",
    severity=AlertSeverity.INFO,
    fires_when="More than 5% of an API's requests are refused as the caller's fault, and twice the share of yesterday",
    remedy="Look for a caller that changed, a deployment that broke one, an expired key or somebody who tries keys",
    dashboard="basewatch-api",
)
MESSAGE_AGE = AlertTemplate(
    name="QueueOld",
    severity=AlertSeverity.WARNING,
    fires_when="The oldest message of a queue waits for longer than its limit",
    remedy="See whether the consumer runs and fails; a message that always fails belongs in a dead-letter queue",
    dashboard="basewatch-lambda",
)
SILENT = AlertTemplate(
    name="EventRuleSilent",
    severity=AlertSeverity.WARNING,
    fires_when="An event rule did not trigger for longer than it is declared to",
    remedy="See whether the rule is enabled, and its schedule or pattern still the one that is meant",
    dashboard="basewatch-lambda",
)
BACKUP_JOBS = AlertTemplate(
    name="BackupJobFailed",
    severity=AlertSeverity.WARNING,
    fires_when="A job of an AWS Backup vault failed",
    remedy="Read the job's message in AWS Backup, and make the recovery point that is missing",
    dashboard="basewatch-findings",
)
TEMPLATES = (SURGE, MESSAGE_AGE, SILENT, BACKUP_JOBS)

_REFUSED, _REQUESTS = "aws_apigateway_client_errors_total", "aws_apigateway_requests_total"
_AGE, _TRIGGERED = "aws_sqs_oldest_message_age_seconds", "aws_events_triggered_rules_total"
_FAILED = "aws_backup_jobs_failed_total"
# What CloudWatch needs to show that something happened.
_LATE = parse_duration("10m")


def api_cause_alerts(context: RuleContext, api: Api) -> Iterator[AlertRule]:
    """A surge of refused callers; what is promised of an API is among the promised alerts."""
    for limit in thresholds(context, api, _REFUSED, None, ratio_limit("5% for 10m")):
        at = limit.series_source
        now = ratio(at.rate(_REFUSED), at.rate(_REQUESTS))
        before = ratio(at.rate(_REFUSED, offset=" offset 1d"), at.rate(_REQUESTS, offset=" offset 1d"))
        expr = (
            f"(\n{now}\n) > {limit.value}\nand\n(\n{now}\n) > 2 * (\n{before}\n)\nand\n{enough_events(at, _REQUESTS)}"
        )
        yield limit.alert_rule(SURGE, expr, f"{PERCENT} of the requests are refused as the caller's fault")


def queue_alerts(context: RuleContext, queue: Queue) -> Iterator[AlertRule]:
    """The oldest message, where a limit is promised."""
    for limit in thresholds(context, queue, _AGE, queue.oldest_below):
        expr = f"{limit.series_source.gauge_max(_AGE)} > {limit.value}"
        yield limit.alert_rule(MESSAGE_AGE, expr, f"the oldest message is {SECONDS} old", promise="oldest_below")


def event_rule_alerts(context: RuleContext, rule: EventRule) -> Iterator[AlertRule]:
    """Silence for longer than the rule is declared to be silent, and than it takes to see that it triggered."""
    for at in context.sources(rule, _TRIGGERED):
        if rule.every is None:
            continue
        window = max(rule.every, at.window) + _LATE
        yield context.alert_rule(
            SILENT,
            f"{at.increase(_TRIGGERED, window)} < 1\nand\n{at.counter_before(_TRIGGERED, window)} >= 0",
            sustained=2 * at.refresh,
            summary=f"{escape_template(rule.name)} did not trigger within {promql_duration(window)}, "
            f"declared every {format_duration(rule.every)}",
            component=rule,
            promise="every",
            labels=at.identity_labels,
        )


def vault_alerts(context: RuleContext, vault: BackupVault) -> Iterator[AlertRule]:
    """Failed jobs, where it is promised that there are none."""
    for at in context.sources(vault, _FAILED):
        if not vault.no_failed_jobs:
            continue
        yield context.alert_rule(
            BACKUP_JOBS,
            f"{at.increase(_FAILED)} > 0",
            # A job that failed has failed: nothing is waited for.
            sustained=timedelta(),
            summary=f"{escape_template(vault.name)}: {COUNT} backup jobs failed within {promql_duration(at.window)}",
            component=vault,
            promise="no_failed_jobs",
            labels=at.identity_labels,
        )
