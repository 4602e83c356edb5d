"""Objectives: a budget that will not last is never said to last, whether it burns fast or slowly."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from basewatch.components import Slo
from basewatch.model import Status, Verdict
from basewatch.quantities import parse_duration
from tests.checks.situations.metrics import HOURS, Curve, always, but, every, verdicts
from tests.checks.situations.situation import Situation, each

FAIL, UNVERIFIED, PASS = (Status.FAIL,), (Status.UNVERIFIED,), (Status.PASS,)
IDLE = (Status.NOT_APPLICABLE,)
UP = Slo.model_validate({"name": "up", "of": "api/front", "sli": "availability", "objective": "99.9%"})
FAST = Slo.model_validate({"name": "fast", "of": "api/front", "sli": "latency", "objective": "99%", "below": "500ms"})
KEPT = Slo.model_validate({"name": "kept", "of": "table/customers", "sli": "throttling", "objective": "99.9%"})
REQUESTS, FAILED = "aws_apigateway_requests_total", "aws_apigateway_server_errors_total"
P99 = "aws_apigateway_latency_seconds quantile=0.99"
READS, THROTTLED = "aws_dynamodb_request_latency_seconds_count", "aws_dynamodb_throttled_requests_total"
NONE, ONE, MANY, BLOCK = always(None), always(1), always(1000), 360
Judged = Callable[[], Iterator[Verdict]]


def up(requests: Curve, failed: Curve, past: tuple[Curve, Curve] | None = None) -> Judged:
    """The availability of an API; its past are 6 hours a value."""
    earlier = {REQUESTS: past[0], FAILED: past[1]} if past else None
    return partial(verdicts, "service.slo.burn", UP, {REQUESTS: requests, FAILED: failed}, past=earlier)


def fast(p99: Curve, past: Curve | None = None) -> Judged:
    """The latency of an API; its past are 5 minutes a value."""
    return partial(verdicts, "service.slo.burn", FAST, {REQUESTS: MANY, P99: p99}, past={P99: past} if past else None)


def slow_apart(minutes: int, slo: Slo = FAST) -> Judged:
    """One slow minute in so many, also in the past, of which CloudWatch keeps single minutes and then five of them."""
    p99 = every(minutes, 0.9, 0.2)

    def five(minute: int) -> float:
        return 0.9 if -minute % minutes < FIVE else 0.2

    curves = {REQUESTS: MANY, P99: p99}
    return partial(verdicts, "service.slo.burn", slo, curves, past={P99: five, f"{P99}@1": p99})


def kept(reads: Curve, throttled: Curve, past: Mapping[str, Curve]) -> Judged:
    """The throttling of a table; its past are 6 hours a value."""
    operation = " operation=Query"
    curves = {f"{READS}{operation}": reads, f"{THROTTLED}{operation}": throttled}
    earlier = {f"{name}{operation}": curve for name, curve in past.items()}
    return partial(verdicts, "service.slo.burn", KEPT, curves, past=earlier)


def days_ago(first: float, last: float, value: float, otherwise: float) -> Curve:
    """A value from `first` to `last` days before the window, and another one at other times."""
    return lambda minute: value if -first * 1440 <= minute < -last * 1440 else otherwise


WEEKLY = FAST.model_copy(update={"window": parse_duration("7d")})
FIVE = 5
GOOD_PAST = always(1000 * BLOCK), always(10)


def row(number: str, what: str, right: tuple[Status, ...], why: str, judged: Judged, *says: str) -> Situation:
    """A row of the table below."""
    return Situation(number=number, what=what, right=right, why=why, judged=judged, says="".join(says))


SITUATIONS = [
    row("slo-30", "exactly the budget", PASS, "it is not more", up(MANY, ONE, (GOOD_PAST[0], always(BLOCK)))),
    row(
        "slo-31", "0.11% fail", FAIL, "a tenth more than the budget", up(MANY, ONE, (GOOD_PAST[0], always(400))), "111%"
    ),
    row(
        "slo-32",
        "0.2% for the last 12 hours of a good month",
        PASS,
        "3% is used",
        up(MANY, always(2), (GOOD_PAST[0], days_ago(0.5, 0, 720, 0))),
    ),
    row(
        "slo-33",
        "0.2% with a quiet night, the past was not read",
        UNVERIFIED,
        "the night shows nothing",
        up(but(MANY, 100, 120, None), but(always(2), 100, 120, None)),
    ),
    row(
        "slo-34",
        "0.2% in the one day that the service exists",
        FAIL,
        "missed",
        up(MANY, always(2), (days_ago(1, 0, 360_000, 0), days_ago(1, 0, 720, 0))),
    ),
    row(
        "slo-35",
        "every request fails for the last five minutes",
        FAIL,
        "a tenth of the month went",
        up(MANY, but(always(0), 355, 5, 1000), GOOD_PAST),
    ),
    row("slo-36", "slow for two hours", FAIL, "100 times too fast", fast(but(always(0.2), -60, 120, 0.9), always(0.2))),
    row("slo-1", "0.5% fail, the past was not read", FAIL, "each of 12 hours burns 5 times", up(MANY, always(5))),
    row("slo-2", "0.2% fail, the past was not read", FAIL, "each of 12 hours burns twice", up(MANY, always(2))),
    row("slo-3", "15 times too fast for an hour", FAIL, "2% of a month", up(MANY, but(always(0), 60, 60, 15))),
    row("slo-4", "99 requests, 50 failed", UNVERIFIED, "too few", up(but(NONE, 0, 99, 1), but(NONE, 0, 50, 1))),
    row("slo-5", "no request", IDLE, "nothing to judge", up(NONE, NONE)),
    row("slo-6", "60 requests, all failed", UNVERIFIED, "too few", up(every(12, 1), every(12, 1))),
    row("slo-7", "20 an hour fail, for 12 hours", FAIL, "120 in 6 hours", up(every(3, 1), every(3, 1))),
    row("slo-8", "200 in one minute of each hour, all fail", FAIL, "all", up(every(60, 200), every(60, 200))),
    row(
        "slo-9", "0.05% fail, the past was not read", UNVERIFIED, "30 days may be bad", up(MANY, every(2, 1, 0)), "12h"
    ),
    row("slo-10", "none fails, and 0.003% in the past", PASS, "3% is used", up(MANY, always(0), GOOD_PAST), "30d"),
    row(
        "slo-11",
        "0.2% fail in every block of 30 days",
        FAIL,
        "the objective is missed",
        up(MANY, always(2), (GOOD_PAST[0], always(2 * BLOCK))),
        "missed over 30d",
    ),
    row(
        "slo-12",
        "an outage of 3 hours 20 days ago, none fails since",
        FAIL,
        "it used four budgets of 30 days",
        up(MANY, always(0), (GOOD_PAST[0], days_ago(20, 19.75, 180_000, 0))),
        "missed over 30d",
    ),
    row(
        "slo-13",
        "0.2% fail for the last four days, none before",
        FAIL,
        "twice too fast over 3 days, and going on",
        up(MANY, always(2), (GOOD_PAST[0], days_ago(4, 0, 2 * BLOCK, 0))),
        "over 3d",
    ),
    row(
        "slo-14",
        "0.5% fail for the last day, none before",
        FAIL,
        "five times too fast over a day",
        up(MANY, always(5), (GOOD_PAST[0], days_ago(1, 0, 5 * BLOCK, 0))),
        "over 1d",
    ),
    row(
        "slo-15",
        "0.3% failed for a day a week ago, and it is over",
        PASS,
        "a tenth of the budget went, and it does not burn",
        up(MANY, always(0), (GOOD_PAST[0], days_ago(7, 6, 3 * BLOCK, 0))),
    ),
    row(
        "slo-16",
        "an incident of five minutes in a good month",
        PASS,
        "it used 2% of the budget",
        up(MANY, but(always(0), 60, 1, 400), GOOD_PAST),
    ),
    row(
        "slo-17",
        "5XX lost for an hour, in a good month",
        UNVERIFIED,
        "all of it may have failed",
        up(MANY, but(always(0), 60, 60, None), GOOD_PAST),
    ),
    row(
        "slo-18",
        "5XX missing in a third of the past",
        UNVERIFIED,
        "those may have failed",
        up(MANY, always(0), (GOOD_PAST[0], lambda minute: None if minute < -20 * 1440 else 0)),
    ),
    row("slo-19", "no request now, a good month", PASS, "the month is judged", up(NONE, NONE, GOOD_PAST)),
    row("slo-20", "no request now, a bad month", FAIL, "missed", up(NONE, NONE, (GOOD_PAST[0], always(999)))),
    row("slo-21", "never any request", IDLE, "nothing to judge", up(NONE, NONE, (NONE, NONE))),
    row(
        "slo-22",
        "2 of 120 requests in a month",
        UNVERIFIED,
        "two bad ones show little",
        up(NONE, NONE, (always(1), lambda m: float(m >= -2 * BLOCK))),
    ),
    row(
        "slo-42",
        "no request now, and 90 in a month, all of which failed",
        UNVERIFIED,
        "too few, but not none",
        up(NONE, NONE, (days_ago(9, 8.75, 90, 0), days_ago(9, 8.75, 90, 0))),
    ),
    row("slo-23", "a fast API", PASS, "no minute was slow", fast(always(0.2), always(0.2))),
    row(
        "slo-24",
        "3% of minutes slow for a month, apart",
        UNVERIFIED,
        "five minutes hide how many were slow",
        fast(every(33, 0.9, 0.2), every(165, 0.9, 0.2)),
    ),
    row("slo-37", "3% of minutes slow, apart", FAIL, "the last 13 days used it all", slow_apart(33), "missed"),
    row("slo-38", "0.2% of minutes slow, apart", PASS, "1% would not be, at worst", slow_apart(500)),
    row("slo-39", "0.5% of minutes slow, apart", UNVERIFIED, "the rest may hide 2.5%", slow_apart(200)),
    row("slo-40", "0.9% of a week slow, apart", PASS, "every minute is known", slow_apart(111, WEEKLY)),
    row("slo-41", "1.1% of a week slow, apart", FAIL, "every minute is known", slow_apart(91, WEEKLY), "missed"),
    row(
        "slo-25", "an hour a day slow", FAIL, "4%", fast(always(0.2), lambda minute: 0.9 if minute % 1440 < 80 else 0.2)
    ),
    row("slo-26", "the latency was not read before", UNVERIFIED, "30 days may be bad", fast(always(0.2))),
    row(
        "slo-27",
        "a table that is not throttled",
        PASS,
        "no datapoint of throttling is none",
        kept(always(90), NONE, {READS: always(9999), THROTTLED: NONE}),
    ),
    row(
        "slo-28",
        "0.2% throttled for a month",
        FAIL,
        "missed",
        kept(always(998), always(2), {READS: always(998), THROTTLED: always(2)}),
    ),
    row(
        "slo-29",
        "0.2% fail for five hours, and none before",
        UNVERIFIED,
        "not each hour",
        up(MANY, but(always(0), 60, HOURS, 2)),
    ),
]


@each(SITUATIONS)
def test_a_situation_has_its_right_verdict(situation: Situation) -> None:
    """Each row of the table has its right verdict."""
    situation.test()
