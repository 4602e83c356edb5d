"""The fake AWS: finds the operation of a request, checks signature and quotas, and answers."""

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
from benchmarks.cloudwatch.fake_settings import FakeSettings, TokenBucket
from benchmarks.cloudwatch.fleet import Fleet
from benchmarks.cloudwatch.identities import Caller, authenticate
from benchmarks.cloudwatch.list_operations import ListOperations, RequestContext
from benchmarks.cloudwatch.metric_data_request import FakeAwsError, ParsedRequest, parse_request, request_window
from benchmarks.cloudwatch.metric_data_responder import MetricDataResponder, ResponsePage
from benchmarks.cloudwatch.query_protocol import query_response
from benchmarks.cloudwatch.request_counts import RequestCounts

_KEPT_REQUESTS = 4000
# Settings that can change without discarding caches: cached answers do not depend on them.
_LIVE_SETTINGS = {"now", "latency_ms", "session_seconds", "claimed_session_seconds", "fault_ratio"}
_NO_RANDOM = Random(0)  # noqa: S311  # never used: true values have no failures
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
    """A response, sent after the latency if `delayed`, or not at all if `never_sent`."""

    content: bytes
    status: int = 200
    content_type: bytes = b"application/json"
    headers: bytes = b""
    delayed: bool = True
    is_metric_data: bool = False
    never_sent: bool = False


