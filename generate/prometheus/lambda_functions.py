"""Why Lambda functions might be failing their callers."""

from __future__ import annotations

from collections.abc import Iterator

from basewatch.components import Function
from basewatch.quantities import parse_duration
from checks.service.burn_rate import FEWEST_BAD
from generate.prometheus.bounds import PERCENT, SECONDS, bounds, enough, share
from generate.prometheus.context import Context, Source, Template
from generate.prometheus.recording import ratio
from generate.prometheus.rule_model import Alert, Urgency

_BOARD = "basewatch-lambda"
ERRORS = Template(
    name="LambdaErrors",
    severity=Urgency.WARNING,
    fires="The share of a function's invocations that fail is above its limit",
    remedy="Read the function's log group, and roll back what was deployed before it began",
    dashboard=_BOARD,
)
SLOW = Template(
    name="LambdaSlow",
    severity=Urgency.WARNING,
    fires="The 95th percentile of a function's duration is above its limit",
    remedy="Compare cold starts, memory and what it waits for: its database, and other services",
    dashboard=_BOARD,
)
THROTTLING = Template(
    name="LambdaThrottling",
    severity=Urgency.WARNING,
    fires="The share of a function's calls that Lambda refuses is above its limit",
    remedy="Raise the function's reserved concurrency or the account's quota, or slow its callers down",
    dashboard=_BOARD,
)
CROWDED = Template(
    name="LambdaConcurrencyNearLimit",
    severity=Urgency.WARNING,
    fires="An account uses more than 80% of the concurrent executions that it may",
    remedy="Ask for a higher quota, or reserve concurrency for the functions that must not be refused",
    dashboard=_BOARD,
)
TIMEOUT = Template(
    name="LambdaNearTimeout",
    severity=Urgency.WARNING,
    fires="A function's longest call takes more than 90% of the time that it may",
    remedy="Look at what it waits for; more time only helps where the work is really more",
    dashboard=_BOARD,
)
TEMPLATES = (ERRORS, SLOW, THROTTLING, TIMEOUT, CROWDED)

_ERRORS, _CALLS, _REFUSED = "aws_lambda_errors_total", "aws_lambda_invocations_total", "aws_lambda_throttles_total"
_DURATION, _RUNNING = "aws_lambda_duration_seconds", "aws_lambda_account_concurrent_executions"
_USUAL = share("1% for 10m")


def of_function(context: Context, function: Function) -> Iterator[Alert]:
    """Errors and duration as promised, and throttles."""
    for limit in bounds(context, function, _ERRORS, function.errors_below):
        at = limit.at
        expr = f"{ratio(at.rate(_ERRORS), at.rate(_CALLS))}\n> {limit.value}\nand\n{enough(at, _CALLS)}"
        said = f"{PERCENT} of the invocations fail"
        yield limit.crossed(ERRORS, expr, said, promise="errors_below")
    for limit in bounds(context, function, _DURATION, function.p95_below):
        at = limit.at
        expr = f"{at.highest(_DURATION, quantile='0.95')} > {limit.value}\nand\n{_often(at)}"
        yield limit.crossed(SLOW, expr, f"p95 of the duration is {SECONDS}", promise="p95_below")
    for limit in bounds(context, function, _REFUSED, function.throttled_below, _USUAL):
        at = limit.at
        # A throttled call is no invocation.
        refused = ratio(at.rate(_REFUSED), at.rate(_REFUSED), at.rate(_CALLS))
        expr = f"{refused}\n> {limit.value}\nand\n{enough(at, _REFUSED, _CALLS)}"
        said = f"{PERCENT} of the calls are refused"
        yield limit.crossed(THROTTLING, expr, said, promise="throttled_below")
    yield from _near_timeout(context, function)


def _near_timeout(context: Context, function: Function) -> Iterator[Alert]:
    longest = "aws_lambda_duration_max_seconds"
    for limit in bounds(context, function, longest, None, share("90% for 10m")):
        at = limit.at
        used = ratio(at.highest(longest), at.highest("aws_lambda_timeout_seconds"))
        expr = f"{used}\n> {limit.value}\nand\n{_often(at)}"
        yield limit.crossed(TIMEOUT, expr, f"the longest call takes {PERCENT} of the time it may")


def _often(at: Source) -> str:
    """That it is called at all: what the last call took stands on the page for a while after it."""
    return f"{at.increase(f'{_DURATION}_count')} >= {FEWEST_BAD}"


def of_account(context: Context, function: Function) -> Iterator[Alert]:
    """The concurrency of the account that a function lives in: the same rule for every function there."""
    for at in context.sources(function, _RUNNING):
        # What is claimed counts reserved concurrency as well; it is newer than the other.
        used = " or ".join(map(at.highest, ("aws_lambda_account_claimed_concurrency", _RUNNING)))
        yield context.alert(
            CROWDED,
            f"{ratio(f'({used})', at.highest('aws_lambda_concurrency_limit'))}\n> 0.8",
            sustained=max(parse_duration("10m"), 2 * at.refresh),
            summary=f"Account {at.labels['aws_account_id']} uses {PERCENT} of its concurrent executions",
            labels=at.identity,
        )
