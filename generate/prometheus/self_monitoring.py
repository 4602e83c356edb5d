"""Alerts on Basewatch itself: scraping, collection, discovery, runs, notifications and cost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from basewatch.components import Database
from basewatch.quantities import format_duration, parse_duration
from generate.prometheus.promql import number, promql_duration, selector
from generate.prometheus.recording import ratio
from generate.prometheus.rule_context import AlertTemplate, RuleContext
from generate.prometheus.rule_model import AlertRule, AlertSeverity
from generate.prometheus.thresholds import PERCENT

_MONTH = 30 * 24 * 3600
_5M, _10M, _15M = map(parse_duration, ("5m", "10m", "15m"))
# Collectors whose metrics have a datapoint every minute, even without traffic.
_ALWAYS_WITH_DATA = ("aurora", "rds_proxy")
_THROTTLED = "Throttl.*|RequestLimitExceeded|TooManyRequests.*|LimitExceeded.*|SlowDown|429|503"
# The collector's own interval, as the budget lengthened it: the slow tier is refreshed once an hour or less.
_INTERVAL = "basewatch_collector_interval_seconds"
_LOCATION = "{{ $labels.collector }} {{ $labels.aws_account_id }} {{ $labels.aws_region }}"


def _template(
    name: str,
    fires_when: str,
    remedy: str,
    severity: AlertSeverity = AlertSeverity.WARNING,
    dashboard: str = "basewatch-exporter",
) -> AlertTemplate:
    return AlertTemplate(name=name, severity=severity, fires_when=fires_when, remedy=remedy, dashboard=dashboard)


DOWN = _template(
    "BasewatchDown",
    "Prometheus cannot scrape Basewatch",
    "Check whether the exporter runs; until it does, no metric or finding is updated",
    AlertSeverity.CRITICAL,
)
COLLECTOR_DOWN = _template(
    "CollectorDown",
    "A collector failed, or has never reported; alerts on its metrics are inhibited",
    "Read the exporter's log for the answer of AWS: most often a permission is missing or a credential has expired",
    AlertSeverity.CRITICAL,
)
STALE = _template(
    "DataStale",
    "The newest datapoint is older than CloudWatch's own delay can explain",
    "Check the health of CloudWatch in the region, and whether refreshes take longer than their interval",
)
STUCK = _template(
    "RefreshStuck",
    "A collector has not finished a refresh for three intervals",
    "Restart the exporter; its log names the request that it waits for",
)
OVERRUN = _template(
    "RefreshOverrun",
    "Refreshes are skipped because the previous one still runs",
    "Raise collectors.concurrency, lengthen the intervals of the tiers, or request a higher quota",
)
DROPPED = _template(
    "SeriesDropped",
    "Series of existing resources were removed from the page, or a counter has a gap",
    "The label `reason` says why: expired, gap, duplicate or limit; the log names the series",
)
LOST = _template(
    "SeriesLost",
    "A collector has less than 80% of its average number of series of the last day",
    "Check whether resources were removed, renamed, or lost the tags that discovery uses",
)
THROTTLED = _template(
    "ApiThrottled",
    "AWS throttles more than 5% of the requests to an API; a few that are retried are normal",
    "Lower collectors.calls_per_second, or request a higher quota; other clients may use the same quota",
)
COST_BUDGET = _template(
    "CostBudget",
    "At the current rate, a month of CloudWatch requests costs more than collectors.budget",
    "Discover less, lengthen the intervals of the tiers, or raise the budget; `basewatch plan` prints each cost",
)
CREDENTIALS = _template(
    "CredentialsExpiring",
    "Credentials expire within five minutes and were not renewed",
    "Check whether the role can still be assumed; normally credentials are renewed long before they expire",
)
DISCOVERY = _template(
    "DiscoveryStale",
    "Discovery has not been complete for three intervals",
    "Find the missing permission in the exporter's log; until then, new resources are not watched",
)
OVERDUE = _template(
    "RunOverdue",
    "The full run is overdue, or no run has ever finished",
    "Find out why the last run did not finish, in the exporter's log or the scheduled workflow",
    AlertSeverity.CRITICAL,
    "basewatch-findings",
)
HISTORY = _template(
    "BasewatchHistoryDown",
    "The history cannot be used: runs are not recorded, and alerts are known in memory only",
    "The exporter's log says why; free disk space, end the lock, or repair what history.url names",
    AlertSeverity.CRITICAL,
    "basewatch-findings",
)
WATCH = _template(
    "TenancyWatchDown",
    "The catalogue of a database cannot be read, so a change to tenant isolation would not be detected",
    "Check whether the database answers, and whether the reader role can still connect",
    AlertSeverity.CRITICAL,
    "basewatch-findings",
)
NOTIFYING = _template(
    "NotificationFailing",
    "A channel does not accept Basewatch's notifications when they are sent again, or one has waited for 15 minutes",
    "Test its webhook or key manually; pending notifications are sent once the channel accepts them",
)
RELOAD = _template(
    "ConfigReloadFailed",
    "The last configuration could not be loaded, and an earlier one stays in use",
    "Run `basewatch validate` on the configuration; the log and the answer of `/-/reload` name the mistake",
)
WATCHDOG = _template(
    "Watchdog",
    "Always: it shows that rules are evaluated and alerts are delivered; its absence is the alarm",
    "Send it to a dead man's switch outside this platform",
    AlertSeverity.INFO,
)
TEMPLATES = (
    *(DOWN, COLLECTOR_DOWN, STALE, STUCK, OVERRUN, DROPPED, LOST, THROTTLED),
    *(COST_BUDGET, CREDENTIALS, DISCOVERY, OVERDUE, HISTORY, WATCH, NOTIFYING, RELOAD, WATCHDOG),
)


def self_alerts(context: RuleContext) -> Iterator[AlertRule]:
    """Scraping, runs, collection, notifications and the watchdog."""
    config = context.config
    up = selector("up", {"job": config.prometheus.job})
    text = f"Basewatch ({config.prometheus.job}) cannot be scraped"
    yield context.alert_rule(DOWN, f"{up} == 0\nor\nabsent({up})", sustained=_5M, summary=text)
    yield from _run_alerts(context)
    yield from _collection_alerts(context)
    # A failed delivery is repeated after five minutes: a second failure shows that it did not help.
    # A delivery that hangs, or that the history stops, counts no failure: only what it leaves pending shows it.
    failed = (
        "sum by (channel) (increase(basewatch_notification_failures_total[15m])) > 1.5\n"
        "or\ntime() - min by (channel) (basewatch_notifications_oldest_pending_timestamp_seconds) > 900"
    )
    text = "{{ $labels.channel }} does not accept notifications"
    yield context.alert_rule(NOTIFYING, failed, sustained=_10M, summary=text)
    text = "The configuration could not be loaded, an earlier one stays in use"
    yield context.alert_rule(RELOAD, "basewatch_config_last_reload_successful == 0", sustained=_5M, summary=text)
    yield context.alert_rule(
        WATCHDOG, "vector(1)", held=timedelta(), summary="Rules are evaluated and alerts delivered"
    )


def _run_alerts(context: RuleContext) -> Iterator[AlertRule]:
    run = context.config.run
    due = number((run.every + run.deadline).total_seconds())
    expr = (
        f"time() - basewatch_run_last_success_timestamp_seconds > {due}\n"
        f"or\n{_absent_while_up(context, 'basewatch_run_last_success_timestamp_seconds')}"
    )
    text = f"No run has finished since the last one was due; runs are due every {format_duration(run.every)}"
    yield context.alert_rule(OVERDUE, expr, sustained=run.deadline + _10M, summary=text)
    text = "Runs and notifications are not recorded"
    yield context.alert_rule(HISTORY, "basewatch_history_up == 0", sustained=_5M, summary=text)
    if context.config.watch and any(isinstance(component, Database) for component in context.config.components):
        text = "The catalogue of {{ $labels.database }} cannot be read"
        yield context.alert_rule(WATCH, "basewatch_tenancy_watch_up == 0", sustained=_5M, summary=text)


def _absent_while_up(context: RuleContext, metric: str) -> str:
    return f"absent({metric}) and on () {selector('up', {'job': context.config.prometheus.job})} == 1"


def _collection_alerts(context: RuleContext) -> Iterator[AlertRule]:
    collection = context.config.collectors
    yield from _collector_alerts(context)
    attempted = f"time() - basewatch_collector_last_attempt_timestamp_seconds > 3 * {_INTERVAL}"
    yield context.alert_rule(STUCK, attempted, sustained=_5M, summary=f"{_LOCATION} is not refreshed")
    overrun = f"increase(basewatch_collector_overruns_total[{promql_duration(max(_15M, 3 * collection.standard))}]) > 0"
    yield context.alert_rule(OVERRUN, overrun, sustained=_15M, summary="Refreshes take longer than their interval")
    dropped = _increased("collector, reason", 'basewatch_series_dropped_total{reason!="gone"}')
    text = "{{ $labels.collector }} lost {{ $value | humanize }} series: {{ $labels.reason }}"
    yield context.alert_rule(DROPPED, dropped, summary=text)
    series = "basewatch_collector_series"
    text = f"{_LOCATION} has only {{{{ $value | humanize }}}} series, fewer than in the last day"
    yield context.alert_rule(LOST, f"{series} < 0.8 * avg_over_time({series}[1d])", sustained=_15M, summary=text)
    throttled = f'sum by (api) (increase(basewatch_api_request_failures_total{{code=~"{_THROTTLED}"}}[15m]))'
    of_all = ratio(throttled, "sum by (api) (increase(basewatch_api_requests_total[15m]))")
    text = f"{PERCENT} of the requests to {{{{ $labels.api }}}} are throttled"
    yield context.alert_rule(THROTTLED, f"{of_all}\n> 0.05", sustained=_10M, summary=text)
    if collection.budget:
        spent = 'sum(rate(basewatch_estimated_cost_dollars_total{billing_model="per_query"}[6h]))'
        text = f"A month costs {{{{ $value | humanize }}}} dollars; the budget is {number(collection.budget)}"
        yield context.alert_rule(
            COST_BUDGET, f"{spent} * {_MONTH} > {number(collection.budget)}", sustained=_15M, summary=text
        )
    expiring = "basewatch_credentials_expiry_timestamp_seconds - time() < 300"
    text = "Credentials of {{ $labels.aws_account_id }} expire in {{ $value | humanizeDuration }}"
    yield context.alert_rule(CREDENTIALS, expiring, sustained=parse_duration("2m"), summary=text)
    if collection.discover:
        old = number((3 * collection.discover_every).total_seconds())
        expr = f"time() - basewatch_discovery_last_success_timestamp_seconds > {old}"
        yield context.alert_rule(DISCOVERY, expr, sustained=_5M, summary=f"Discovery of {_LOCATION} is out of date")


def _increased(by: str, counter: str) -> str:
    """PromQL for a counter that increased within 15 minutes; a counter that is new counts as increased."""
    return f"sum by ({by}) (increase({counter}[15m]) > 0 or {counter} unless {counter} offset 15m) > 0"


def _collector_alerts(context: RuleContext) -> Iterator[AlertRule]:
    """A collector that is down, missing or stale. The alert fires before the old series leave the page."""
    down_for = min(_10M, context.config.collectors.max_staleness / 2)
    text = f"{_LOCATION} cannot collect its metrics"
    yield context.alert_rule(COLLECTOR_DOWN, "basewatch_collector_up == 0", sustained=down_for, summary=text)
    for labels in dict.fromkeys(_expected(context)):
        missing = _absent_while_up(context, selector("basewatch_collector_up", dict(labels)))
        yield context.alert_rule(
            COLLECTOR_DOWN, missing, sustained=_10M, summary=f"{_LOCATION} has never reported", labels=dict(labels)
        )
    newest = f'basewatch_collector_newest_datapoint_timestamp_seconds{{collector=~"{"|".join(_ALWAYS_WITH_DATA)}"}}'
    stale = f"time() - {newest} > 2 * {_INTERVAL} + {number(_10M.total_seconds())}"
    yield context.alert_rule(
        STALE, stale, sustained=timedelta(minutes=5), summary=f"The newest datapoint of {_LOCATION} is old"
    )


def _expected(context: RuleContext) -> Iterator[tuple[tuple[str, str], ...]]:
    """The labels of every expected collector: one set for each location of a declared component that it measures."""
    for component in context.config.components:
        for collector in context.collectors:
            if isinstance(component, collector.component_type) and any(True for _ in collector.resources(component)):
                yield ("collector", collector.name), *context.location_labels(component).items()
        if isinstance(component, Database) and (component.metrics or component.failed_logins):
            yield (("collector", "database"),)
