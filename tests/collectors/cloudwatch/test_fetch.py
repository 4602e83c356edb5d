"""Proves over real HTTP that a query ends complete or says why not, whatever CloudWatch does."""

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

ALL = [716.0, 717.0, 718.0, 719.0]


def fetched(cloudwatch: FakeCloudWatch, waiting: Waiting | None = None, *, count: int = 2) -> FetchResult:
    """What comes of a call against this CloudWatch."""
    return source(FakeSigner(cloudwatch.url), waiting).fetch(call(count))


def values(got: FetchResult) -> list[list[float]]:
    """Each query's values, oldest first."""
    return [list(answer.values) for answer in got.answers]


def reasons(got: FetchResult) -> list[Reason | None]:
    """Why each query is not complete."""
    return [answer.error.reason if answer.error else None for answer in got.answers]


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
    assert (asked["StartTime"], asked["EndTime"]) == (FOUR_MINUTES.start.timestamp(), FOUR_MINUTES.end.timestamp())
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
    # After the first refusal nobody may ask for a second; half of it the call has waited for its own sake.
    assert waiting.pauses == [0.5, 0.5, 1.0]
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
def test_a_refusal_that_stays_is_a_gap(
    cloudwatch: FakeCloudWatch, code: str, status: int, reason: Reason, requests: int
) -> None:
    """What may pass is tried until patience ends and the rest once; either way every query says why."""
    cloudwatch.then(*[refusal(code, status)] * 9)
    got = fetched(cloudwatch)
    assert reasons(got) == [reason, reason]
    assert len(cloudwatch.asked) == requests
    assert [bool(answer.error and answer.error.detail) for answer in got.answers] == [True, True]


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


def test_patience_with_throttling_is_a_matter_of_time(cloudwatch: FakeCloudWatch) -> None:
    """However often a call is throttled, it is tried while its time lasts, and then says so."""
    waiting = Waiting()
    patience = waiting.patience(attempts=2, total_seconds=60)
    cloudwatch.then(*[refusal("Throttling")] * 99)
    got = source(FakeSigner(cloudwatch.url), waiting, patience=patience).fetch(call())
    assert reasons(got) == [Reason.THROTTLED, Reason.THROTTLED]
    assert 5 < len(cloudwatch.asked) < 12
    assert waiting.now < 60 + 20 + len(cloudwatch.asked)


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
    nothing: Behaviour = lambda _asked: ok({"MetricDataResults": []})  # noqa: E731  # said once
    cloudwatch.then(lambda asked: ok({"MetricDataResults": [result(asked["MetricDataQueries"][0], asked)]}))
    cloudwatch.then(*[nothing] * 9)
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
    assert "MaxMetricsExceeded" in str(got.answers[1].error)


def test_partial_data_is_asked_for_again_alone(cloudwatch: FakeCloudWatch) -> None:
    """What CloudWatch had only a part of is asked for whole, without what is complete already."""
    cloudwatch.then(statuses("Complete", "PartialData"), everything)
    got = fetched(cloudwatch)
    assert reasons(got) == [None, None]
    assert values(got) == [ALL[:2], ALL]
    assert [[query["Id"] for query in asked["MetricDataQueries"]] for asked in cloudwatch.asked] == [
        ["q0", "q1"],
        ["q1"],
    ]


def test_partial_data_that_stays_is_a_gap_with_what_there_is(cloudwatch: FakeCloudWatch) -> None:
    """After every attempt the query is known in part, and says so."""
    cloudwatch.then(statuses("Complete", "PartialData"), *[statuses("PartialData")] * 9)
    got = fetched(cloudwatch)
    assert reasons(got) == [None, Reason.NOT_ENOUGH_DATA]
    assert values(got)[1] == ALL[:2]
    assert len(cloudwatch.asked) == 4


def test_a_query_left_out_at_first_is_asked_for_again(cloudwatch: FakeCloudWatch) -> None:
    """A query that one answer leaves out is in the next."""
    cloudwatch.then(lambda asked: ok({"MetricDataResults": [result(asked["MetricDataQueries"][0], asked)]}))
    assert values(fetched(cloudwatch)) == [ALL, ALL]


def test_expired_credentials_are_renewed_once(cloudwatch: FakeCloudWatch) -> None:
    """A request whose token has expired is sent again with new credentials, and nothing is missing."""
    signer = FakeSigner(cloudwatch.url)
    cloudwatch.then(refusal("ExpiredToken", 403))
    got = source(signer).fetch(call())
    assert (reasons(got), signer.renewed) == ([None, None], 1)
    assert cloudwatch.tokens == ["token-0", "token-1"]


