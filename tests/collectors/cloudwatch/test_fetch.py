"""Proves over real HTTP that a query ends complete or says why not, whatever CloudWatch does."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta

import orjson
import pytest

from basewatch.collector import MetricSpec, Resource, Target
from basewatch.family import MetricType
from basewatch.model import Reason, Window
from collectors.cloudwatch.fetch import Fetched
from collectors.cloudwatch.planner import Call, Query
from tests.collectors.cloudwatch.fake import (
    Asked,
    Behaviour,
    FakeCloudWatch,
    FakeSigner,
    Reply,
    Waiting,
    everything,
    ok,
    refusal,
    result,
    source,
)

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
WINDOW = Window(start=NOON - timedelta(minutes=4), end=NOON)
ALL = [716.0, 717.0, 718.0, 719.0]


def call(count: int = 2, *, owner: str = "123456789012") -> Call:
    """A call with queries for numbered functions."""
    spec = MetricSpec(
        family="f", type=MetricType.GAUGE, help="", namespace="AWS/Lambda", metric="Invocations", statistic="Sum"
    )
    queries = tuple(
        Query(
            Target(
                collector="lambda",
                account_id=owner,
                region="us-east-1",
                resource=Resource(component=f"function/{n}", dimensions=(("FunctionName", str(n)),), labels=()),
                specs=(spec,),
            ),
            spec,
        )
        for n in range(count)
    )
    return Call(queries, WINDOW)


def fetched(cloudwatch: FakeCloudWatch, waiting: Waiting | None = None, *, count: int = 2) -> Fetched:
    """What comes of a call against this CloudWatch."""
    return source(FakeSigner(cloudwatch.url), waiting).fetch(call(count))


def values(got: Fetched) -> list[list[float]]:
    """Each query's values, oldest first."""
    return [list(answer.values) for answer in got.answers]


def reasons(got: Fetched) -> list[Reason | None]:
    """Why each query is not complete."""
    return [answer.missing.reason if answer.missing else None for answer in got.answers]


def statuses(*codes: str) -> Behaviour:
    """An answer that gives the queries these status codes, with two datapoints each."""

    def behave(asked: Asked) -> Reply:
        queries = zip(asked["MetricDataQueries"], codes, strict=True)
        return ok({"MetricDataResults": [result(query, asked, code, count=2) for query, code in queries]})

    return behave


def test_one_request_answers_a_batch(cloudwatch: FakeCloudWatch) -> None:
    """Every query of a batch is answered by one signed request, and its id is kept for the evidence."""
    got = fetched(cloudwatch)
    assert values(got) == [ALL, ALL]
    assert reasons(got) == [None, None]
    assert got.requests == ("cloudwatch:GetMetricData r-1",)
    (asked,) = cloudwatch.asked
    assert (asked["StartTime"], asked["EndTime"]) == (WINDOW.start.timestamp(), WINDOW.end.timestamp())
    assert [query["MetricStat"]["Metric"]["Dimensions"][0]["Value"] for query in asked["MetricDataQueries"]] == [
        "0",
        "1",
    ]


def test_pages_are_followed_to_the_last(cloudwatch: FakeCloudWatch) -> None:
    """Datapoints of all pages come together, and a series that began as PartialData ends complete."""

    def first(asked: Asked) -> Reply:
        one, two = asked["MetricDataQueries"]
        results = [result(one, asked), result(two, asked, "PartialData", count=1)]
        return ok({"MetricDataResults": results, "NextToken": "t1"})

    def second(asked: Asked) -> Reply:
        assert asked["NextToken"] == "t1"
        two = asked["MetricDataQueries"][1]
        return ok({"MetricDataResults": [result(two, asked, first=1)]})

    cloudwatch.then(first, second)
    got = fetched(cloudwatch)
    assert values(got) == [ALL, ALL]
    assert reasons(got) == [None, None]


