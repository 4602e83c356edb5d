"""The fake as a whole: which operation a request is, whether it may be made now, and what it answers."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any
from urllib.parse import parse_qsl

import orjson

from benchmarks.cloudwatch import metric_statistics
from benchmarks.cloudwatch.encodings import CBOR, JSON, Encoding
from benchmarks.cloudwatch.fake_settings import FakeSettings
from benchmarks.cloudwatch.fleet import Fleet
from benchmarks.cloudwatch.identities import Caller, authenticate
from benchmarks.cloudwatch.list_operations import ListOperations, RequestContext
from benchmarks.cloudwatch.metric_data_request import FakeAwsError, ParsedRequest, parse_request, request_window
from benchmarks.cloudwatch.metric_data_responder import MetricDataResponder, ResponsePage
from benchmarks.cloudwatch.query_protocol import query_response
from benchmarks.cloudwatch.quotas import TokenBucket
from benchmarks.cloudwatch.request_counts import RequestCounts

_KEPT_REQUESTS = 4000
# What may be turned without forgetting what was prepared: answers do not rest on it.
_LIGHT = {"now", "latency_ms", "session_seconds", "told_seconds", "fault"}
_NO_CHANCE = Random(0)  # noqa: S311  # nothing is drawn from it: what is true has no trouble
_PATHS: Mapping[str, str] = {
    "restapis": "GetRestApis",
    "v2/apis": "GetApis",
    "2015-03-31/functions": "ListFunctions",
    "2016-08-19/account-settings": "GetAccountSettings",
}
_TARGETS = {"GraniteServiceVersion20100801", "ResourceGroupsTaggingAPI_20170126"}


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """An HTTP request; header names are in lower case."""

    method: str
    path: str
    headers: Mapping[bytes, bytes]
    content: bytes
    parameters: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpResponse:
    """What is sent back; `delayed` by the latency, and never when `never_sent`; `is_metric_data` of GetMetricData."""

    content: bytes
    status: int = 200
    content_type: bytes = b"application/json"
    headers: bytes = b""
    delayed: bool = True
    is_metric_data: bool = False
    never_sent: bool = False


class FakeCloudWatch:
    """All accounts and regions at once, under knobs that can be turned while it runs."""

    def __init__(self, knobs: FakeSettings) -> None:
        self.counts = RequestCounts()
        self.knobs = knobs
        self._turn(knobs)

    def _turn(self, knobs: FakeSettings) -> None:
        """Forgets what was prepared under other knobs. Counts stay."""
        self.knobs = knobs
        self._fleet = Fleet(knobs)
        self._listings = ListOperations(knobs)
        self._answers = MetricDataResponder(knobs, Random(7))  # noqa: S311  # troubles are repeatable, not secret
        self._parsed: dict[tuple[str, str, Encoding, bytes], ParsedRequest] = {}
        self._buckets: dict[tuple[str, ...], TokenBucket] = {}

    def now(self) -> float:
        """The fake's time in seconds since the epoch: the real one, unless it is stopped."""
        return self.knobs.now or time.time()

    def handle(self, request: HttpRequest) -> HttpResponse:
        """The answer to a request. Raises nothing that a client can cause."""
        if request.path.startswith("/__"):
            return self._control(request)
        encoding: Encoding = CBOR if b"smithy-protocol" in request.headers else JSON
        operation = _operation(request)
        began = time.perf_counter()
        self.counts.calls[operation] += 1
        try:
            return self._answer(operation, request, encoding)
        except FakeAwsError as refused:
            self.counts.refused[refused.code] += 1
            return _refusal(refused, encoding, xml=_is_query(request))
        finally:
            self.counts.busy_seconds[operation] += time.perf_counter() - began

    def _answer(self, operation: str, request: HttpRequest, encoding: Encoding) -> HttpResponse:
        """Raises: Refused."""
        asker = authenticate(request.headers, self.knobs.session_seconds, self.now())
        self.counts.calls_by_account_and_region[f"{operation} {asker.account_id}/{asker.region}"] += 1
        if asker.region == self.knobs.dead_region and asker.service in {"monitoring", "tagging"}:
            return HttpResponse(content=b"", never_sent=True)
        if _is_query(request):
            told = dict(parse_qsl(request.content.decode()))
            return HttpResponse(
                content=query_response(operation, told, asker, self._listings, self.now()),
                content_type=b"text/xml",
            )
        if operation == "GetMetricData":
            content = self._metric_data(request.content, asker, encoding).content
            return replace(_of(encoding, content), is_metric_data=True)
        try:
            said: Any = encoding.loads(request.content) if request.content else dict(request.parameters)
        except ValueError as error:
            raise FakeAwsError("SerializationException", str(error)) from error
        return _of(encoding, encoding.dumps(self._others(operation, said, asker)))

    def _others(self, operation: str, told: Mapping[str, Any], caller_: Caller) -> dict[str, Any]:
        """Raises: Refused."""
        asker = RequestContext(account_id=caller_.account_id, region=caller_.region, now=self.now())
        operations: Mapping[str, Callable[[], dict[str, Any]]] = {
            "ListMetrics": lambda: self._listings.metrics(told, asker),
            "GetMetricStatistics": lambda: metric_statistics.metric_statistics_response(
                told, asker, self.knobs, self._fleet
            ),
            "GetResources": lambda: self._listings.get_resources(told, asker),
            "GetRestApis": lambda: self._listings.rest_apis(asker),
            "GetApis": lambda: {"items": []},
            "ListFunctions": lambda: self._listings.functions(told.get("Marker"), asker),
            "GetAccountSettings": lambda: {"AccountLimit": {"ConcurrentExecutions": 1000}},
        }
        if operation not in operations:
            raise FakeAwsError("UnknownOperationException", f"{operation} is not known here.", 404)
        if operation == "ListMetrics":
            self._admit(caller_, operation, self.knobs.lists_per_second, 1)
        return operations[operation]()

    def _metric_data(self, content: bytes, asker: Caller, encoding: Encoding) -> ResponsePage:
        """Raises: Refused."""
        try:
            question = encoding.without_window(content)
        except (ValueError, TypeError, LookupError) as error:
            raise FakeAwsError("SerializationException", str(error)) from error
        key = (asker.account_id, asker.region, encoding, question.body)
        asked = self._parsed.get(key)
        if asked is None:
            try:
                told = encoding.loads(content)
            except ValueError as error:
                raise FakeAwsError("SerializationException", str(error)) from error
            asked = parse_request(told, asker.account_id, asker.region, self.knobs, self._fleet)
            if len(self._parsed) >= _KEPT_REQUESTS:
                self._parsed.clear()
            if not asked.token:
                self._parsed[key] = asked
        first, end = request_window(
            question.start, question.end, asked.longest_period, strict=bool(self.knobs.strict_windows)
        )
        self._admit(asker, "GetMetricData", self.knobs.calls_per_second, 1)
        points = sum([max(1, (end - first) // query.period) for query in asked.queries])
        self._admit(asker, "datapoints", self.knobs.datapoints_per_second, points)
        if self.knobs.fault_ratio and self._answers.rng.random() < self.knobs.fault_ratio:
            raise FakeAwsError("InternalServiceFault", "The request processing has failed.", 500)
        answer = self._answers.respond(asked, first, end, self.now(), encoding)
        self.counts.metric_data_answered(asked, answer.datapoints)
        return answer

    def _admit(self, asker: Caller, what: str, rate: float, tokens: float) -> None:
        """Raises: Refused, when the account's quota in that region is used up."""
        place = (asker.account_id, asker.region, what)
        bucket = self._buckets.setdefault(place, TokenBucket(rate))
        if not bucket.take(tokens, time.monotonic()):
            raise FakeAwsError("ThrottlingException", "Rate exceeded")

    def _control(self, request: HttpRequest) -> HttpResponse:
        """The fake's own pages: what it counted, its knobs, and what is true of metrics."""
        try:
            match request.path:
                case "/__stats":
                    told: Any = self.counts.as_json()
                case "/__reset":
                    now = self.counts
                    self.counts = RequestCounts(in_flight=now.in_flight, metrics_in_flight=now.metrics_in_flight)
                    told = {}
                case "/__control":
                    settings = orjson.loads(request.content)
                    if set(settings) <= _LIGHT:
                        self.knobs = self.knobs.updated(settings)
                    else:
                        self._turn(self.knobs.updated(settings))
                    told = {"turned": self.knobs.arguments()}
                case "/__truth":
                    return HttpResponse(content=self._truth(orjson.loads(request.content)), delayed=False)
                case _:
                    told = {"error": "/__stats, /__reset, /__control or /__truth"}
        except (ValueError, KeyError, FakeAwsError) as error:
            return HttpResponse(content=orjson.dumps({"error": str(error)}), status=400, delayed=False)
        return HttpResponse(content=orjson.dumps(told), delayed=False)

    def _truth(self, told: Mapping[str, Any]) -> bytes:
        """A GetMetricData request with `Account` and `Region`, answered as it looks once everything has arrived."""
        knobs = replace(
            self.knobs, late_minutes=0, partial_ratio=0, internal_error_ratio=0, forbidden_ratio=0, max_datapoints=10**9
        )
        asked = parse_request(told, told["Account"], told["Region"], knobs, Fleet(knobs))
        first, end = request_window(told.get("StartTime"), told.get("EndTime"), asked.longest_period, strict=False)
        return MetricDataResponder(knobs, _NO_CHANCE).respond(asked, first, end, float("inf"), JSON).content


def _operation(request: HttpRequest) -> str:
    path = request.path.strip("/")
    target = request.headers.get(b"x-amz-target", b"").decode()
    service, _, operation = (
        target.partition(".") if target else (path.removeprefix("service/").partition("/operation/"))
    )
    if service in _TARGETS:
        return operation
    if path in _PATHS:
        return _PATHS[path]
    return dict(parse_qsl(request.content.decode("latin-1"))).get("Action", "unknown")


def _is_query(request: HttpRequest) -> bool:
    return request.headers.get(b"content-type", b"").startswith(b"application/x-www-form-urlencoded")


def _of(encoding: Encoding, content: bytes) -> HttpResponse:
    return HttpResponse(content=content, content_type=encoding.content_type, headers=encoding.headers)


def _refusal(refused: FakeAwsError, encoding: Encoding, *, xml: bool) -> HttpResponse:
    code, message = refused.code, str(refused)
    if xml:
        text = f"<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
        return HttpResponse(content=text.encode(), status=refused.status, content_type=b"text/xml")
    told = {"__type": f"com.amazonaws.cloudwatch.v2010_08_01#{code}", "message": message}
    fault = "Receiver" if refused.status >= 500 else "Sender"  # noqa: PLR2004  # HTTP's server errors
    headers = encoding.headers + f"x-amzn-query-error: {code.removesuffix('Exception')};{fault}\r\n".encode()
    return HttpResponse(
        content=encoding.dumps(told), status=refused.status, content_type=encoding.content_type, headers=headers
    )
