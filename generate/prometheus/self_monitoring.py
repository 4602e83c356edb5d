"""Whether Basewatch itself sees: a blind watchman reports nothing wrong."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from basewatch.components import Database
from basewatch.quantities import format_duration, parse_duration
from generate.prometheus.promql import number, promql_duration, selector
from generate.prometheus.rule_context import AlertTemplate, RuleContext
from generate.prometheus.rule_model import AlertRule, AlertSeverity

_MONTH = 30 * 24 * 3600
_5M, _10M, _15M = map(parse_duration, ("5m", "10m", "15m"))
# Of these, every minute has a datapoint, used or not.
_NEVER_SILENT = ("aurora", "rds_proxy")
_THROTTLED = "Throttl.*|RequestLimitExceeded|TooManyRequests.*|LimitExceeded.*|SlowDown|429|503"
_PLACE = "{{ $labels.collector }} {{ $labels.aws_account_id }} {{ $labels.aws_region }}"


def _template(
    name: str,
    fires: str,
    remedy: str,
    severity: AlertSeverity = AlertSeverity.WARNING,
    dashboard: str = "basewatch-exporter",
) -> AlertTemplate:
    return AlertTemplate(name=name, severity=severity, fires_when=fires, remedy=remedy, dashboard=dashboard)


DOWN = _template(
    "BasewatchDown",
    "Prometheus cannot scrape Basewatch",
    "See whether the exporter runs; until then nothing here is watched",
    AlertSeverity.CRITICAL,
)
COLLECTOR_DOWN = _template(
    "CollectorDown",
    "A collector did not get what it asks for, or was never heard of; alerts on its numbers are held back",
    "The exporter's log says what AWS answered: most often a missing permission or an expired credential",
    AlertSeverity.CRITICAL,
)
STALE = _template(
    "DataStale",
    "The newest datapoint is older than CloudWatch's own delay explains",
    "See CloudWatch's health in the region, and whether refreshes take longer than they are apart",
)
STUCK = _template(
    "RefreshStuck",
    "No refresh of a collector was finished for three of its intervals",
    "Restart the exporter; its log says which request it waits for",
)
OVERRUN = _template(
    "RefreshOverrun",
    "Refreshes are left out because the one before still runs",
    "Raise collectors.concurrency, make the tiers slower, or ask for a higher quota",
)
DROPPED = _template(
    "SeriesDropped",
    "Series were taken off the page though their resource is still there, or a counter has a hole",
    "The label `reason` says why: not_got, gap, duplicate or limit; the log names them",
)
LOST = _template(
    "SeriesLost",
    "A collector shows fewer than four fifths of the series that it did within the last day",
    "See whether resources were removed, renamed, or lost the tags they are found by",
)
THROTTLED = _template(
    "ApiThrottled",
    "AWS refuses requests because there are too many",
    "Lower collectors.calls_per_second, or ask for a higher quota; somebody else may use the same one",
)
COST_BUDGET = _template(
    "CostBudget",
    "At today's pace, a month of asking CloudWatch costs more than collectors.budget",
    "Discover less, make the tiers slower, or raise the budget: `basewatch plan` says what each costs",
)
CREDENTIALS = _template(
    "CredentialsExpiring",
    "Credentials expire within five minutes, and were not renewed as they should have been",
    "See whether the role may still be assumed; long before the end they are renewed by themselves",
)
DISCOVERY = _template(
    "DiscoveryStale",
    "Discovery did not get everything it asked for, for three of its intervals",
    "See which permission is missing; until then, what is new is not watched",
)
OVERDUE = _template(
    "RunOverdue",
    "The pass over every promise is overdue, or none has ever gone through",
    "See why the last pass did not finish: the exporter's log, or the scheduled workflow",
    AlertSeverity.CRITICAL,
    "basewatch-findings",
)
WATCH = _template(
    "TenancyWatchDown",
    "The catalogue of a database cannot be read, so that a change to tenant isolation would go unseen",
    "See whether the database answers and the reader's role may still connect",
    AlertSeverity.CRITICAL,
    "basewatch-findings",
)
NOTIFYING = _template(
    "NotificationFailing",
    "A channel does not take Basewatch's own messages",
    "Try its webhook or key by hand; what is owed stays owed and is sent once the channel takes it",
)
WATCHDOG = _template(
    "Watchdog",
    "Always: it shows that rules are evaluated and alerts delivered, so that its absence is the alarm",
    "Send it to a dead man's switch outside of this platform",
    AlertSeverity.INFO,
)
TEMPLATES = (
    *(DOWN, COLLECTOR_DOWN, STALE, STUCK, OVERRUN, DROPPED, LOST, THROTTLED),
    *(COST_BUDGET, CREDENTIALS, DISCOVERY, OVERDUE, WATCH, NOTIFYING, WATCHDOG),
)


def self_alerts(context: RuleContext) -> Iterator[AlertRule]:
    """The exporter as its scraper sees it, its passes and its messages."""
    config = context.config
    up = selector("up", {"job": config.prometheus.job})
    said = f"Basewatch ({config.prometheus.job}) does not answer"
    yield context.alert_rule(DOWN, f"{up} == 0\nor\nabsent({up})", sustained=_5M, summary=said)
    yield from _of_passes(context)
    yield from _of_collection(context)
    failed = _grew("channel", "basewatch_notification_failures_total")
    said = "{{ $labels.channel }} does not take messages"
    yield context.alert_rule(NOTIFYING, failed, sustained=_10M, summary=said)
    yield context.alert_rule(WATCHDOG, "vector(1)", summary="Rules are evaluated and alerts delivered")


def _of_passes(context: RuleContext) -> Iterator[AlertRule]:
    run = context.config.run
    due = number((run.every + run.deadline).total_seconds())
    expr = (
        f"time() - basewatch_run_last_success_timestamp_seconds > {due}\n"
        f"or\n{_absent_while_up(context, 'basewatch_run_last_success_timestamp_seconds')}"
    )
    said = f"No pass went through since it was due, every {format_duration(run.every)}"
    yield context.alert_rule(OVERDUE, expr, sustained=run.deadline + _10M, summary=said)
    if context.config.watch and any(isinstance(component, Database) for component in context.config.components):
        said = "The catalogue of {{ $labels.database }} cannot be read"
        yield context.alert_rule(WATCH, "basewatch_tenancy_watch_up == 0", sustained=_5M, summary=said)


def _absent_while_up(context: RuleContext, metric: str) -> str:
    return f"absent({metric}) and on () {selector('up', {'job': context.config.prometheus.job})} == 1"


def _of_collection(context: RuleContext) -> Iterator[AlertRule]:
    collection = context.config.collectors
    yield from _of_collectors(context)
    three = 3 * collection.every
    attempted = f"time() - basewatch_collector_last_attempt_timestamp_seconds > {number(three.total_seconds())}"
    yield context.alert_rule(STUCK, attempted, sustained=_5M, summary=f"{_PLACE} is not refreshed")
    overrun = f"increase(basewatch_collector_overruns_total[{promql_duration(max(_15M, three))}]) > 0"
    yield context.alert_rule(OVERRUN, overrun, sustained=_15M, summary="Refreshes take longer than they are apart")
    dropped = _grew("collector, reason", 'basewatch_series_dropped_total{reason!="gone"}')
    said = "{{ $labels.collector }} lost {{ $value | humanize }} series: {{ $labels.reason }}"
    yield context.alert_rule(DROPPED, dropped, summary=said)
    series = "basewatch_collector_series"
    said = f"{_PLACE} shows {{{{ $value | humanize }}}} series, and had more"
    yield context.alert_rule(LOST, f"{series} < 0.8 * avg_over_time({series}[1d])", sustained=_15M, summary=said)
    refused = _grew("api", f'basewatch_api_request_failures_total{{code=~"{_THROTTLED}"}}')
    yield context.alert_rule(THROTTLED, refused, sustained=_10M, summary="{{ $labels.api }} is throttled")
    if collection.budget:
        spent = 'sum(rate(basewatch_estimated_cost_dollars_total{reading="per_query"}[6h]))'
        said = f"A month costs {{{{ $value | humanize }}}} dollars, of {number(collection.budget)}"
        yield context.alert_rule(
            COST_BUDGET, f"{spent} * {_MONTH} > {number(collection.budget)}", sustained=_15M, summary=said
        )
    expiring = "basewatch_credentials_expiry_timestamp_seconds - time() < 300"
    said = "Credentials of {{ $labels.aws_account_id }} expire in {{ $value | humanizeDuration }}"
    yield context.alert_rule(CREDENTIALS, expiring, sustained=parse_duration("2m"), summary=said)
    if collection.discover:
        old = number((3 * collection.discover_every).total_seconds())
        expr = f"time() - basewatch_discovery_last_success_timestamp_seconds > {old}"
        yield context.alert_rule(DISCOVERY, expr, sustained=_5M, summary=f"Discovery of {_PLACE} is out of date")


def _grew(by: str, counter: str) -> str:
    """That a counter grew within a quarter of an hour; one that begins with its first event did, too."""
    return f"sum by ({by}) (increase({counter}[15m]) > 0 or {counter} unless {counter} offset 15m) > 0"


def _of_collectors(context: RuleContext) -> Iterator[AlertRule]:
    """Down, unheard of, or stale, each soon enough that what the alerts read has not left the page by then."""
    hold = min(_10M, context.config.collectors.hold / 2)
    said = f"{_PLACE} does not get its numbers"
    yield context.alert_rule(COLLECTOR_DOWN, "basewatch_collector_up == 0", sustained=hold, summary=said)
    for labels in dict.fromkeys(_expected(context)):
        missing = _absent_while_up(context, selector("basewatch_collector_up", dict(labels)))
        yield context.alert_rule(
            COLLECTOR_DOWN, missing, sustained=_10M, summary=f"{_PLACE} was never heard of", labels=dict(labels)
        )
    slack = max(_10M, 2 * context.config.collectors.every + _5M)
    newest = f'basewatch_collector_newest_datapoint_timestamp_seconds{{collector=~"{"|".join(_NEVER_SILENT)}"}}'
    stale = f"time() - {newest} > {number(slack.total_seconds())}"
    yield context.alert_rule(
        STALE, stale, sustained=timedelta(minutes=5), summary=f"The newest number of {_PLACE} is old"
    )


def _expected(context: RuleContext) -> Iterator[tuple[tuple[str, str], ...]]:
    """Who should be heard of, and where: each collector where it measures something that is declared."""
    for component in context.config.components:
        for collector in context.collectors:
            if isinstance(component, collector.component_type) and any(True for _ in collector.resources(component)):
                yield ("collector", collector.name), *context.location_labels(component).items()
        if isinstance(component, Database) and (component.metrics or component.failed_logins):
            yield (("collector", "database"),)
