"""Examples of alerts on objectives, on verdicts and on Basewatch itself."""

from __future__ import annotations

from collections.abc import Iterator

from collectors import COLLECTORS
from tests.generate.prometheus.examples import (
    API,
    COLLECTOR,
    FUNCTION,
    PLACE,
    TABLE,
    Example,
    at,
    pair,
    quiet,
    then,
    up,
)

_COLLECTORS = tuple(collector.name for collector in COLLECTORS)

EVERY = f"basewatch_collector_interval_seconds{{{COLLECTOR}}}"
UP = {'up{job="basewatch",instance="here"}': at(1)}
HOURS = {"1h": 1, "6h": 6, "1d": 24, "3d": 72}
STEPS = {"1h": 1, "6h": 5, "1d": 5, "3d": 5}
# The burn rate that each window allows, for a budget of 30 days.
BURN_RATES = {"1h": 14.4, "6h": 6.0, "1d": 3.0, "3d": 1.0}
REQUESTS = f"aws_apigateway_requests_total{{{API}}}"
P99 = f'aws_apigateway_latency_seconds{{{API},quantile="0.99"}}'
LATENCIES = (f"aws_apigateway_latency_seconds_count{{{API}}}", REQUESTS)
DONE = f'aws_dynamodb_request_latency_seconds_count{{{TABLE},operation="GetItem"}}'
THROTTLED = f'aws_dynamodb_throttled_requests_total{{{TABLE},operation="GetItem"}}'


def objectives() -> Iterator[Example]:
    """Each window of each objective: above the allowed burn rate, below it, and with too few events."""
    calls, errors = f"aws_lambda_invocations_total{{{FUNCTION}}}", f"aws_lambda_errors_total{{{FUNCTION}}}"
    counted = (
        ("front-availability", REQUESTS, f"aws_apigateway_server_errors_total{{{API}}}", 0.001),
        ("pay-availability", calls, errors, 0.01),
        ("orders-throttling", DONE, THROTTLED, 0.001),
    )
    for slo, whole, bad, budget in counted:
        for window, burn_rate in BURN_RATES.items():
            yield from _burning(slo, whole, bad, budget * burn_rate, window)
    four = {DONE: up(2), THROTTLED: then((0, 70), (4, 200))}
    yield quiet("SloBudgetBurn", "four bad ones", four, minutes=90, of={"slo": "orders-throttling", "window": "1h"})
    yield quiet(
        "SloBudgetBurn",
        "never throttled",
        {DONE: up(1000)},
        minutes=90,
        of={"slo": "orders-throttling", "window": "1h"},
    )
    over = {REQUESTS: up(1000), f"aws_apigateway_server_errors_total{{{API}}}": "0+50x60 3000+0x60"}
    yield quiet("SloBudgetBurn", "over by now", over, minutes=80, of={"slo": "front-availability", "window": "1h"})
    for window, burn_rate in BURN_RATES.items():
        yield from _slow(window, 0.01 * burn_rate)
    idle = {P99: at(2), **{name: at(1000) for name in LATENCIES}}
    yield quiet("SloBudgetBurn", "no requests", idle, minutes=120, of={"slo": "front-latency", "window": "1h"})


def _burning(slo: str, whole: str, bad: str, limit: float, window: str) -> Iterator[Example]:
    """A bad ratio 20% above the limit, and 20% below it; and only bad events, fewer than a hundred."""
    minutes, step = 60 * HOURS[window] + 60, STEPS[window]
    much, little = ({whole: up(1000 * step), bad: up(1000 * factor * limit * step)} for factor in (1.2, 0.8))
    yield from pair("SloBudgetBurn", much, little, minutes=minutes, step=step, of={"slo": slo, "window": window})
    of = {"slo": slo, "window": window}
    yield quiet("SloBudgetBurn", "no history", much, minutes=minutes - 65, step=step, of=of)
    few = 40 / minutes * step
    yield quiet(
        "SloBudgetBurn",
        "low traffic",
        {whole: up(few), bad: up(few)},
        minutes=minutes,
        step=step,
        of={"slo": slo, "window": window},
    )