def test_credentials_that_stay_expired_are_a_gap(cloudwatch: FakeCloudWatch) -> None:
    """New credentials that are refused as well are not renewed for ever."""
    signer = FakeSigner(cloudwatch.url)
    cloudwatch.then(*[refusal("ExpiredTokenException", 400)] * 9)
    assert reasons(source(signer).fetch(call())) == [Reason.DENIED, Reason.DENIED]
    assert signer.renewed == 1


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("after", ["", "7", "Fri, 31 Dec 1999 23:59:59 GMT"])
def test_a_server_that_asks_for_time_gets_it(cloudwatch: FakeCloudWatch, status: int, after: str) -> None:
    """With Retry-After the next attempt comes no sooner; a date there is as good as nothing."""
    waiting = Waiting()
    cloudwatch.then(lambda _asked: Reply(status=status, content=b"<html>busy", after=after))
    got = fetched(cloudwatch, waiting)
    assert reasons(got) == [None, None]
    assert max(waiting.pauses) == (7 if after == "7" else 0.5)


def test_a_connection_that_breaks_is_tried_again(cloudwatch: FakeCloudWatch) -> None:
    """A connection that is reset in the middle of an answer loses nothing."""
    cloudwatch.then(lambda asked: Reply(content=everything(asked).content, cut=True))
    got = fetched(cloudwatch)
    assert (reasons(got), values(got)) == ([None, None], [ALL, ALL])
    assert got.requests == ("cloudwatch:GetMetricData -", "cloudwatch:GetMetricData r-2")


def test_half_an_answer_is_no_answer(cloudwatch: FakeCloudWatch) -> None:
    """JSON that ends in the middle, though HTTP says it is all, is not believed."""
    cloudwatch.then(lambda asked: Reply(content=everything(asked).content[:-20]))
    assert reasons(fetched(cloudwatch)) == [Reason.UNSUPPORTED, Reason.UNSUPPORTED]


def test_datapoints_come_in_order_whatever_cloudwatch_does(cloudwatch: FakeCloudWatch) -> None:
    """Datapoints that arrive newest first, over two pages, end oldest first, each period once."""

    def page(asked: Asked, first: int, count: int) -> Asked:
        one = result(asked["MetricDataQueries"][0], asked, first=first, count=count)
        return {**one, "Timestamps": one["Timestamps"][::-1], "Values": one["Values"][::-1]}

    cloudwatch.then(
        lambda asked: ok({"MetricDataResults": [page(asked, 2, 2)], "NextToken": "t"}),
        lambda asked: ok({"MetricDataResults": [page(asked, 0, 3)]}),
    )
    (answer,) = fetched(cloudwatch, count=1).answers
    assert list(answer.values) == ALL
    assert list(answer.starts) == sorted(answer.starts)


def test_a_period_that_is_not_over_is_left_out(cloudwatch: FakeCloudWatch) -> None:
    """A window that ends within five minutes still asks for minutes, and believes only the five that are over."""
    window = Window(start=NOON - timedelta(minutes=10), end=NOON - timedelta(minutes=2))
    mixed = Call(queries(target("auth", [spec(), spec(minutes=5)])), window)
    minutes, fives = source(FakeSigner(cloudwatch.url)).fetch(mixed).answers
    assert len(minutes.values) == 8
    assert list(fives.values) == [710.0]


def test_metrics_of_another_account_name_it(cloudwatch: FakeCloudWatch) -> None:
    """A monitoring account says whose metrics it wants; its own it asks for as always."""
    mixed = Call((*call(1).queries, *call(1, owner="999999999999").queries), FOUR_MINUTES)
    source(FakeSigner(cloudwatch.url)).fetch(mixed)
    assert [query.get("AccountId") for query in cloudwatch.asked[0]["MetricDataQueries"]] == [None, "999999999999"]


def test_the_same_queries_over_another_window_are_written_once(
    cloudwatch: FakeCloudWatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call moved to another window shares its JSON, and asks for that window."""
    first, ours = call(), source(FakeSigner(cloudwatch.url))
    ours.fetch(first)
    later = first.with_window(Window(start=FOUR_MINUTES.end, end=FOUR_MINUTES.end + timedelta(minutes=2)))
    monkeypatch.setattr(planner, "queries_json", lambda _queries, _asker: pytest.fail("they are written again"))
    assert later.json(ours.account_id) == first.json(ours.account_id)
    assert [list(answer.values) for answer in ours.fetch(later).answers] == [[720.0, 721.0]] * 2


def test_waiting_for_others_does_not_use_up_a_calls_time(cloudwatch: FakeCloudWatch) -> None:
    """A call that waited for its turn longer than its whole patience is still tried as often as any other."""
    waiting = Waiting()
    limits = waiting.limits(calls_per_second=0.01)
    ours = source(FakeSigner(cloudwatch.url), waiting, limits=limits, patience=waiting.patience(total_seconds=50))
    ours.fetch(call())
    cloudwatch.then(refusal("InternalFailure", 500))
    assert reasons(ours.fetch(call())) == [None, None]
    assert waiting.now > 100
