"""A strict CloudWatch on loopback: it answers GetMetricData's JSON protocol, or fails as scripted."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from typing import Any

import orjson
from botocore.credentials import ReadOnlyCredentials

from basewatch.telemetry import ExporterMetrics
from collectors.cloudwatch.client import CloudWatch
from collectors.cloudwatch.throttling import RateLimits, RetryPolicy

RequestBody = dict[str, Any]
MINUTE = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One HTTP response; `hang` never sends it, `cut` closes the connection half-way."""

    status: int = 200
    content: bytes = b""
    hang: bool = False
    cut: bool = False
    retry_after: str = ""


Behaviour = Callable[[RequestBody], Reply]


def ok(answer: Mapping[str, Any]) -> Reply:
    """A successful response."""
    return Reply(content=orjson.dumps(answer))


def refusal(code: str, status: int = 400, message: str = "no") -> Behaviour:
    """An AWS error, for any request."""
    content = orjson.dumps({"__type": f"com.amazon.coral.service#{code}", "message": message})
    return lambda _asked: Reply(status=status, content=content)


def result(
    query: RequestBody, request: RequestBody, status: str = "Complete", *, first: int = 0, count: int = 10**6
) -> RequestBody:
    """A query's datapoints, or some of them; each value is the number of its minute within the day."""
    period = int(query["MetricStat"]["Period"])
    start = -(-int(request["StartTime"]) // period) * period
    starts = list(range(start, int(request["EndTime"]), period))[first : first + count]
    return {
        "Id": query["Id"],
        "Label": query["MetricStat"]["Metric"]["MetricName"],
        "Timestamps": starts,
        "Values": [float(at // MINUTE % 1440) for at in starts],
        "StatusCode": status,
    }


def everything(request: RequestBody) -> Reply:
    """All datapoints of all queries on one page."""
    return ok({"MetricDataResults": [result(query, request) for query in request["MetricDataQueries"]], "Messages": []})


@dataclass(slots=True)
class FakeCloudWatch:
    """The requests so far, and the next responses; when none are scripted, every query is answered."""

    url: str = ""
    requests: list[RequestBody] = field(default_factory=list[RequestBody])
    tokens: list[str] = field(default_factory=list[str])
    behaviours: list[Behaviour] = field(default_factory=list[Behaviour])
    connections: int = 0
    closing: Event = field(default_factory=Event)
    _lock: Lock = field(default_factory=Lock)

    def answer_next(self, *behaviours: Behaviour) -> None:
        """Scripts the responses to the next requests."""
        self.behaviours.extend(behaviours)

    def reply(self, headers: Mapping[str, str], content: bytes) -> Reply:
        """The response to one request, which must be one that CloudWatch would accept."""
        assert headers["X-Amz-Target"] == "GraniteServiceVersion20100801.GetMetricData"
        assert headers["Content-Type"] == "application/x-amz-json-1.0"
        assert re.match(
            r"AWS4-HMAC-SHA256 Credential=AKIAFAKE/\d{8}/us-east-1/monitoring/aws4_request, "
            r"SignedHeaders=\S+, Signature=[0-9a-f]{64}$",
            headers["Authorization"],
        )
        request: RequestBody = orjson.loads(content)
        queries = request["MetricDataQueries"]
        assert 1 <= len(queries) <= 500
        assert len({query["Id"] for query in queries}) == len(queries)
        assert all(re.fullmatch(r"[a-z][a-zA-Z0-9_]*", query["Id"]) for query in queries)
        assert request["StartTime"] < request["EndTime"]
        assert request["StartTime"] % MINUTE == request["EndTime"] % MINUTE == 0
        with self._lock:
            self.requests.append(request)
            self.tokens.append(headers["X-Amz-Security-Token"])
            behaviour = self.behaviours.pop(0) if self.behaviours else everything
        return behaviour(request)

    def serve(self) -> ThreadingHTTPServer:
        """Starts serving on a free port."""
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                super().setup()
                fake.connections += 1

            def do_POST(self) -> None:
                try:
                    reply = fake.reply(dict(self.headers.items()), self.rfile.read(int(self.headers["Content-Length"])))
                except AssertionError as error:
                    reply = Reply(
                        status=400, content=orjson.dumps({"__type": "ValidationError", "message": str(error)})
                    )
                if reply.hang:
                    fake.closing.wait(30)
                    self.close_connection = True
                    return
                self.send_response(reply.status)
                self.send_header("x-amzn-RequestId", f"r-{len(fake.requests)}")
                self.send_header("Content-Length", str(len(reply.content)))
                if reply.retry_after:
                    self.send_header("Retry-After", reply.retry_after)
                self.end_headers()
                self.wfile.write(reply.content[: len(reply.content) // 2] if reply.cut else reply.content)
                self.close_connection = self.close_connection or reply.cut

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # as the class it overrides
                """Logs nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{server.server_port}"
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return server


@dataclass(slots=True)
class FakeSigner:
    """An account whose CloudWatch is at `url`."""

    url: str
    account_id: str = "123456789012"
    region: str = "us-east-1"
    principal: str = "arn:aws:sts::123456789012:assumed-role/reader/basewatch"
    ca_bundle: str | None = None

    resets: int = 0

    def credentials(self) -> ReadOnlyCredentials:
        """Keys that no other service accepts."""
        return ReadOnlyCredentials("AKIAFAKE", "fake", f"token-{self.resets}")

    def reset_credentials(self) -> None:
        """Switches to other keys."""
        self.resets += 1

    def endpoint(self, service: str) -> str:
        """The URL of CloudWatch."""
        assert service == "cloudwatch"
        return self.url


@dataclass(slots=True)
class FakeClock:
    """A clock that only moves when someone sleeps, and records the sleeps."""

    now: float = 0.0
    sleeps: list[float] = field(default_factory=list[float])

    def sleep(self, seconds: float) -> None:
        """Advances the clock."""
        self.now += seconds
        self.sleeps.append(seconds)

    def rate_limits(self, calls_per_second: float = 1e6, datapoints_per_second: float = 1e9) -> RateLimits:
        """Rate limits on this clock; those not given are never reached."""
        return RateLimits(calls_per_second, datapoints_per_second, lambda: self.now, self.sleep, lambda: 1.0)

    def retry_policy(
        self, max_attempts: int = 4, *, retry_timeout_seconds: float = 120, read_timeout_seconds: float = 30
    ) -> RetryPolicy:
        """A retry policy that never really waits."""
        return RetryPolicy(
            max_attempts=max_attempts,
            connect_timeout_seconds=5,
            read_timeout_seconds=read_timeout_seconds,
            retry_timeout_seconds=retry_timeout_seconds,
            sleep=self.sleep,
            clock=lambda: self.now,
            jitter=lambda: 1.0,
        )


def source(
    signer: FakeSigner,
    clock: FakeClock | None = None,
    *,
    retry_policy: RetryPolicy | None = None,
    rate_limits: RateLimits | None = None,
    telemetry: ExporterMetrics | None = None,
) -> CloudWatch:
    """The CloudWatch of this signer, on a clock that never really waits."""
    clock = clock or FakeClock()
    return CloudWatch(
        signer, rate_limits or clock.rate_limits(), retry_policy or clock.retry_policy(), telemetry or ExporterMetrics()
    )
