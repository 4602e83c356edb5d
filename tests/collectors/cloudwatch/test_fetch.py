"""Over real HTTP, a query ends complete or with an error, whatever CloudWatch does."""

from __future__ import annotations

import socket
from datetime import timedelta

import orjson
import pytest

from basewatch.model import Reason, Window
from collectors.cloudwatch import planner
from collectors.cloudwatch.fetch import FetchResult
from collectors.cloudwatch.planner import Call
from tests.collectors.cloudwatch.examples import FOUR_MINUTES, NOON, call, queries, spec, target
from tests.collectors.cloudwatch.fake import (
    Behaviour,
    FakeClock,
    FakeCloudWatch,
    FakeSigner,
    Reply,
    RequestBody,
    everything,
    ok,
    refusal,
    result,
    source,
)

ALL = [716.0, 717.0, 718.0, 719.0]


def fetched(cloudwatch: FakeCloudWatch, clock: FakeClock | None = None, *, count: int = 2) -> FetchResult:
    """The result of a call to this CloudWatch."""
    return source(FakeSigner(cloudwatch.url), clock).fetch(call(count))


def values(got: FetchResult) -> list[list[float]]:
    """Each query's values, oldest first."""
    return [list(answer.values) for answer in got.answers]


def reasons(got: FetchResult) -> list[Reason | None]:
    """The reason of each query's error."""
    return [answer.error.reason if answer.error else None for answer in got.answers]


def statuses(*codes: str) -> Behaviour:
    """A response with these status codes, with two datapoints for each query."""

    def behave(request: RequestBody) -> Reply:
        queries = zip(request["MetricDataQueries"], codes, strict=True)
        return ok({"MetricDataResults": [result(query, request, code, count=2) for query, code in queries]})

    return behave


def test_one_request_answers_a_batch(cloudwatch: FakeCloudWatch) -> None:
    """One signed request answers all queries, and its id is kept for the evidence."""
    got = fetched(cloudwatch)
    assert values(got) == [ALL, ALL]
    assert reasons(got) == [None, None]
    assert got.requests == ("cloudwatch:GetMetricData r-1",)
    (request,) = cloudwatch.requests
    assert (request["StartTime"], request["EndTime"]) == (FOUR_MINUTES.start.timestamp(), FOUR_MINUTES.end.timestamp())
    assert [query["MetricStat"]["Metric"]["Dimensions"][0]["Value"] for query in request["MetricDataQueries"]] == [
        "0",
        "1",
    ]


def test_pages_are_followed_to_the_last(cloudwatch: FakeCloudWatch) -> None:
    """Datapoints of all pages are joined, and a series that started as PartialData ends complete."""

    def first(request: RequestBody) -> Reply:
        one, two = request["MetricDataQueries"]
        results = [result(one, request), result(two, request, "PartialData", count=1)]
        return ok({"MetricDataResults": results, "NextToken": "t1"})

    def second(request: RequestBody) -> Reply:
        assert request["NextToken"] == "t1"
        two = request["MetricDataQueries"][1]
        return ok({"MetricDataResults": [result(two, request, first=1)]})

    cloudwatch.answer_next(first, second)
    got = fetched(cloudwatch)
    assert values(got) == [ALL, ALL]
    assert reasons(got) == [None, None]


def test_a_repeated_token_ends_the_paging(cloudwatch: FakeCloudWatch) -> None:
    """A CloudWatch that repeats its token is not followed indefinitely."""

    def again(request: RequestBody) -> Reply:
        results = [result(query, request, "PartialData", count=1) for query in request["MetricDataQueries"]]
        return ok({"MetricDataResults": results, "NextToken": "t"})

    cloudwatch.answer_next(again, again, again)
    assert reasons(fetched(cloudwatch)) == [Reason.UNSUPPORTED] * 2
    assert len(cloudwatch.requests) == 2


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("Forbidden", Reason.DENIED),
        ("SomethingNew", Reason.UNSUPPORTED),
    ],
)
def test_a_status_that_is_not_complete_is_a_gap(cloudwatch: FakeCloudWatch, status: str, reason: Reason) -> None:
    """Only Complete is complete; other codes are errors and do not affect the other query."""
    cloudwatch.answer_next(statuses("Complete", status))
    assert reasons(fetched(cloudwatch)) == [None, reason]