def test_a_token_that_comes_again_ends_the_paging(cloudwatch: FakeCloudWatch) -> None:
    """A CloudWatch that turns in circles is not followed for ever."""

    def again(asked: Asked) -> Reply:
        results = [result(query, asked, "PartialData", count=1) for query in asked["MetricDataQueries"]]
        return ok({"MetricDataResults": results, "NextToken": "t"})

    cloudwatch.then(again, again, again)
    assert reasons(fetched(cloudwatch)) == [Reason.UNSUPPORTED] * 2
    assert len(cloudwatch.asked) == 2


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("PartialData", Reason.NOT_ENOUGH_DATA),
        ("Forbidden", Reason.DENIED),
        ("SomethingNew", Reason.UNSUPPORTED),
    ],
)
def test_a_status_that_is_not_complete_is_a_gap(cloudwatch: FakeCloudWatch, status: str, reason: Reason) -> None:
    """Only Complete is complete; the others say why, and the query beside them is not touched."""
    cloudwatch.then(statuses("Complete", status))
    assert reasons(fetched(cloudwatch)) == [None, reason]


def test_an_internal_error_is_asked_again_alone(cloudwatch: FakeCloudWatch) -> None:
    """A query that CloudWatch failed at is asked again, without those it has answered, and loses no datapoint."""
    cloudwatch.then(statuses("Complete", "InternalError"), everything)
    got = fetched(cloudwatch)
    assert reasons(got) == [None, None]
    assert values(got) == [ALL[:2], ALL]
    assert [len(asked["MetricDataQueries"]) for asked in cloudwatch.asked] == [2, 1]


def test_an_internal_error_that_stays_is_a_gap(cloudwatch: FakeCloudWatch) -> None:
    """After every attempt the query is unreachable, and the one beside it is still known."""
    cloudwatch.then(statuses("Complete", "InternalError"), *[statuses("InternalError")] * 9)
    got = fetched(cloudwatch)
    assert reasons(got) == [None, Reason.UNREACHABLE]
    assert len(cloudwatch.asked) == 4


@pytest.mark.parametrize("code", ["Throttling", "ThrottlingException", "RequestLimitExceeded"])
def test_throttling_is_waited_out(cloudwatch: FakeCloudWatch, code: str) -> None:
    """A throttled request is sent again after a growing pause, and nothing is missing."""
    waiting = Waiting()
    cloudwatch.then(refusal(code), refusal(code))
    got = fetched(cloudwatch, waiting)
    assert reasons(got) == [None, None]
    assert waiting.pauses == [0.5, 1.0]
    assert len(got.requests) == 3


@pytest.mark.parametrize(
    ("code", "status", "reason", "requests"),
    [
        ("Throttling", 400, Reason.THROTTLED, 4),
        ("InternalFailure", 500, Reason.UNREACHABLE, 4),
        ("ServiceUnavailable", 503, Reason.UNREACHABLE, 4),
        ("AccessDenied", 403, Reason.DENIED, 1),
        ("AccessDeniedException", 400, Reason.DENIED, 1),
        ("ExpiredToken", 403, Reason.DENIED, 1),
        ("ValidationError", 400, Reason.UNSUPPORTED, 1),
        ("ResourceNotFoundException", 400, Reason.UNSUPPORTED, 1),
    ],
)
def test_a_refusal_that_stays_is_a_gap(
    cloudwatch: FakeCloudWatch, code: str, status: int, reason: Reason, requests: int
) -> None:
    """What may pass is tried until patience ends and the rest once; either way every query says why."""
    cloudwatch.then(*[refusal(code, status)] * 9)
    got = fetched(cloudwatch)
    assert reasons(got) == [reason, reason]
    assert len(cloudwatch.asked) == requests
    assert [bool(answer.missing and answer.missing.detail) for answer in got.answers] == [True, True]


def test_a_page_that_fails_keeps_what_was_complete(cloudwatch: FakeCloudWatch) -> None:
    """A series that was complete on the first page is known, though the second page could not be had."""

    def first(asked: Asked) -> Reply:
        one, two = asked["MetricDataQueries"]
        results = [result(one, asked), result(two, asked, "PartialData", count=1)]
        return ok({"MetricDataResults": results, "NextToken": "t1"})

    cloudwatch.then(first, refusal("AccessDenied", 403))
    got = fetched(cloudwatch)
    assert reasons(got) == [None, Reason.DENIED]
    assert values(got)[0] == ALL


