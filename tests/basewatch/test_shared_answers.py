"""Each distinct request of a pass is sent once, whoever asks, and no failure of one asker is that of another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from basewatch.aws import AwsClient, SharedAnswers
from basewatch.aws.response import accepted_error
from basewatch.aws.shared_answers import LARGEST_ANSWER_BYTES, Question
from basewatch.errors import ObservationError
from basewatch.model import Reason
from basewatch.time_limit import TimeLimit, limited
from tests.checks.situations.aws_answers import body
from tests.wire import ACCOUNT, REGION, Wire, answered, offline, refusal

ASKED = Question.of(ACCOUNT, REGION, "kms", "DescribeKey", {"KeyId": "alias/main"})
LONG = 600.0
DENIED = refusal("AccessDeniedException")
THROTTLED = refusal("ThrottlingException")


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    """Threads that are joined at the end."""
    with ThreadPoolExecutor(16) as pool:
        yield pool


class Held:
    """A request that is under way until it is let go; `sent` counts how often it was sent."""

    def __init__(self, outcome: dict[str, Any] | Exception) -> None:
        self.sent = 0
        self.under_way, self._go = Event(), Event()
        self._outcome = outcome

    def __call__(self) -> dict[str, Any]:
        """Sends it."""
        self.sent += 1
        self.under_way.set()
        assert self._go.wait(LONG)
        if isinstance(self._outcome, Exception):
            raise self._outcome
        return self._outcome

    def let_go(self) -> None:
        """Lets the answer arrive."""
        self._go.set()


def error(answer: dict[str, Any]) -> ClientError:
    """The error that botocore raises for this answer."""
    return ClientError(answer, "DescribeKey")


def asked_within(answers: SharedAnswers, seconds: float, send: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The answer to ASKED for a thread that has so many seconds."""
    with limited(TimeLimit.after(seconds)):
        return answers.answer(ASKED, send)


def joined(threads: ThreadPoolExecutor, answers: SharedAnswers, held: Held, count: int) -> list[Future[dict[str, Any]]]:
    """So many threads that ask at once; the first of them has sent the request."""
    futures = [threads.submit(asked_within, answers, LONG, held) for _ in range(count)]
    assert held.under_way.wait(LONG)
    return futures


def test_who_asks_at_the_same_time_waits_for_one_request(threads: ThreadPoolExecutor) -> None:
    """Ten threads get the same answer from one request, and later ones too."""
    answers, held = SharedAnswers(), Held({"Key": {"State": "Enabled"}})
    futures = joined(threads, answers, held, 10)
    held.let_go()
    assert [each.result() for each in futures] == [{"Key": {"State": "Enabled"}}] * 10
    assert asked_within(answers, LONG, held) == {"Key": {"State": "Enabled"}}
    assert held.sent == 1


def test_no_asker_sees_what_another_does_with_the_answer() -> None:
    """Each has a copy of its own, the first one included."""
    answers, held = SharedAnswers(), Held({"Tags": ["a"]})
    held.let_go()
    for _ in range(3):
        found = answers.answer(ASKED, held)
        assert found == {"Tags": ["a"]}
        found["Tags"].append("b")


@pytest.mark.parametrize(
    ("outcome", "sent"),
    [
        (error(DENIED), 1),
        (error(refusal("NotFoundException", status=404)), 1),
        (error(refusal("BrandNewException")), 1),
        (error(THROTTLED), 2),
        (error(refusal("SlowDown", status=503)), 2),
        (error(refusal("ExpiredToken")), 2),
        (error(refusal("InternalFailure", status=500)), 2),
        (EndpointConnectionError(endpoint_url="https://aws"), 2),
        (TimeoutError("late"), 2),
    ],
    ids=repr,
)
def test_only_a_refusal_that_aws_would_repeat_is_remembered(
    threads: ThreadPoolExecutor, outcome: Exception, sent: int
) -> None:
    """Who waits gets the same error; who comes later asks anew after a failure that may be over."""
    answers, held = SharedAnswers(), Held(outcome)
    futures = joined(threads, answers, held, 1)
    held.let_go()
    assert [type(each.exception()) for each in futures] == [type(outcome)]
    with pytest.raises(type(outcome)):
        answers.answer(ASKED, held)
    assert held.sent == sent