def test_a_query_with_an_internal_error_is_requested_again_alone(cloudwatch: FakeCloudWatch) -> None:
    """A query with an internal error is requested again, without the answered ones, and loses no datapoint."""
    cloudwatch.answer_next(statuses("Complete", "InternalError"), everything)
    got = fetched(cloudwatch)
    assert reasons(got) == [None, None]
    assert values(got) == [ALL[:2], ALL]
    assert [len(request["MetricDataQueries"]) for request in cloudwatch.requests] == [2, 1]


def test_an_internal_error_that_stays_is_a_gap(cloudwatch: FakeCloudWatch) -> None:
    """After every attempt the query is UNREACHABLE, and the other one is complete."""
    cloudwatch.answer_next(statuses("Complete", "InternalError"), *[statuses("InternalError")] * 9)
    got = fetched(cloudwatch)
    assert reasons(got) == [None, Reason.UNREACHABLE]
    assert len(cloudwatch.requests) == 4


@pytest.mark.parametrize("code", ["Throttling", "ThrottlingException", "RequestLimitExceeded"])
def test_a_throttled_request_is_repeated(cloudwatch: FakeCloudWatch, code: str) -> None:
    """A throttled request is repeated with growing pauses, and nothing is missing."""
    clock = FakeClock()
    cloudwatch.answer_next(refusal(code), refusal(code))
    got = fetched(cloudwatch, clock)
    assert reasons(got) == [None, None]
    # The limiter is closed for a second after the first throttle; the backoff takes half of it.
    assert clock.sleeps == [0.5, 0.5, 1.0]
    assert len(got.requests) == 3


@pytest.mark.parametrize(
    ("code", "status", "reason", "requests"),
    [
        ("InternalFailure", 500, Reason.UNREACHABLE, 4),
        ("ServiceUnavailable", 503, Reason.UNREACHABLE, 4),
        ("AccessDenied", 403, Reason.DENIED, 1),
        ("AccessDeniedException", 400, Reason.DENIED, 1),
        ("ExpiredToken", 403, Reason.DENIED, 2),
        ("ValidationError", 400, Reason.UNSUPPORTED, 1),
        ("ResourceNotFoundException", 400, Reason.UNSUPPORTED, 1),
    ],
)
def test_a_permanent_error_is_a_gap(
    cloudwatch: FakeCloudWatch, code: str, status: int, reason: Reason, requests: int
) -> None:
    """Transient errors are retried up to the limit, others are not; either way every query has an error."""
    cloudwatch.answer_next(*[refusal(code, status)] * 9)
    got = fetched(cloudwatch)
    assert reasons(got) == [reason, reason]
    assert len(cloudwatch.requests) == requests
    assert [bool(answer.error and answer.error.detail) for answer in got.answers] == [True, True]


def test_a_page_that_fails_keeps_what_was_complete(cloudwatch: FakeCloudWatch) -> None:
    """A series that was complete on the first page stays complete when the second page fails."""

    def first(request: RequestBody) -> Reply:
        one, two = request["MetricDataQueries"]
        results = [result(one, request), result(two, request, "PartialData", count=1)]
        return ok({"MetricDataResults": results, "NextToken": "t1"})

    cloudwatch.answer_next(first, refusal("AccessDenied", 403))
    got = fetched(cloudwatch)
    assert reasons(got) == [None, Reason.DENIED]
    assert values(got)[0] == ALL


def test_a_missing_response_is_a_timeout(cloudwatch: FakeCloudWatch) -> None:
    """A response that never arrives is a timeout after the allowed attempts."""
    retry_policy = FakeClock().retry_policy(max_attempts=2, read_timeout_seconds=0.05)
    cloudwatch.answer_next(*[lambda _asked: Reply(hang=True)] * 9)
    got = source(FakeSigner(cloudwatch.url), retry_policy=retry_policy).fetch(call())
    assert reasons(got) == [Reason.TIMEOUT, Reason.TIMEOUT]
    assert got.requests == ("cloudwatch:GetMetricData -",) * 2


def test_throttling_is_retried_until_the_timeout(cloudwatch: FakeCloudWatch) -> None:
    """A throttled call is repeated until its time is over, however often, and then fails as THROTTLED."""
    clock = FakeClock()
    retry_policy = clock.retry_policy(max_attempts=2, retry_timeout_seconds=60)
    cloudwatch.answer_next(*[refusal("Throttling")] * 99)
    got = source(FakeSigner(cloudwatch.url), clock, retry_policy=retry_policy).fetch(call())
    assert reasons(got) == [Reason.THROTTLED, Reason.THROTTLED]
    assert 5 < len(cloudwatch.requests) < 12
    assert clock.now < 60 + 20 + len(cloudwatch.requests)