def _slow(window: str, limit: float) -> Iterator[Example]:
    """The same for slow minutes, which are spread evenly over the window.

    For windows of days the recorded series is given; the recording rule is tested with windows of hours.
    """
    given = HOURS[window] > 6
    # A rate over five minutes needs two values in its window.
    minutes, step = 60 * HOURS[window] + 60, STEPS[window] if given else min(2, STEPS[window])
    steps, (no, yes) = minutes // step, ("0", "1") if given else ("0.1", "0.9")
    read = f'slo:slow_minute:bool{{slo="front-latency",{API}}}' if given else P99

    def one_in(often: float) -> str:
        slow = {steps - 10 * given - round(often * n) for n in range(steps)}
        return " ".join(yes if at_step in slow else no for at_step in range(steps + 2))

    busy = {name: up(60 * step) for name in LATENCIES}
    much, little = ({read: one_in(1 / (factor * limit)), **busy} for factor in (1.3, 0.7))
    yield from pair(
        "SloBudgetBurn", much, little, minutes=minutes, step=step, of={"slo": "front-latency", "window": window}
    )
    few = {read: one_in(1), **{name: up(40 / minutes * step) for name in LATENCIES}}
    yield quiet(
        "SloBudgetBurn", "low traffic", few, minutes=minutes, step=step, of={"slo": "front-latency", "window": window}
    )


def exporter() -> Iterator[Example]:
    """Basewatch itself."""
    down = {'up{job="basewatch",instance="here"}': at(0)}
    yield from pair("BasewatchDown", down, UP, "up")
    yield Example(alert="BasewatchDown", of={}, fires=True, why="no target", series={}, minutes=10)
    yield quiet("BasewatchDown", "two minutes", {'up{job="basewatch",instance="here"}': then((1, 39), (0, 3))})
    ran = "basewatch_run_last_success_timestamp_seconds"
    yield from pair("RunOverdue", {ran: at(0), **UP}, {ran: "0+60x500", **UP}, "on time", minutes=400)
    yield Example(alert="RunOverdue", of={}, fires=True, why="never ran", series=UP, minutes=40)
    yield quiet("RunOverdue", "unknown as it is down", down)
    yield from pair("BasewatchHistoryDown", {"basewatch_history_up": at(0)}, {"basewatch_history_up": at(1)}, "up")
    yield quiet("BasewatchHistoryDown", "one lock", {"basewatch_history_up": then((1, 39), (0, 3))})
    watch = 'basewatch_tenancy_watch_up{database="shop"}'
    yield from pair("TenancyWatchDown", {watch: at(0)}, {watch: at(1)}, "up")
    collector = f"basewatch_collector_up{{{COLLECTOR}}}"
    all_up = {f'basewatch_collector_up{{collector="{name}",{PLACE}}}': at(1) for name in _COLLECTORS}
    yield from pair("CollectorDown", {**all_up, collector: at(0), **UP}, {**all_up, **UP}, "up", of={"collector": ""})
    yield quiet(
        "CollectorDown", "one refresh", {**all_up, collector: then((1, 35), (0, 6)), **UP}, of={"collector": ""}
    )
    all_up['basewatch_collector_up{collector="database"}'] = at(1)
    for name in (*_COLLECTORS, "database"):
        yield from pair("CollectorDown", UP, {**all_up, **UP}, "reported", of={"collector": name})
    newest = f"basewatch_collector_newest_datapoint_timestamp_seconds{{{COLLECTOR}}}"
    yield from pair("DataStale", {newest: at(0), EVERY: at(300)}, {newest: "0+60x100", EVERY: at(300)}, "new")
    yield quiet("DataStale", "slow tier", {newest: at(0), EVERY: at(3600)}, minutes=125)
    idle = f'basewatch_collector_newest_datapoint_timestamp_seconds{{collector="lambda",{PLACE}}}'
    yield quiet("DataStale", "no calls", {idle: at(0), EVERY: at(60)})
    attempt = f"basewatch_collector_last_attempt_timestamp_seconds{{{COLLECTOR}}}"
    yield from pair("RefreshStuck", {attempt: at(0), EVERY: at(300)}, {attempt: "0+60x100", EVERY: at(300)}, "just now")
    hourly = {attempt: at(0), EVERY: at(3600)}
    yield quiet("RefreshStuck", "of the slow tier", hourly, minutes=170)
    yield Example(alert="RefreshStuck", of={}, fires=True, why="slow tier stuck", series=hourly, minutes=190)
    overruns = "basewatch_collector_overruns_total"
    yield from pair("RefreshOverrun", {overruns: up(1)}, {overruns: then((0, 20), (1, 60))}, "once", minutes=60)
    yield from _collection()
    yield from _notifications()


