"""A strict CloudWatch on loopback: it answers GetMetricData's JSON protocol, or misbehaves as it is told to."""

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
from collectors.cloudwatch.limiter import RateLimits
from collectors.cloudwatch.retry_policy import RetryPolicy

Asked = dict[str, Any]
MINUTE = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One HTTP answer; `hang` keeps the client waiting for it for ever, `cut` ends the connection half-way."""

    status: int = 200
    content: bytes = b""
    hang: bool = False
    cut: bool = False
    after: str = ""


Behaviour = Callable[[Asked], Reply]


def ok(answer: Mapping[str, Any]) -> Reply:
    """A good answer."""
    return Reply(content=orjson.dumps(answer))


def refusal(code: str, status: int = 400, message: str = "no") -> Behaviour:
    """An error of AWS, whatever is asked."""
    content = orjson.dumps({"__type": f"com.amazon.coral.service#{code}", "message": message})
    return lambda _asked: Reply(status=status, content=content)


def result(query: Asked, asked: Asked, status: str = "Complete", *, first: int = 0, count: int = 10**6) -> Asked:
    """A query's datapoints: the minute's number within the day, some of them if so wanted."""
    period = int(query["MetricStat"]["Period"])
    start = -(-int(asked["StartTime"]) // period) * period
    starts = list(range(start, int(asked["EndTime"]), period))[first : first + count]
    return {
        "Id": query["Id"],
        "Label": query["MetricStat"]["Metric"]["MetricName"],
        "Timestamps": starts,
        "Values": [float(at // MINUTE % 1440) for at in starts],
        "StatusCode": status,
    }


def everything(asked: Asked) -> Reply:
    """All datapoints of all queries on one page."""
    return ok({"MetricDataResults": [result(query, asked) for query in asked["MetricDataQueries"]], "Messages": []})


@dataclass(slots=True)
class FakeCloudWatch:
    """What was asked, in order, and how the next requests are answered; when none are left, with everything."""

    url: str = ""
    asked: list[Asked] = field(default_factory=list[Asked])
    tokens: list[str] = field(default_factory=list[str])
    behaviours: list[Behaviour] = field(default_factory=list[Behaviour])
    connections: int = 0
    closing: Event = field(default_factory=Event)
    _lock: Lock = field(default_factory=Lock)

    def then(self, *behaviours: Behaviour) -> None:
        """Answer the next requests like this, one after the other."""
        self.behaviours.extend(behaviours)

    def reply(self, headers: Mapping[str, str], content: bytes) -> Reply:
        """The answer to one request, which must be one that CloudWatch would understand."""
        assert headers["X-Amz-Target"] == "GraniteServiceVersion20100801.GetMetricData"
        assert headers["Content-Type"] == "application/x-amz-json-1.0"
        assert re.match(
            r"AWS4-HMAC-SHA256 Credential=AKIAFAKE/\d{8}/us-east-1/monitoring/aws4_request, "
            r"SignedHeaders=\S+, Signature=[0-9a-f]{64}$",
            headers["Authorization"],
        )
        asked: Asked = orjson.loads(content)
        queries = asked["MetricDataQueries"]
        assert 1 <= len(queries) <= 500
        assert len({query["Id"] for query in queries}) == len(queries)
        assert all(re.fullmatch(r"[a-z][a-zA-Z0-9_]*", query["Id"]) for query in queries)
        assert asked["StartTime"] < asked["EndTime"]
        assert asked["StartTime"] % MINUTE == asked["EndTime"] % MINUTE == 0
        with self._lock:
            self.asked.append(asked)
            self.tokens.append(headers["X-Amz-Security-Token"])
            behaviour = self.behaviours.pop(0) if self.behaviours else everything
        return behaviour(asked)

    def serve(self) -> ThreadingHTTPServer:
        """Start serving on a free port."""
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
                self.send_header("x-amzn-RequestId", f"r-{len(fake.asked)}")
                self.send_header("Content-Length", str(len(reply.content)))
                if reply.after:
                    self.send_header("Retry-After", reply.after)
                self.end_headers()
                self.wfile.write(reply.content[: len(reply.content) // 2] if reply.cut else reply.content)
                self.close_connection = self.close_connection or reply.cut

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # as the class it overrides
                """Say nothing."""

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

    renewed: int = 0

    def credentials(self) -> ReadOnlyCredentials:
        """Keys that open nothing."""
        return ReadOnlyCredentials("AKIAFAKE", "fake", f"token-{self.renewed}")

    def reset_credentials(self) -> None:
        """Get other ones."""
        self.renewed += 1

    def endpoint(self, service: str) -> str:
        """Where CloudWatch is."""
        assert service == "cloudwatch"
        return self.url


@dataclass(slots=True)
class Waiting:
    """A clock that only moves when somebody pauses, and remembers the pauses."""

    now: float = 0.0
    pauses: list[float] = field(default_factory=list[float])

    def pause(self, seconds: float) -> None:
        """Let that much time go by."""
        self.now += seconds
        self.pauses.append(seconds)

    def limits(self, calls_per_second: float = 1e6, datapoints_per_second: float = 1e9) -> RateLimits:
        """Limits on the same clock; nobody waits for those that are not given."""
        return RateLimits(calls_per_second, datapoints_per_second, lambda: self.now, self.pause, lambda: 1.0)

    def patience(self, attempts: int = 4, *, total_seconds: float = 120, read_seconds: float = 30) -> RetryPolicy:
        """A patience that never really waits."""
        return RetryPolicy(
            max_attempts=attempts,
            connect_timeout_seconds=5,
            read_timeout_seconds=read_seconds,
            retry_timeout_seconds=total_seconds,
            sleep=self.pause,
            clock=lambda: self.now,
            jitter=lambda: 1.0,
        )


def source(
    signer: FakeSigner,
    waiting: Waiting | None = None,
    *,
    patience: RetryPolicy | None = None,
    limits: RateLimits | None = None,
    telemetry: ExporterMetrics | None = None,
) -> CloudWatch:
    """CloudWatch as this signer reaches it, on a clock that never really waits."""
    waiting = waiting or Waiting()
    return CloudWatch(
        signer, limits or waiting.limits(), patience or waiting.patience(), telemetry or ExporterMetrics()
    )