def test_who_has_less_time_than_the_request_takes_gives_up_alone(threads: ThreadPoolExecutor) -> None:
    """Its limit is its own: it is UNVERIFIED by a timeout, and the others get the answer."""
    answers, held = SharedAnswers(), Held({"State": "Enabled"})
    futures = joined(threads, answers, held, 3)
    with pytest.raises(ObservationError, match="received no answer in time") as caught:
        asked_within(answers, 0.01, held)
    held.let_go()
    assert caught.value.reason is Reason.TIMEOUT
    assert [each.result() for each in futures] == [{"State": "Enabled"}] * 3
    assert held.sent == 1


def test_a_request_that_hangs_is_sent_anew_by_who_has_more_time(threads: ThreadPoolExecutor) -> None:
    """It does not hang with a thread that cannot be stopped, and that thread's late answer changes nothing."""
    answers, hangs, works = SharedAnswers(), Held({"State": "old"}), Held({"State": "new"})
    stuck = threads.submit(asked_within, answers, 0.01, hangs)
    assert hangs.under_way.wait(LONG)
    works.let_go()
    assert asked_within(answers, LONG, works) == {"State": "new"}
    hangs.let_go()
    assert stuck.result() == {"State": "old"}
    assert asked_within(answers, LONG, works) == {"State": "new"}
    assert works.sent == 1


def test_who_ran_out_of_time_leaves_the_request_to_the_next(threads: ThreadPoolExecutor) -> None:
    """A timeout by the limit of the first asker is no answer for one with more time."""
    answers, late, works = SharedAnswers(), Held(TimeoutError("the limit is over")), Held({"State": "Enabled"})
    first = threads.submit(asked_within, answers, 0.0, late)
    assert late.under_way.wait(LONG)
    works.let_go()
    second = threads.submit(asked_within, answers, LONG, works)
    late.let_go()
    assert second.result() == {"State": "Enabled"}
    assert isinstance(first.exception(), TimeoutError)


@pytest.mark.parametrize(
    ("size", "most"),
    [(LARGEST_ANSWER_BYTES, LARGEST_ANSWER_BYTES * 9), (100, 50)],
    ids=["a large answer", "a full memory"],
)
def test_memory_is_bounded(threads: ThreadPoolExecutor, size: int, most: int) -> None:
    """What is not kept reaches those who wait, and is asked anew later."""
    answers, held = SharedAnswers(most), Held({"Page": "x" * size})
    futures = joined(threads, answers, held, 2)
    held.let_go()
    assert all(len(each.result()["Page"]) == size for each in futures)
    before = held.sent
    answers.answer(ASKED, held)
    assert held.sent == before + 1


def pair(wire: Wire) -> tuple[AwsClient, AwsClient]:
    """The clients of two observations in one pass."""
    session, answers = offline(wire), SharedAnswers()
    return session.open_client(answers=answers), session.open_client(answers=answers)


def count(wire: Wire, operation: str) -> int:
    """How often an operation was asked."""
    return [name for name, _ in wire.asked].count(operation)


def test_the_evidence_of_each_observation_names_the_request_that_was_sent() -> None:
    """Two observations that share an answer list the same request id, and each its own requests."""
    wire = Wire()
    wire.answer("kms:DescribeKey", answered("r-7", KeyMetadata={"KeyId": "k"}))
    one, other = pair(wire)
    for client in (one, other):
        assert client.call("kms", "DescribeKey", KeyId="k")["KeyMetadata"] == {"KeyId": "k"}
        assert client.requests == ("kms:DescribeKey r-7",)
    assert count(wire, "kms:DescribeKey") == 1