def _collection() -> Iterator[Example]:
    """Missing series, throttling, cost and credentials."""
    dropped = 'basewatch_series_dropped_total{collector="lambda",reason='
    yield from pair(
        "SeriesDropped", {f'{dropped}"expired"}}': then((0, 35), (3, 20))}, {f'{dropped}"gone"}}': up(1)}, "gone"
    )
    first = {f'{dropped}"gap"}}': "_x35 4x20"}
    yield Example(alert="SeriesDropped", of={}, fires=True, why="its first", series=first)
    yield quiet("SeriesDropped", "long ago", {f'{dropped}"expired"}}': at(4)})
    series = f"basewatch_collector_series{{{COLLECTOR}}}"
    lost = {series: then((100, 1400), (70, 200))}
    yield from pair("SeriesLost", lost, {series: then((100, 1400), (85, 200))}, "a few", minutes=1440)
    refused = 'basewatch_api_request_failures_total{api="GetMetricData",code='
    requests = {f'basewatch_api_requests_total{{api="GetMetricData",{PLACE}}}': up(10)}
    throttled = {f'{refused}"ThrottlingException"}}': up(1), **requests}
    yield from pair("ApiThrottled", throttled, {f'{refused}"AccessDenied"}}': up(1), **requests}, "something else")
    yield quiet("ApiThrottled", "one in fifty", {f'{refused}"ThrottlingException"}}': up(0.2), **requests})
    cost = 'basewatch_estimated_cost_dollars_total{collector="lambda",billing_model='
    # 100 dollars a month are 0.00231 a minute.
    expensive, cheap = (
        {f'{cost}"per_query"}}': up(0.003)},
        {f'{cost}"per_query"}}': up(0.002), f'{cost}"five_for_one"}}': up(9)},
    )
    yield from pair("CostBudget", expensive, cheap, "within", minutes=400)
    expiry = f"basewatch_credentials_expiry_timestamp_seconds{{{PLACE}}}"
    yield from pair("CredentialsExpiring", {expiry: at(2500)}, {expiry: "3600+60x100"}, "renewed")
    discovered = f"basewatch_discovery_last_success_timestamp_seconds{{{COLLECTOR}}}"
    yield from pair("DiscoveryStale", {discovered: at(0)}, {discovered: "0+60x100"}, "just now", minutes=90)


def _notifications() -> Iterator[Example]:
    """Notifications, the watchdog and verdicts."""
    failures = 'basewatch_notification_failures_total{channel="on-call"}'
    # A delivery is repeated every five minutes.
    failing, once = " ".join(str(minute // 5) for minute in range(60)), then((0, 35), (1, 30))
    yield from pair("NotificationFailing", {failures: failing}, {failures: at(5)}, "long ago", minutes=45)
    yield quiet("NotificationFailing", "one that was repeated", {failures: once}, minutes=47)
    waiting = 'basewatch_notifications_oldest_pending_timestamp_seconds{channel="on-call"}'
    yield from pair(
        "NotificationFailing", {waiting: at(60)}, {waiting: "0+60x100"}, "new ones each minute", "old", minutes=30
    )
    yield quiet("NotificationFailing", "accepted after a while", {waiting: then((60, 20)) + " stale"}, minutes=30)
    reloaded = "basewatch_config_last_reload_successful"
    yield from pair("ConfigReloadFailed", {reloaded: at(0)}, {reloaded: at(1)}, "in use", minutes=10)
    yield Example(alert="Watchdog", of={}, fires=True, why="always", series={})
    finding = 'basewatch_finding_status{check="tenancy.rls.policies",component="database/shop",subject="orders",'
    live = 'basewatch_finding_status{check="service.api.latency",component="api/front",severity="high",status="FAIL"}'
    for alert_severity, severity in (
        ("critical", "critical"),
        ("warning", "high"),
        ("warning", "medium"),
        ("info", "low"),
    ):
        mine = f'{finding}severity="{severity}",status='
        good = {f'{mine}"PASS"}}': at(1), f'{mine}"FAIL",cause="v1-abc"}}': at(1), live: at(1)}
        yield from pair(
            "FindingFailed",
            {f'{mine}"FAIL"}}': at(1)},
            good,
            f"{severity} explained",
            severity,
            of={"severity": alert_severity},
        )
    unknown = f'{finding}severity="high",status="UNVERIFIED"}}'
    yield from pair("FindingUnverified", {unknown: at(1)}, {unknown: then((1, 300))}, "one pass", minutes=400)