def test_a_closed_port_is_unreachable() -> None:
    """A closed port is UNREACHABLE, not empty."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    got = fetched(FakeCloudWatch(url=f"http://127.0.0.1:{port}"))
    assert reasons(got) == [Reason.UNREACHABLE, Reason.UNREACHABLE]


NONSENSE: dict[str, bytes] = {
    "no JSON": b"<html>",
    "another shape": b"[]",
    "no results": b"{}",
    "an error in HTML": b"",
    "a list that is none": b'{"MetricDataResults": 7}',
    "nothing": b"null",
}


@pytest.mark.parametrize("what", NONSENSE)
def test_a_response_that_is_not_cloudwatchs_is_a_gap(cloudwatch: FakeCloudWatch, what: str) -> None:
    """A malformed response with HTTP 200 did not come from CloudWatch: UNREACHABLE, never an empty series."""
    cloudwatch.answer_next(*[lambda _asked: Reply(content=NONSENSE[what])] * 9)
    assert reasons(fetched(cloudwatch)) == [Reason.UNREACHABLE, Reason.UNREACHABLE]


# What is wrong with the answer to one query, as JSON.
SPOILED: dict[str, dict[str, str]] = {
    "a value that is a bare NaN": {"Values": "[NaN]"},
    "an infinite value": {"Values": "[Infinity]"},
    "a value that is text": {"Values": '["NaN"]'},
    "a value that is null": {"Values": "[null]"},
    "a value that is a truth": {"Values": "[true]"},
    "a value below zero": {"Values": "[-1]"},
    "values that are no list": {"Values": '"1"'},
    "times without values": {"Values": "[]"},
    "a time in the future": {"Timestamps": "[4102444800]"},
    "a time that no calendar has": {"Timestamps": "[1e30]"},
    "a time long before the window": {"Timestamps": "[60]"},
    "a time that is text": {"Timestamps": '["2026-01-01T00:00:00Z"]'},
    "no status": {"StatusCode": "null"},
}


@pytest.mark.parametrize("spoiled", SPOILED.values(), ids=SPOILED)
def test_a_spoiled_answer_costs_its_query_alone(cloudwatch: FakeCloudWatch, spoiled: dict[str, str]) -> None:
    """A bad value, time or status leaves its own query without a series; the other query of the batch has its own."""

    def reply(request: RequestBody) -> Reply:
        bad, good = request["MetricDataQueries"]
        start = round(result(good, request)["Timestamps"][0])
        fields = {"Id": f'"{bad["Id"]}"', "Timestamps": f"[{start}]", "Values": "[1]", "StatusCode": '"Complete"'}
        one = ",".join(f'"{name}":{text}' for name, text in (fields | spoiled).items())
        return Reply(content=b'{"MetricDataResults":[{%b},%b]}' % (one.encode(), orjson.dumps(result(good, request))))

    cloudwatch.answer_next(*[reply] * 9)
    got = fetched(cloudwatch)
    assert (reasons(got), values(got)[1]) == ([Reason.UNSUPPORTED, None], ALL)


def test_a_spoiled_page_spoils_its_metric_whatever_the_next_page_has(cloudwatch: FakeCloudWatch) -> None:
    """A good second page does not hide that the first could not be read."""

    def page(request: RequestBody, values: list[float], token: str) -> Reply:
        one = result(request["MetricDataQueries"][0], request, count=1)
        return ok({"MetricDataResults": [{**one, "Values": values}], "NextToken": token})

    cloudwatch.answer_next(lambda asked: page(asked, [-5.0], "t"), lambda asked: page(asked, [5.0], ""))
    assert reasons(fetched(cloudwatch, count=1)) == [Reason.UNSUPPORTED]


def test_an_answer_of_no_query_is_left_aside(cloudwatch: FakeCloudWatch) -> None:
    """A result with an unknown id, or that is no object, costs nothing."""
    odd: list[object] = [{"Id": "x", "Timestamps": [], "Values": [], "StatusCode": "Complete"}, 7, None, {}]
    cloudwatch.answer_next(
        lambda asked: ok({"MetricDataResults": [*odd, *(result(q, asked) for q in asked["MetricDataQueries"])]})
    )
    got = fetched(cloudwatch)
    assert (reasons(got), values(got)) == ([None, None], [ALL, ALL])


def test_an_error_in_html_is_classified_by_its_status(cloudwatch: FakeCloudWatch) -> None:
    """The HTML page of a load balancer is classified by its status."""
    cloudwatch.answer_next(*[lambda _asked: Reply(status=502, content=b"<html>Bad Gateway</html>")] * 9)
    assert reasons(fetched(cloudwatch)) == [Reason.UNREACHABLE, Reason.UNREACHABLE]


def test_a_missing_query_is_a_gap(cloudwatch: FakeCloudWatch) -> None:
    """A query that is missing in the response is an error, not an empty series."""
    nothing: Behaviour = lambda _asked: ok({"MetricDataResults": []})  # noqa: E731  # said once
    cloudwatch.answer_next(
        lambda request: ok({"MetricDataResults": [result(request["MetricDataQueries"][0], request)]})
    )
    cloudwatch.answer_next(*[nothing] * 9)
    assert reasons(fetched(cloudwatch)) == [None, Reason.NOT_ENOUGH_DATA]


def test_an_empty_result_with_a_warning_is_a_gap(cloudwatch: FakeCloudWatch) -> None:
    """An empty series in a response with a warning is not taken for empty."""

    def warned(request: RequestBody) -> Reply:
        one, two = request["MetricDataQueries"]
        messages = [{"Code": "MaxMetricsExceeded", "Value": "Maximum number of allowed metrics exceeded"}]
        return ok({"MetricDataResults": [result(one, request), result(two, request, count=0)], "Messages": messages})

    cloudwatch.answer_next(warned)
    got = fetched(cloudwatch)
    assert reasons(got) == [None, Reason.NOT_ENOUGH_DATA]
    assert "MaxMetricsExceeded" in str(got.answers[1].error)


def test_a_partial_result_is_requested_again_alone(cloudwatch: FakeCloudWatch) -> None:
    """A partial result is requested again, without the complete ones."""
    cloudwatch.answer_next(statuses("Complete", "PartialData"), everything)
    got = fetched(cloudwatch)
    assert reasons(got) == [None, None]
    assert values(got) == [ALL[:2], ALL]
    assert [[query["Id"] for query in request["MetricDataQueries"]] for request in cloudwatch.requests] == [
        ["q0", "q1"],
        ["q1"],
    ]


def test_permanently_partial_data_is_a_gap_with_its_datapoints(cloudwatch: FakeCloudWatch) -> None:
    """After every attempt the query has its partial data and an error."""
    cloudwatch.answer_next(statuses("Complete", "PartialData"), *[statuses("PartialData")] * 9)
    got = fetched(cloudwatch)
    assert reasons(got) == [None, Reason.NOT_ENOUGH_DATA]
    assert values(got)[1] == ALL[:2]
    assert len(cloudwatch.requests) == 4


def test_a_missing_query_is_requested_again(cloudwatch: FakeCloudWatch) -> None:
    """A query that is missing in one response is requested again."""
    cloudwatch.answer_next(
        lambda request: ok({"MetricDataResults": [result(request["MetricDataQueries"][0], request)]})
    )
    assert values(fetched(cloudwatch)) == [ALL, ALL]


def test_expired_credentials_are_renewed_once(cloudwatch: FakeCloudWatch) -> None:
    """A request with expired credentials is repeated with new ones, and nothing is missing."""
    signer = FakeSigner(cloudwatch.url)
    cloudwatch.answer_next(refusal("ExpiredToken", 403))
    got = source(signer).fetch(call())
    assert (reasons(got), signer.resets) == ([None, None], 1)
    assert cloudwatch.tokens == ["token-0", "token-1"]


def test_credentials_that_stay_expired_are_a_gap(cloudwatch: FakeCloudWatch) -> None:
    """New credentials that are rejected as well are not renewed again."""
    signer = FakeSigner(cloudwatch.url)
    cloudwatch.answer_next(*[refusal("ExpiredTokenException", 400)] * 9)
    assert reasons(source(signer).fetch(call())) == [Reason.DENIED, Reason.DENIED]
    assert signer.resets == 1


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("retry_after", ["", "7", "Fri, 31 Dec 1999 23:59:59 GMT"])
def test_retry_after_is_respected(cloudwatch: FakeCloudWatch, status: int, retry_after: str) -> None:
    """The next attempt waits at least for Retry-After in seconds; a date is ignored."""
    clock = FakeClock()
    cloudwatch.answer_next(lambda _asked: Reply(status=status, content=b"<html>busy", retry_after=retry_after))
    got = fetched(cloudwatch, clock)
    assert reasons(got) == [None, None]
    assert max(clock.sleeps) == (7 if retry_after == "7" else 0.5)


def test_a_connection_that_breaks_is_tried_again(cloudwatch: FakeCloudWatch) -> None:
    """A connection that breaks in the middle of a response is retried without loss."""
    cloudwatch.answer_next(lambda request: Reply(content=everything(request).content, cut=True))
    got = fetched(cloudwatch)
    assert (reasons(got), values(got)) == ([None, None], [ALL, ALL])
    assert got.requests == ("cloudwatch:GetMetricData -", "cloudwatch:GetMetricData r-2")


def test_truncated_json_is_a_gap(cloudwatch: FakeCloudWatch) -> None:
    """Truncated JSON in a complete HTTP response is asked for again, and UNREACHABLE when it stays so."""
    cloudwatch.answer_next(*[lambda request: Reply(content=everything(request).content[:-20])] * 9)
    assert reasons(fetched(cloudwatch)) == [Reason.UNREACHABLE, Reason.UNREACHABLE]


def test_datapoints_are_sorted(cloudwatch: FakeCloudWatch) -> None:
    """Datapoints in descending order over two pages end in ascending order, each period once."""

    def page(request: RequestBody, first: int, count: int) -> RequestBody:
        one = result(request["MetricDataQueries"][0], request, first=first, count=count)
        return {**one, "Timestamps": one["Timestamps"][::-1], "Values": one["Values"][::-1]}

    cloudwatch.answer_next(
        lambda request: ok({"MetricDataResults": [page(request, 2, 2)], "NextToken": "t"}),
        lambda request: ok({"MetricDataResults": [page(request, 0, 3)]}),
    )
    (answer,) = fetched(cloudwatch, count=1).answers
    assert list(answer.values) == ALL
    assert list(answer.starts) == sorted(answer.starts)


def test_an_open_period_is_dropped(cloudwatch: FakeCloudWatch) -> None:
    """At a window that ends within five minutes, only complete five-minute periods are used."""
    window = Window(start=NOON - timedelta(minutes=10), end=NOON - timedelta(minutes=2))
    mixed = Call(queries(target("auth", [spec(), spec(minutes=5)])), window)
    minutes, fives = source(FakeSigner(cloudwatch.url)).fetch(mixed).answers
    assert len(minutes.values) == 8
    assert list(fives.values) == [710.0]


def test_metrics_of_another_account_name_it(cloudwatch: FakeCloudWatch) -> None:
    """A query to a monitoring account names the owner of the metric, unless it is the monitoring account."""
    mixed = Call((*call(1).queries, *call(1, owner="999999999999").queries), FOUR_MINUTES)
    source(FakeSigner(cloudwatch.url)).fetch(mixed)
    assert [query.get("AccountId") for query in cloudwatch.requests[0]["MetricDataQueries"]] == [None, "999999999999"]


def test_calls_over_other_windows_share_their_json(cloudwatch: FakeCloudWatch, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call over another window reuses its JSON and requests that window."""
    first, ours = call(), source(FakeSigner(cloudwatch.url))
    ours.fetch(first)
    later = first.with_window(Window(start=FOUR_MINUTES.end, end=FOUR_MINUTES.end + timedelta(minutes=2)))
    monkeypatch.setattr(planner, "queries_json", lambda _queries, _account: pytest.fail("the JSON is built again"))
    assert later.json(ours.account_id) == first.json(ours.account_id)
    assert [list(answer.values) for answer in ours.fetch(later).answers] == [[720.0, 721.0]] * 2


def test_waiting_for_the_rate_limiter_does_not_count_as_retrying(cloudwatch: FakeCloudWatch) -> None:
    """A call that waited for the rate limiter longer than its retry timeout is still retried."""
    clock = FakeClock()
    rate_limits = clock.rate_limits(calls_per_second=0.01)
    ours = source(
        FakeSigner(cloudwatch.url),
        clock,
        rate_limits=rate_limits,
        retry_policy=clock.retry_policy(retry_timeout_seconds=50),
    )
    ours.fetch(call())
    cloudwatch.answer_next(refusal("InternalFailure", 500))
    assert reasons(ours.fetch(call())) == [None, None]
    assert clock.now > 100
