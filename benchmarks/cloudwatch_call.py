"""The CPU time of one GetMetricData call, compared with botocore's client and with parsing its JSON alone.

The response is always the same and comes from another process, so that only the client is measured.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import get_context
from multiprocessing.connection import Connection

import orjson

from basewatch.aws import AwsSession
from basewatch.collector import MetricTarget
from basewatch.components import Function
from basewatch.model import Window
from basewatch.telemetry import ExporterMetrics
from benchmarks.timing import Measurement, best_time
from collectors.cloudwatch.client import CloudWatch
from collectors.cloudwatch.planner import MAX_QUERIES, Call, Query
from collectors.cloudwatch.throttling import RateLimits, RetryPolicy
from collectors.lambda_functions import LAMBDA

_ACCOUNT, _REGION = "123456789012", "us-east-1"
_END = datetime(2026, 1, 1, 12, tzinfo=UTC)
_CALLS = 40
_TRIES = 5


def measurements() -> Iterator[Measurement]:
    """Our client and botocore's, for responses of five and of ten datapoints a query."""
    for minutes in (5, 10):
        call = _call(minutes)
        content = _answer(minutes)
        what = f"CPU of {MAX_QUERIES} queries of {minutes} datapoints"
        with _served(content) as url:
            session = _session(url)
            source = CloudWatch(session, RateLimits(1e6, 1e12), RetryPolicy(), ExporterMetrics())
            ours = _cpu(partial(source.fetch, call))
            client, request = session.service_client("cloudwatch"), _request(call)
            theirs = _cpu(partial(client.get_metric_data, **request))
        read = best_time(partial(orjson.loads, content))
        yield Measurement(what=what, measured_seconds=ours, bound_name="orjson.loads of the answer", bound_seconds=read)
        yield Measurement(what=what, measured_seconds=ours, bound_name="botocore's own client", bound_seconds=theirs)


def _call(minutes: int) -> Call:
    """A call full of function metrics, over that many minutes."""
    queries: list[Query] = []
    for number in range(MAX_QUERIES):
        for resource, specs in LAMBDA.resources(Function(name=f"function-{number:05}")):
            target = MetricTarget(
                collector="lambda", account_id=_ACCOUNT, region=_REGION, resource=resource, specs=specs
            )
            queries += [Query(target, spec) for spec in specs]
    return Call(tuple(queries[:MAX_QUERIES]), Window(start=_END - timedelta(minutes=minutes), end=_END))


def _answer(minutes: int) -> bytes:
    starts = [_END.timestamp() - 60 * back for back in range(minutes, 0, -1)]
    results = [
        {
            "Id": f"q{number}",
            "Label": "Duration",
            "Timestamps": starts,
            "Values": [number * start % 1000 / 7 for start in starts],
            "StatusCode": "Complete",
        }
        for number in range(MAX_QUERIES)
    ]
    return orjson.dumps({"MetricDataResults": results, "Messages": []})


def _request(call: Call) -> dict[str, object]:
    return {
        "StartTime": call.window.start,
        "EndTime": call.window.end,
        "ScanBy": "TimestampAscending",
        "MetricDataQueries": orjson.loads(b"[%b]" % call.json(_ACCOUNT)),
    }


def _session(url: str) -> AwsSession:
    """A session for the server here, without a sign-in request."""
    environ = {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "none", "AWS_ENDPOINT_URL": url}
    return AwsSession.open(_ACCOUNT, _REGION, None, environ=environ)


def _cpu(work: Callable[[], object]) -> float:
    """The CPU seconds of `work`, over all threads of this process: the least of five runs."""
    work()
    tries: list[float] = []
    for _ in range(_TRIES):
        started = time.process_time()
        for _ in range(_CALLS):
            work()
        tries.append((time.process_time() - started) / _CALLS)
    return min(tries)


@contextmanager
def _served(content: bytes) -> Iterator[str]:
    """The URL of a process that answers everything with `content`, and identity requests with an identity."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, content), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}"
    finally:
        process.terminate()
        process.join()


def _serve(pipe: Connection, content: bytes) -> None:
    class FixedResponse(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            """Answers any request."""
            body = self.rfile.read(int(self.headers["Content-Length"]))
            answer = _CALLER if b"GetCallerIdentity" in body else content
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Logs nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), FixedResponse)
    pipe.send(server.server_port)
    server.serve_forever()


_CALLER = (
    b'<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
    b"<Arn>arn:aws:iam::123456789012:user/reader</Arn><UserId>AIDA</UserId><Account>123456789012</Account>"
    b"</GetCallerIdentityResult></GetCallerIdentityResponse>"
)
