"""Functions, APIs, tables and caches: shares, rates and percentiles of events, with silence and missing minutes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from basewatch.components import Api, CacheCluster, Function, Table
from basewatch.model import Status, Verdict
from tests.checks.situations.metrics import HOURS, Curve, always, but, every, verdicts
from tests.checks.situations.situation import Situation, each

FAIL, UNVERIFIED, PASS = (Status.FAIL,), (Status.UNVERIFIED,), (Status.PASS,)
IDLE = (Status.NOT_APPLICABLE,)

FUNCTION = Function.model_validate(
    {"name": "auth", "errors_below": "5% for 5m", "p95_below": "100ms for 5m", "throttled_below": "1% for 10m"}
)
JOB = Function.model_validate({"name": "billing", "errors_below": "5% for 5m", "p95_below": "5s for 5m"})
API = Api.model_validate(
    {
        "name": "front",
        "stage": "prod",
        "p95_below": "500ms for 5m",
        "server_errors_below": "10/s for 3m",
        "client_errors_below": "10% for 15m",
    }
)
TABLE = Table.model_validate({"name": "customers", "throttled_below": "1/min for 5m"})
CACHE = CacheCluster.model_validate({"name": "cache", "hits_above": "80% for 15m"})

Judged = Callable[[], Iterator[Verdict]]


def errors(calls: Curve, failed: Curve) -> Judged:
    """The share of a function's invocations that fail."""
    curves = {"aws_lambda_invocations_total": calls, "aws_lambda_errors_total": failed}
    return partial(verdicts, "service.function.errors", FUNCTION, curves)


def throttles(calls: Curve, throttled: Curve) -> Judged:
    """The share of a function's calls that Lambda throttles."""
    curves = {"aws_lambda_invocations_total": calls, "aws_lambda_throttles_total": throttled}
    return partial(verdicts, "service.function.throttles", FUNCTION, curves)


def durations(calls: Curve, p95: Curve, function: Function = FUNCTION) -> Judged:
    """The duration of a function's invocations."""
    curves = {"aws_lambda_invocations_total": calls, "aws_lambda_duration_seconds quantile=0.95": p95}
    return partial(verdicts, "service.function.latency", function, curves)


def latency(requests: Curve, p95: Curve) -> Judged:
    """The latency of an API."""
    curves = {"aws_apigateway_requests_total": requests, "aws_apigateway_latency_seconds quantile=0.95": p95}
    return partial(verdicts, "service.api.latency", API, curves)


def server_errors(requests: Curve, failed: Curve) -> Judged:
    """The server errors of an API."""
    curves = {"aws_apigateway_requests_total": requests, "aws_apigateway_server_errors_total": failed}
    return partial(verdicts, "service.api.server_errors", API, curves)


def client_errors(requests: Curve, refused: Curve) -> Judged:
    """The client errors of an API."""
    curves = {"aws_apigateway_requests_total": requests, "aws_apigateway_client_errors_total": refused}
    return partial(verdicts, "service.api.client_errors", API, curves)


def table(units: Curve, reads: Curve, queries: Curve | None = None) -> Judged:
    """The throttled requests of a table: its read throttle events, and ThrottledRequests of its queries."""
    curves = {
        "aws_dynamodb_consumed_read_capacity_units_total": units,
        "aws_dynamodb_consumed_write_capacity_units_total": always(None),
        "aws_dynamodb_read_throttle_events_total": reads,
        "aws_dynamodb_write_throttle_events_total": always(None),
        "aws_dynamodb_throttled_requests_total operation=Query": queries or always(None),
        "aws_dynamodb_throttled_requests_total operation=PutItem": always(None),
    }
    return partial(verdicts, "service.table.throttles", TABLE, curves)


def hits(found: Curve, missed: Curve) -> Judged:
    """The hits of a cache."""
    curves = {"aws_dax_item_cache_hits_total": found, "aws_dax_item_cache_misses_total": missed}
    return partial(verdicts, "service.cache.hits", CACHE, curves)


def after_weeks(failed: Curve, calls: Curve) -> Judged:
    """The errors of a function when there was no pass for 20 days, of which CloudWatch keeps 15."""
    days, lost = 20 * 1440, 5 * 1440
    curves = {
        "aws_lambda_invocations_total": lambda minute: calls(minute) if minute >= lost else None,
        "aws_lambda_errors_total": lambda minute: failed(minute) if minute >= lost else None,
    }
    return partial(verdicts, "service.function.errors", FUNCTION, curves, minutes=days)


def row(number: str, what: str, right: tuple[Status, ...], why: str, judged: Judged) -> Situation:
    """A row of the tables below."""
    return Situation(number=number, what=what, right=right, why=why, judged=judged)


