"""Cause alerts of Lambda functions and of the account's concurrency."""

from __future__ import annotations

from collections.abc import Iterator

from basewatch.components import Function
from basewatch.quantities import parse_duration
from checks.service.burn_rate import MIN_BAD_EVENTS
from generate.prometheus.recording import ratio
from generate.prometheus.rule_context import AlertTemplate, RuleContext, SeriesSource
from generate.prometheus.rule_model import AlertRule, AlertSeverity
from generate.prometheus.thresholds import PERCENT, SECONDS, enough_events, ratio_limit, thresholds

_BOARD = "basewatch-lambda"
ERRORS = AlertTemplate(
    name="LambdaErrors",
    severity=AlertSeverity.WARNING,
    fires_when="The error ratio of a function is above its limit",
    remedy="Read the function's log group, and roll back the deployment before the first error",
    dashboard=_BOARD,
)
SLOW = AlertTemplate(
    name="LambdaSlow",
    severity=AlertSeverity.WARNING,
    fires_when="The 95th percentile of a function's duration is above its limit",
    remedy="Compare cold starts, memory use, and the latency of its database and of other services",
    dashboard=_BOARD,
)
THROTTLING = AlertTemplate(
    name="LambdaThrottling",
    severity=AlertSeverity.WARNING,
    fires_when="The ratio of calls that Lambda throttles is above the function's limit",
    remedy="Raise the function's reserved concurrency or the account's quota, or slow down its callers",
    dashboard=_BOARD,
)
NEAR_CONCURRENCY_LIMIT = AlertTemplate(
    name="LambdaConcurrencyNearLimit",
    severity=AlertSeverity.WARNING,
    fires_when="An account uses more than 80% of its concurrent execution limit",
    remedy="Request a higher quota, or reserve concurrency for the functions that must not be throttled",
    dashboard=_BOARD,
)
TIMEOUT = AlertTemplate(
    name="LambdaNearTimeout",
    severity=AlertSeverity.WARNING,
    fires_when="The longest call of a function takes more than 90% of its timeout",
    remedy="Find what the function waits for; raise the timeout only if the work itself takes longer",
    dashboard=_BOARD,
)
TEMPLATES = (ERRORS, SLOW, THROTTLING, TIMEOUT, NEAR_CONCURRENCY_LIMIT)

_ERRORS, _CALLS, _THROTTLES = "aws_lambda_errors_total", "aws_lambda_invocations_total", "aws_lambda_throttles_total"
_DURATION, _RUNNING = "aws_lambda_duration_seconds", "aws_lambda_account_concurrent_executions"
_EXPECTED_THROTTLES = ratio_limit("1% for 10m")


def function_cause_alerts(context: RuleContext, function: Function) -> Iterator[AlertRule]:
    """Errors and duration as promised, throttled calls, and calls near the timeout."""
    for limit in thresholds(context, function, _ERRORS, function.errors_below):
        at = limit.series_source
        expr = f"{ratio(at.rate(_ERRORS), at.rate(_CALLS))}\n> {limit.value}\nand\n{enough_events(at, _CALLS)}"
        text = f"{PERCENT} of the invocations fail"
        yield limit.alert_rule(ERRORS, expr, text, promise="errors_below")
    for limit in thresholds(context, function, _DURATION, function.p95_below):
        at = limit.series_source
        expr = f"{at.gauge_max(_DURATION, quantile='0.95')} > {limit.value}\nand\n{_enough_calls(at)}"
        yield limit.alert_rule(SLOW, expr, f"p95 of the duration is {SECONDS}", promise="p95_below")
    for limit in thresholds(context, function, _THROTTLES, function.throttled_below, _EXPECTED_THROTTLES):
        at = limit.series_source
        # A throttled call is not counted as an invocation.
        throttled = ratio(at.rate(_THROTTLES), at.rate(_THROTTLES), at.rate(_CALLS))
        expr = f"{throttled}\n> {limit.value}\nand\n{enough_events(at, _THROTTLES, _CALLS)}"
        text = f"{PERCENT} of the calls are throttled"
        yield limit.alert_rule(THROTTLING, expr, text, promise="throttled_below")
    yield from _near_timeout(context, function)


def _near_timeout(context: RuleContext, function: Function) -> Iterator[AlertRule]:
    longest = "aws_lambda_duration_max_seconds"
    for limit in thresholds(context, function, longest, None, ratio_limit("90% for 10m")):
        at = limit.series_source
        used = ratio(at.gauge_max(longest), at.gauge_max("aws_lambda_timeout_seconds"))
        expr = f"{used}\n> {limit.value}\nand\n{_enough_calls(at)}"
        yield limit.alert_rule(TIMEOUT, expr, f"the longest call takes {PERCENT} of the timeout")


def _enough_calls(at: SeriesSource) -> str:
    """PromQL for enough calls: the duration of the last call stays on the page for a while."""
    return f"{at.increase(f'{_DURATION}_count')} >= {MIN_BAD_EVENTS}"


def concurrency_alerts(context: RuleContext, function: Function) -> Iterator[AlertRule]:
    """The concurrency of the function's account. The rule is the same for every function of the account."""
    for at in context.sources(function, _RUNNING):
        # The newer metric; it also counts reserved concurrency.
        used = " or ".join(map(at.gauge_max, ("aws_lambda_account_claimed_concurrency", _RUNNING)))
        yield context.alert_rule(
            NEAR_CONCURRENCY_LIMIT,
            f"{ratio(f'({used})', at.gauge_max('aws_lambda_concurrency_limit'))}\n> 0.8",
            sustained=max(parse_duration("10m"), 2 * at.refresh),
            summary=f"Account {at.labels['aws_account_id']} uses {PERCENT} of its concurrent executions",
            labels=at.identity_labels,
        )