def test_an_answer_that_never_comes_is_a_timeout(cloudwatch: FakeCloudWatch) -> None:
    """A CloudWatch that hangs is given up, attempt by attempt."""
    patience = Waiting().patience(attempts=2, read_seconds=0.05)
    cloudwatch.then(*[lambda _asked: Reply(hang=True)] * 9)
    got = source(FakeSigner(cloudwatch.url), patience=patience).fetch(call())
    assert reasons(got) == [Reason.TIMEOUT, Reason.TIMEOUT]
    assert got.requests == ("cloudwatch:GetMetricData -",) * 2


def test_patience_ends(cloudwatch: FakeCloudWatch) -> None:
    """The time for a batch is limited, however many attempts there might be."""
    waiting = Waiting()
    patience = waiting.patience(attempts=100, total_seconds=60)
    cloudwatch.then(*[refusal("Throttling")] * 99)
    got = source(FakeSigner(cloudwatch.url), patience=patience).fetch(call())
    assert reasons(got) == [Reason.TIMEOUT, Reason.TIMEOUT]
    assert waiting.now < 60 + 20


def test_nobody_there_is_unreachable() -> None:
    """A port where nobody listens is unreachable, not empty."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    got = fetched(FakeCloudWatch(url=f"http://127.0.0.1:{port}"))
    assert reasons(got) == [Reason.UNREACHABLE, Reason.UNREACHABLE]


NONSENSE: dict[str, bytes] = {
    "no JSON": b"<html>",
    "another shape": b"[]",
    "no results": b"{}",
    "an error in HTML": b"",
    "times without values": orjson.dumps(
        {"MetricDataResults": [{"Id": "q0", "Timestamps": [60], "Values": [], "StatusCode": "Complete"}]}
    ),
    "a value that is no number": orjson.dumps(
        {"MetricDataResults": [{"Id": "q0", "Timestamps": [60], "Values": ["NaN"], "StatusCode": "Complete"}]}
    ),
    "an id that was not asked": orjson.dumps(
        {"MetricDataResults": [{"Id": "x", "Timestamps": [], "Values": [], "StatusCode": "Complete"}]}
    ),
}


@pytest.mark.parametrize("what", NONSENSE)
def test_an_answer_that_cannot_be_read_is_a_gap(cloudwatch: FakeCloudWatch, what: str) -> None:
    """An answer with HTTP 200 that makes no sense is unsupported, never an empty series."""
    cloudwatch.then(*[lambda _asked: Reply(content=NONSENSE[what])] * 9)
    assert reasons(fetched(cloudwatch)) == [Reason.UNSUPPORTED, Reason.UNSUPPORTED]


def test_a_refusal_in_html_is_understood_by_its_status(cloudwatch: FakeCloudWatch) -> None:
    """A load balancer's page is no answer of CloudWatch, but its status is."""
    cloudwatch.then(*[lambda _asked: Reply(status=502, content=b"<html>Bad Gateway</html>")] * 9)
    assert reasons(fetched(cloudwatch)) == [Reason.UNREACHABLE, Reason.UNREACHABLE]


def test_a_query_left_out_of_the_answer_is_a_gap(cloudwatch: FakeCloudWatch) -> None:
    """CloudWatch not mentioning a query is not CloudWatch having no datapoints for it."""
    cloudwatch.then(*[lambda asked: ok({"MetricDataResults": [result(asked["MetricDataQueries"][0], asked)]})] * 9)
    assert reasons(fetched(cloudwatch)) == [None, Reason.NOT_ENOUGH_DATA]


def test_silence_beside_a_warning_is_not_believed(cloudwatch: FakeCloudWatch) -> None:
    """An empty series in an answer that warns about the request as a whole may be empty for that reason."""

    def warned(asked: Asked) -> Reply:
        one, two = asked["MetricDataQueries"]
        messages = [{"Code": "MaxMetricsExceeded", "Value": "Maximum number of allowed metrics exceeded"}]
        return ok({"MetricDataResults": [result(one, asked), result(two, asked, count=0)], "Messages": messages})

    cloudwatch.then(warned)
    got = fetched(cloudwatch)
    assert reasons(got) == [None, Reason.NOT_ENOUGH_DATA]
    assert "MaxMetricsExceeded" in str(got.answers[1].missing)