BUSY, ONE, NONE = always(100), always(1), always(None)
RATIOS = [
    row(
        "lost-1", "no pass for 20 days, and no error since", UNVERIFIED, "5 days are lost", after_weeks(always(0), BUSY)
    ),
    row(
        "lost-2",
        "no pass for 20 days, and no call",
        UNVERIFIED,
        "5 days are lost",
        after_weeks(always(None), always(None)),
    ),
    row("lost-3", "no pass for 20 days, and errors now", FAIL, "what is left suffices", after_weeks(always(50), BUSY)),
    row("ratio-1", "nothing ran for six hours", IDLE, "there is nothing to judge", errors(NONE, NONE)),
    row("ratio-2", "every call was throttled", FAIL, "no call ran", throttles(NONE, always(50))),
    row("ratio-3", "60 of 100 fail in one minute", FAIL, "it is 12% of 5m", errors(BUSY, but(always(0), 100, 1, 60))),
    row(
        "ratio-4",
        "3 calls a minute, all of which fail for 15 minutes",
        FAIL,
        "45 calls of 45 failed, though five minutes have only 15",
        errors(always(3), but(always(0), 100, 15, 3)),
    ),
    row(
        "ratio-5",
        "3 a minute, all fail for 40 minutes",
        FAIL,
        "it is long",
        errors(always(3), but(always(0), 9, 40, 3)),
    ),
    row(
        "ratio-6", "one of six hourly runs fails", FAIL, "it is 17%", errors(every(60, 1), but(every(60, 0), 60, 1, 1))
    ),
    row(
        "ratio-7",
        "Errors known for less than half of the busy minutes",
        UNVERIFIED,
        "most of it was not seen",
        errors(BUSY, but(always(0), 100, 200, None)),
    ),
    row(
        "ratio-8",
        "Errors missing for 170 of 360 busy minutes",
        UNVERIFIED,
        "they may all have failed",
        errors(BUSY, but(always(0), 100, 170, None)),
    ),
    row(
        "ratio-9",
        "a breach from 3 minutes before the window to 2 minutes in it",
        FAIL,
        "it goes on in the window",
        errors(BUSY, but(always(0), -3, 5, 30)),
    ),
    row("ratio-10", "exactly 1% throttled", PASS, "that is the limit", throttles(always(99), ONE)),
    row(
        "ratio-11",
        "12 calls an hour, throttled for half an hour",
        FAIL,
        "six of six",
        throttles(but(every(5, 1), 0, 30, None), lambda minute: float(minute < 30) if minute % 5 == 0 else None),
    ),
    row("ratio-12", "Throttles without a datapoint", UNVERIFIED, "none was read", throttles(BUSY, NONE)),
    row(
        "ratio-13",
        "2 throttled of 20 for 8 of 10 minutes",
        FAIL,
        "it is 8% of 10m",
        throttles(always(18), but(always(0), 60, 8, 2)),
    ),
    row("ratio-14", "11% refused", FAIL, "the limit is 10%", client_errors(BUSY, always(11))),
    row(
        "ratio-15",
        "every request refused for 14 minutes",
        FAIL,
        "93% of 15 minutes",
        client_errors(BUSY, but(always(0), 60, 14, 100)),
    ),
    row("ratio-16", "4XX missing throughout", UNVERIFIED, "none was read", client_errors(BUSY, NONE)),
    row(
        "ratio-17",
        "1 request a minute, all refused for 15 minutes",
        FAIL,
        "15 of 15, though 15 minutes have only 15 requests",
        client_errors(ONE, but(always(0), 100, 15, 1)),
    ),
    row(
        "ratio-18",
        "19 lookups in 15 minutes, all missed for an hour",
        FAIL,
        "76 of 76 missed",
        hits(but(always(1.27), 100, 60, 0), but(always(0), 100, 60, 1.27)),
    ),
    row(
        "ratio-19",
        "79% found for 15 minutes",
        FAIL,
        "cold",
        hits(but(always(90), 30, 15, 79), but(always(10), 30, 15, 21)),
    ),
    row("ratio-20", "hits, and no datapoint of misses", UNVERIFIED, "misses are unknown", hits(BUSY, NONE)),
    row(
        "ratio-21",
        "misses, and hits lost for 20 minutes",
        UNVERIFIED,
        "the items found are unknown",
        hits(but(always(90), 30, 20, None), always(10)),
    ),
    row(
        "ratio-27",
        "a breach that ended before the window",
        PASS,
        "told before",
        errors(BUSY, but(always(0), -5, 5, 20)),
    ),
    row("ratio-22", "1 of 360 fails, one call a minute", PASS, "0.3%", errors(ONE, but(always(0), 60, 1, 1))),
    row("ratio-23", "1 throttle among 720 calls", PASS, "0.14%", throttles(always(2), but(always(0), 60, 1, 1))),
    row(
        "ratio-24",
        "Errors lost for one minute of 100, none else failed",
        UNVERIFIED,
        "all 100 may have failed, 20% of five minutes",
        errors(BUSY, but(always(0), 60, 1, None)),
    ),
    row(
        "ratio-25",
        "Errors lost for one minute of few among many",
        PASS,
        "even if all of them failed, it is below 5%",
        errors(but(BUSY, 60, 1, 2), but(always(0), 60, 1, None)),
    ),
    row(
        "ratio-26",
        "half fail while every other datapoint is lost",
        FAIL,
        "25% failed, however good the lost minutes were",
        errors(BUSY, every(2, 50)),
    ),
]
PERCENTILES = [
    row(
        "percentile-1",
        "one run of a job takes 60 s",
        FAIL,
        "its only run was too slow",
        durations(but(NONE, 100, 1, 1), but(NONE, 100, 1, 60), JOB),
    ),
    row("percentile-2", "10 s every other minute", FAIL, "every call is slow", durations(every(2, 1), every(2, 10))),
    row(
        "percentile-3",
        "4 slow minutes, then a fast one, over and over",
        PASS,
        "no 5m were slow",
        durations(BUSY, every(5, 0.05, 1)),
    ),
    row(
        "percentile-4",
        "9 slow minutes of 10, one datapoint of Duration lost",
        FAIL,
        "nine known minutes are slow",
        durations(BUSY, but(but(always(0.05), 100, 10, 60), 104, 1, None)),
    ),
    row(
        "percentile-5",
        "slow, but for a minute in which nothing is reported",
        FAIL,
        "silence does not end a breach",
        durations(but(BUSY, 103, 1, None), but(but(always(0.05), 100, 6, 60), 103, 1, None)),
    ),
    row(
        "percentile-6",
        "501 ms for 5m, then nothing",
        FAIL,
        "it lasted",
        latency(but(NONE, 0, 5, 100), but(NONE, 0, 5, 0.501)),
    ),
    row("percentile-7", "requests every other minute, 5 s each", FAIL, "all slow", latency(every(2, 1), every(2, 5))),
    row("percentile-8", "just below the limit", PASS, "it is kept", latency(BUSY, always(0.4999))),
    row(
        "percentile-9",
        "every second datapoint of the latency lost, the rest fast",
        PASS,
        "no 5m can be slow",
        latency(BUSY, every(2, 0.2)),
    ),
    row(
        "percentile-10",
        "two stretches of 4 minutes with a fast one between",
        PASS,
        "neither lasts 5m",
        latency(BUSY, but(but(but(always(0.2), 60, 4, 5), 64, 1, 0.2), 65, 4, 5)),
    ),
    row(
        "percentile-11",
        "latency lost for three hours of traffic",
        UNVERIFIED,
        "what happened in them is unknown",
        latency(BUSY, but(always(0.2), 60, 179, None)),
    ),
    row(
        "percentile-12",
        "one of six hourly runs is slow",
        FAIL,
        "of so few runs the slowest is the 95th percentile",
        durations(every(60, 1), but(every(60, 1), 120, 1, 60), JOB),
    ),
    row(
        "percentile-21",
        "a slow minute after a night without calls, and then fast ones",
        PASS,
        "it was over at once",
        durations(but(BUSY, 0, 180, None), but(but(always(0.05), 0, 180, None), 180, 1, 2)),
    ),
    row(
        "percentile-22",
        "every run of an hourly job is slow",
        FAIL,
        "six of six",
        durations(every(60, 1), every(60, 60), JOB),
    ),
    row(
        "percentile-23",
        "a slow minute of a function that was silent for ten minutes before and after",
        FAIL,
        "nothing else was called",
        durations(
            but(but(BUSY, 100, 10, None), 111, 10, None),
            but(but(but(always(0.05), 100, 10, None), 111, 10, None), 110, 1, 9),
        ),
    ),
    row(
        "percentile-24",
        "durations missing for the last five busy minutes",
        UNVERIFIED,
        "they may all be slow",
        durations(BUSY, but(always(0.05), HOURS - 5, 5, None)),
    ),
    row(
        "percentile-25",
        "durations missing for the last four",
        PASS,
        "too short",
        durations(BUSY, but(always(0.05), HOURS - 4, 4, None)),
    ),
    row(
        "percentile-13",
        "one slow call among 72, one each five minutes",
        PASS,
        "it is one of the twenty around it",
        durations(every(5, 1), but(every(5, 0.05), 100, 1, 3)),
    ),
    row(
        "percentile-14",
        "4 slow minutes, then the window ends without datapoints",
        UNVERIFIED,
        "invocations may still run",
        durations(but(BUSY, HOURS - 3, 3, None), but(but(always(0.05), HOURS - 7, 4, 9), HOURS - 3, 3, None)),
    ),
    row(
        "percentile-15",
        "a job ran, and its duration is missing",
        UNVERIFIED,
        "it was not seen",
        durations(but(NONE, 100, 1, 1), NONE, JOB),
    ),
    row(
        "percentile-16",
        "a job ran slowly, and Invocations are missing",
        FAIL,
        "its duration says that it ran",
        durations(NONE, but(NONE, 100, 1, 60), JOB),
    ),
    row(
        "percentile-17",
        "a slow job in the last minute of the window",
        FAIL,
        "nothing else ran",
        durations(but(NONE, HOURS - 1, 1, 1), but(NONE, HOURS - 1, 1, 60), JOB),
    ),
    row(
        "percentile-18",
        "a slow minute of every hundred, in busy traffic",
        PASS,
        "fast calls surround them",
        durations(BUSY, every(100, 0.3, 0.05)),
    ),
    row(
        "percentile-19",
        "3 slow minutes before the window and 2 in it",
        FAIL,
        "five in a row",
        latency(BUSY, but(always(0.2), -3, 5, 2)),
    ),
    row(
        "percentile-20",
        "5 slow minutes before the window",
        PASS,
        "told before",
        latency(BUSY, but(always(0.2), -5, 5, 2)),
    ),
]
HUGE = always(9000)
RATES = [
    row(
        "rate-1", "every request fails, 2 a second", PASS, "the limit is 10/s", server_errors(always(120), always(120))
    ),
    row("rate-2", "no request for six hours", IDLE, "there is nothing to judge", server_errors(NONE, NONE)),
    row("rate-3", "599 a minute", PASS, "below 10/s", server_errors(HUGE, always(599))),
    row(
        "rate-4",
        "11/s for 3m, one datapoint late",
        UNVERIFIED,
        "two known minutes are not three",
        server_errors(HUGE, but(but(always(0), 60, 3, 660), 61, 1, None)),
    ),
    row(
        "rate-5",
        "11/s for 3m, both datapoints of the middle minute late",
        UNVERIFIED,
        "a minute of silence in a flood may be lost",
        server_errors(but(HUGE, 61, 1, None), but(but(always(0), 60, 3, 660), 61, 1, None)),
    ),
    row(
        "rate-6",
        "40/s for 3m, both datapoints of the middle minute late",
        FAIL,
        "even as zero, the mean is 27/s",
        server_errors(but(HUGE, 61, 1, None), but(but(always(0), 60, 3, 2400), 61, 1, None)),
    ),
    row(
        "rate-7",
        "11/s in the last 2 minutes of the data, the third late",
        UNVERIFIED,
        "it may go on",
        server_errors(but(HUGE, HOURS - 1, 1, None), but(but(always(0), HOURS - 3, 2, 660), HOURS - 1, 1, None)),
    ),
    row(
        "rate-8",
        "one flood of a minute amid silence",
        PASS,
        "not for 3m",
        server_errors(but(NONE, 9, 1, 999), but(NONE, 9, 1, 999)),
    ),
    row("rate-9", "throttled, and no capacity consumed", FAIL, "all refused", table(NONE, always(50))),
    row(
        "rate-10",
        "a query on an index is throttled 1,000 times a minute, the table's own events are silent",
        FAIL,
        "ThrottledRequests of the operation count it",
        table(BUSY, NONE, always(1000)),
    ),
    row("rate-11", "an idle table", IDLE, "there is nothing to judge", table(NONE, NONE)),
    row("rate-12", "100,000 throttled in 4 minutes", PASS, "not for 5m", table(BUSY, but(NONE, 60, 4, 25_000))),
    row(
        "rate-13",
        "2 a minute for 2 minutes, a minute without, over and over",
        PASS,
        "every third minute keeps the limit",
        table(BUSY, every(3, None, 2)),
    ),
    row(
        "rate-14",
        "used every other minute, and throttled twice",
        FAIL,
        "6 in 5 minutes",
        table(every(2, 9), every(2, 2)),
    ),
]


@each([*RATIOS, *PERCENTILES, *RATES])
def test_a_situation_has_its_right_verdict(situation: Situation) -> None:
    """Each row of the tables has its right verdict."""
    situation.test()