def test_other_parameters_and_another_region_are_other_requests() -> None:
    """The region of the session and the same one by name are one."""
    wire = Wire()
    wire.answer("kms:DescribeKey", answered(KeyMetadata={"KeyId": "k"}))
    one, other = pair(wire)
    one.call("kms", "DescribeKey", KeyId="k")
    other.in_region(REGION).call("kms", "DescribeKey", KeyId="k")
    assert count(wire, "kms:DescribeKey") == 1
    other.call("kms", "DescribeKey", KeyId="l")
    other.in_region("eu-west-1").call("kms", "DescribeKey", KeyId="k")
    assert count(wire, "kms:DescribeKey") == 3


def test_an_error_that_one_accepts_is_still_an_error_for_another() -> None:
    """What is shared is AWS's answer, not what an observation makes of it."""
    wire = Wire()
    wire.answer("s3:GetBucketPolicy", refusal("NoSuchBucketPolicy", status=404))
    one, other = pair(wire)
    answer = one.call("s3", "GetBucketPolicy", accepted_errors=("NoSuchBucketPolicy",), Bucket="b")
    assert accepted_error(answer) == "NoSuchBucketPolicy"
    with pytest.raises(ObservationError, match="NoSuchBucketPolicy"):
        other.call("s3", "GetBucketPolicy", Bucket="b")
    assert count(wire, "s3:GetBucketPolicy") == 1


def test_each_page_is_requested_once() -> None:
    """Whoever stops early and whoever goes on share the pages that both have read."""
    wire = Wire()
    wire.answer(
        "sns:ListTopics",
        answered("r-1", Topics=[{"TopicArn": "a"}], NextToken="2"),
        answered("r-2", Topics=[{"TopicArn": "b"}]),
    )
    one, other = pair(wire)
    assert len(list(one.pages("sns", "ListTopics", limit=1))) == 1
    arns = [topic["TopicArn"] for page in other.pages("sns", "ListTopics") for topic in page["Topics"]]
    assert arns == ["a", "b"]
    assert other.requests == ("sns:ListTopics r-1", "sns:ListTopics r-2")
    assert count(wire, "sns:ListTopics") == 2


def test_a_document_is_shared_and_a_body_that_is_read_in_parts_is_not() -> None:
    """A stream can be read once only."""
    wire = Wire()
    wire.answer("apigateway:GetExport", answered(body=body(b"{}")))
    wire.answer("s3:GetObject", answered(Body=body(b"one")), answered(Body=body(b"two")))
    one, other = pair(wire)
    export = {"restApiId": "a", "stageName": "prod", "exportType": "oas30"}
    assert [each.document("apigateway", "GetExport", field="body", **export) for each in (one, other)] == [b"{}"] * 2
    read = [b"".join(each.body_chunks("s3", "GetObject", Bucket="b", Key="k")) for each in (one, other)]
    assert read == [b"one", b"two"]
    assert count(wire, "apigateway:GetExport") == 1


def test_a_document_has_a_largest_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """A body that does not end is UNVERIFIED, and no memory is filled with it."""
    monkeypatch.setattr("basewatch.aws.whole_body.LARGEST_DOCUMENT_BYTES", 3)
    wire = Wire()
    wire.answer("apigateway:GetExport", answered(body=body(b"four")))
    with pytest.raises(ObservationError, match="is larger than") as caught:
        pair(wire)[0].document(
            "apigateway", "GetExport", field="body", restApiId="a", stageName="p", exportType="oas30"
        )
    assert caught.value.reason is Reason.UNSUPPORTED


def test_the_next_pass_asks_anew() -> None:
    """An answer belongs to one pass: what was repaired since is seen."""
    wire = Wire()
    wire.answer("kms:DescribeKey", DENIED, answered(KeyMetadata={"KeyId": "k"}))
    session = offline(wire)
    with pytest.raises(ObservationError):
        session.open_client(answers=SharedAnswers()).call("kms", "DescribeKey", KeyId="k")
    answer = session.open_client(answers=SharedAnswers()).call("kms", "DescribeKey", KeyId="k")
    assert answer["KeyMetadata"] == {"KeyId": "k"}