class FakeAws:
    """All accounts and regions at once, under settings that can change while it runs."""

    def __init__(self, settings: FakeSettings) -> None:
        self.counts = RequestCounts()
        self.settings = settings
        self._apply(settings)

    def _apply(self, settings: FakeSettings) -> None:
        """Applies settings and discards the caches of the previous ones. Counts stay."""
        self.settings = settings
        self._fleet = Fleet(settings)
        self._list_operations = ListOperations(settings)
        self._responder = MetricDataResponder(settings, Random(7))  # noqa: S311  # failures are repeatable, not secret
        self._parsed: dict[tuple[str, str, Encoding, bytes], ParsedRequest] = {}
        self._buckets: dict[tuple[str, ...], TokenBucket] = {}

    def now(self) -> float:
        """The fake's time in Unix seconds: the real time, unless its clock is stopped."""
        return self.settings.now or time.time()

    def handle(self, request: HttpRequest) -> HttpResponse:
        """The response to a request; client errors do not raise."""
        if request.path.startswith("/__"):
            return self._control(request)
        encoding: Encoding = CBOR if b"smithy-protocol" in request.headers else JSON
        operation = _operation(request)
        started = time.perf_counter()
        self.counts.calls[operation] += 1
        try:
            return self._answer(operation, request, encoding)
        except FakeAwsError as error:
            self.counts.errors[error.code] += 1
            return _error_response(error, encoding, xml=_is_query(request))
        finally:
            self.counts.busy_seconds[operation] += time.perf_counter() - started

    def _answer(self, operation: str, request: HttpRequest, encoding: Encoding) -> HttpResponse:
        """Raises: FakeAwsError."""
        caller = authenticate(request.headers, self.settings.session_seconds, self.now())
        self.counts.calls_by_account_and_region[f"{operation} {caller.account_id}/{caller.region}"] += 1
        if caller.region == self.settings.dead_region and caller.service in {"monitoring", "tagging"}:
            return HttpResponse(content=b"", never_sent=True)
        if _is_query(request):
            answer = dict(parse_qsl(request.content.decode()))
            return HttpResponse(
                content=query_response(operation, answer, caller, self._list_operations, self.now()),
                content_type=b"text/xml",
            )
        if operation == "GetMetricData":
            content = self._metric_data(request.content, caller, encoding).content
            return replace(_response(encoding, content), is_metric_data=True)
        try:
            request_body: Any = encoding.loads(request.content) if request.content else dict(request.parameters)
        except ValueError as error:
            raise FakeAwsError("SerializationException", str(error)) from error
        return _response(encoding, encoding.dumps(self._other_operation(operation, request_body, caller)))

    def _other_operation(self, operation: str, answer: Mapping[str, Any], identity: Caller) -> dict[str, Any]:
        """Raises: FakeAwsError."""
        caller = RequestContext(account_id=identity.account_id, region=identity.region, now=self.now())
        operations: Mapping[str, Callable[[], dict[str, Any]]] = {
            "ListMetrics": lambda: self._list_operations.metrics(answer, caller),
            "GetMetricStatistics": lambda: metric_statistics.metric_statistics_response(
                answer, caller, self.settings, self._fleet
            ),
            "GetResources": lambda: self._list_operations.get_resources(answer, caller),
            "GetRestApis": lambda: self._list_operations.rest_apis(caller),
            "GetApis": lambda: {"items": []},
            "ListFunctions": lambda: self._list_operations.functions(answer.get("Marker"), caller),
            "GetAccountSettings": lambda: {"AccountLimit": {"ConcurrentExecutions": 1000}},
        }
        if operation not in operations:
            raise FakeAwsError("UnknownOperationException", f"{operation} is not known here.", 404)
        if operation == "ListMetrics":
            self._admit(identity, operation, self.settings.lists_per_second, 1)
        return operations[operation]()

    def _metric_data(self, content: bytes, caller: Caller, encoding: Encoding) -> ResponsePage:
        """Raises: FakeAwsError."""
        try:
            windowless = encoding.without_window(content)
        except (ValueError, TypeError, LookupError) as error:
            raise FakeAwsError("SerializationException", str(error)) from error
        key = (caller.account_id, caller.region, encoding, windowless.body)
        parsed = self._parsed.get(key)
        if parsed is None:
            try:
                answer = encoding.loads(content)
            except ValueError as error:
                raise FakeAwsError("SerializationException", str(error)) from error
            parsed = parse_request(answer, caller.account_id, caller.region, self.settings, self._fleet)
            if len(self._parsed) >= _KEPT_REQUESTS:
                self._parsed.clear()
            if not parsed.token:
                self._parsed[key] = parsed
        first, end = request_window(
            windowless.start, windowless.end, parsed.longest_period, strict=bool(self.settings.strict_windows)
        )
        self._admit(caller, "GetMetricData", self.settings.calls_per_second, 1)
        points = sum([max(1, (end - first) // query.period) for query in parsed.queries])
        self._admit(caller, "datapoints", self.settings.datapoints_per_second, points)
        if self.settings.fault_ratio and self._responder.rng.random() < self.settings.fault_ratio:
            raise FakeAwsError("InternalServiceFault", "The request processing has failed.", 500)
        answer = self._responder.respond(parsed, first, end, self.now(), encoding)
        self.counts.metric_data_answered(parsed, answer.datapoints)
        return answer

    def _admit(self, caller: Caller, what: str, rate: float, tokens: float) -> None:
        """Raises: FakeAwsError, when the account's quota in that region is used up."""
        key = (caller.account_id, caller.region, what)
        bucket = self._buckets.setdefault(key, TokenBucket(rate))
        if not bucket.take(tokens, time.monotonic()):
            raise FakeAwsError("ThrottlingException", "Rate exceeded")

    def _control(self, request: HttpRequest) -> HttpResponse:
        """The fake's control pages: its counts, its settings, and the true values of metrics."""
        try:
            match request.path:
                case "/__stats":
                    answer: Any = self.counts.as_json()
                case "/__reset":
                    now = self.counts
                    self.counts = RequestCounts(in_flight=now.in_flight, metrics_in_flight=now.metrics_in_flight)
                    answer = {}
                case "/__control":
                    changes = orjson.loads(request.content)
                    if set(changes) <= _LIVE_SETTINGS:
                        self.settings = self.settings.updated(changes)
                    else:
                        self._apply(self.settings.updated(changes))
                    answer = {"turned": self.settings.arguments()}
                case "/__truth":
                    return HttpResponse(content=self._truth(orjson.loads(request.content)), delayed=False)
                case _:
                    answer = {"error": "/__stats, /__reset, /__control or /__truth"}
        except (ValueError, KeyError, FakeAwsError) as error:
            return HttpResponse(content=orjson.dumps({"error": str(error)}), status=400, delayed=False)
        return HttpResponse(content=orjson.dumps(answer), delayed=False)

    def _truth(self, answer: Mapping[str, Any]) -> bytes:
        """A GetMetricData request with `Account` and `Region`, answered with the final values after all late data."""
        settings = replace(
            self.settings,
            late_minutes=0,
            partial_ratio=0,
            internal_error_ratio=0,
            forbidden_ratio=0,
            max_datapoints=10**9,
        )
        parsed = parse_request(answer, answer["Account"], answer["Region"], settings, Fleet(settings))
        first, end = request_window(answer.get("StartTime"), answer.get("EndTime"), parsed.longest_period, strict=False)
        return MetricDataResponder(settings, _NO_RANDOM).respond(parsed, first, end, float("inf"), JSON).content


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


def _response(encoding: Encoding, content: bytes) -> HttpResponse:
    return HttpResponse(content=content, content_type=encoding.content_type, headers=encoding.headers)


def _error_response(error: FakeAwsError, encoding: Encoding, *, xml: bool) -> HttpResponse:
    code, message = error.code, str(error)
    if xml:
        text = f"<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
        return HttpResponse(content=text.encode(), status=error.status, content_type=b"text/xml")
    answer = {"__type": f"com.amazonaws.cloudwatch.v2010_08_01#{code}", "message": message}
    fault = "Receiver" if error.status >= 500 else "Sender"  # noqa: PLR2004  # HTTP's server errors
    headers = encoding.headers + f"x-amzn-query-error: {code.removesuffix('Exception')};{fault}\r\n".encode()
    return HttpResponse(
        content=encoding.dumps(answer), status=error.status, content_type=encoding.content_type, headers=headers
    )
