"""Why Lambda functions might be failing their callers."""

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
    fires_when="The share of a function's invocations that fail is above its limit",
    remedy="Read the function's log group, and roll back what was deployed before it began",
    dashboard=_BOARD,
)
SLOW = AlertTemplate(
    name="LambdaSlow",
    severity=AlertSeverity.WARNING,
    fires_when="The 95th percentile of a function's duration is above its limit",
    remedy="Compare cold starts, memory and what it waits for: its database, and other services",
    dashboard=_BOARD,
)
THROTTLING = AlertTemplate(
    name="LambdaThrottling",
    severity=AlertSeverity.WARNING,
    fires_when="The share of a function's calls that Lambda refuses is above its limit",
    remedy="Raise the function's reserved concurrency or the account's quota, or slow its callers down",
    dashboard=_BOARD,
)
NEAR_CONCURRENCY_LIMIT = AlertTemplate(
    name="LambdaConcurrencyNearLimit",
    severity=AlertSeverity.WARNING,
    fires_when="An account uses more than 80% of the concurrent executions that it may",
    remedy="Ask for a higher quota, or reserve concurrency for the functions that must not be refused",
    dashboard=_BOARD,
)
TIMEOUT = AlertTemplate(
    name="LambdaNearTimeout",
    severity=AlertSeverity.WARNING,
    fires_when="A function's longest call takes more than 90% of the time that it may",
    remedy="Look at what it waits for; more time only helps where the work is really more",
    dashboard=_BOARD,
)
TEMPLATES = (ERRORS, SLOW, THROTTLING, TIMEOUT, NEAR_CONCURRENCY_LIMIT)

_ERRORS, _CALLS, _REFUSED = "aws_lambda_errors_total", "aws_lambda_invocations_total", "aws_lambda_throttles_total"
_DURATION, _RUNNING = "aws_lambda_duration_seconds", "aws_lambda_account_concurrent_executions"
_USUAL = ratio_limit("1% for 10m")


def function_cause_alerts(context: RuleContext, function: Function) -> Iterator[AlertRule]:
    """Errors and duration as promised, and throttles."""
    for limit in thresholds(context, function, _ERRORS, function.errors_below):
        at = limit.series_source
        expr = f"{ratio(at.rate(_ERRORS), at.rate(_CALLS))}\n> {limit.value}\nand\n{enough_events(at, _CALLS)}"
        said = f"{PERCENT} of the invocations fail"
        yield limit.alert_rule(ERRORS, expr, said, promise="errors_below")
    for limit in thresholds(context, function, _DURATION, function.p95_below):
        at = limit.series_source
        expr = f"{at.gauge_max(_DURATION, quantile='0.95')} > {limit.value}\nand\n{_often(at)}"
        yield limit.alert_rule(SLOW, expr, f"p95 of the duration is {SECONDS}", promise="p95_below")
    for limit in thresholds(context, function, _REFUSED, function.throttled_below, _USUAL):
        at = limit.series_source
        # A throttled call is no invocation.
        refused = ratio(at.rate(_REFUSED), at.rate(_REFUSED), at.rate(_CALLS))
        expr = f"{refused}\n> {limit.value}\nand\n{enough_events(at, _REFUSED, _CALLS)}"
        said = f"{PERCENT} of the calls are refused"
        yield limit.alert_rule(THROTTLING, expr, said, promise="throttled_below")
    yield from _near_timeout(context, function)


def _near_timeout(context: RuleContext, function: Function) -> Iterator[AlertRule]:
    longest = "aws_lambda_duration_max_seconds"
    for limit in thresholds(context, function, longest, None, ratio_limit("90% for 10m")):
        at = limit.series_source
        used = ratio(at.gauge_max(longest), at.gauge_max("aws_lambda_timeout_seconds"))
        expr = f"{used}\n> {limit.value}\nand\n{_often(at)}"
        yield limit.alert_rule(TIMEOUT, expr, f"the longest call takes {PERCENT} of the time it may")


def _often(at: SeriesSource) -> str:
    """That it is called at all: what the last call took stands on the page for a while after it."""
    return f"{at.increase(f'{_DURATION}_count')} >= {MIN_BAD_EVENTS}"


def concurrency_alerts(context: RuleContext, function: Function) -> Iterator[AlertRule]:
    """The concurrency of the account that a function lives in: the same rule for every function there."""
    for at in context.sources(function, _RUNNING):
        # What is claimed counts reserved concurrency as well; it is newer than the other.
        used = " or ".join(map(at.gauge_max, ("aws_lambda_account_claimed_concurrency", _RUNNING)))
        yield context.alert_rule(
            NEAR_CONCURRENCY_LIMIT,
            f"{ratio(f'({used})', at.gauge_max('aws_lambda_concurrency_limit'))}\n> 0.8",
            sustained=max(parse_duration("10m"), 2 * at.refresh),
            summary=f"Account {at.labels['aws_account_id']} uses {PERCENT} of its concurrent executions",
            labels=at.identity_labels,
        )
