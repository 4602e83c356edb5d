"""The fake's own speed: an upper bound for every client measured against it."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import orjson

from benchmarks.cloudwatch.fake_settings import FakeSettings
from benchmarks.cloudwatch.processes import ACCOUNT, FakeProcess, process_usage
from benchmarks.cloudwatch.scenario_measurement import ScenarioMeasurement

_FUNCTIONS = 2000
_CALLS = 36
_ROUNDS = 12
_STATISTICS = (
    ("Invocations", "Sum"),
    ("Errors", "Sum"),
    ("Throttles", "Sum"),
    ("ConcurrentExecutions", "Maximum"),
    *(("Duration", statistic) for statistic in ("Sum", "SampleCount", "p95", "p99", "Maximum")),
)
_HEAD = (
    "POST / HTTP/1.1\r\nHost: fake\r\nContent-Type: application/x-amz-json-1.0\r\n"
    "X-Amz-Target: GraniteServiceVersion20100801.GetMetricData\r\nX-Amz-Date: {day}T000000Z\r\n"
    "Authorization: AWS4-HMAC-SHA256 Credential=AKIA{account}MAIN/{day}/us-east-1/monitoring/aws4_request, "
    "SignedHeaders=host;x-amz-date, Signature={signature}\r\nContent-Length: {length}\r\n\r\n"
)


def measurements() -> Iterator[ScenarioMeasurement]:
    """The fake's own work for a call of 500 queries and ten minutes, nine of them cached, and its calls a second."""
    settings = FakeSettings(functions=_FUNCTIONS, latency_ms=0, calls_per_second=1e9, datapoints_per_second=1e12)
    with FakeProcess(settings) as fake:
        bodies = list(_bodies())
        _rounds(fake, bodies, 1)
        fake.reset()
        before = process_usage(fake.process.pid).cpu_seconds
        started = time.perf_counter()
        calls = _rounds(fake, bodies, _ROUNDS)
        seconds = time.perf_counter() - started
        cpu = (process_usage(fake.process.pid).cpu_seconds - before) / calls
        busy = fake.stats()["busy_seconds"]["GetMetricData"] / calls
    yield ScenarioMeasurement(
        scenario="fake", what="answering one call, without HTTP", value=busy * 1000, unit="ms", goal=2
    )
    yield ScenarioMeasurement(scenario="fake", what="CPU of one call, with HTTP", value=cpu * 1000, unit="ms", goal=2)
    yield ScenarioMeasurement(
        scenario="fake", what="calls a second, the limit of every client", value=calls / seconds, unit="/s"
    )


def _rounds(fake: FakeProcess, bodies: list[bytes], rounds: int) -> int:
    """Sends every body in each round, over a window one minute later each time; returns the number of calls."""
    now = int(time.time() // 60 * 60) - 3600
    port = int(fake.url.rpartition(":")[2])

    def send_share(share: list[bytes]) -> int:
        with socket.create_connection(("127.0.0.1", port)) as connection:
            for number in range(rounds):
                for body in share:
                    _ask(connection, body, now + 60 * number)
        return rounds * len(share)

    with ThreadPoolExecutor(2) as threads:
        return sum(threads.map(send_share, (bodies[::2], bodies[1::2])))


def _ask(connection: socket.socket, body: bytes, end: int) -> None:
    content = b'{"StartTime":%d,"EndTime":%d,"ScanBy":"TimestampAscending",%s' % (end - 600, end, body)
    head = _HEAD.format(day="20260101", account=ACCOUNT, signature="0" * 64, length=len(content))
    connection.sendall(head.encode() + content)
    received = connection.recv(1 << 20)
    begin = received.index(b"\r\n\r\n") + 4
    length = int(received[:begin].lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    left = length + begin - len(received)
    while left > 0:
        left -= len(connection.recv(1 << 20))


def _bodies() -> Iterator[bytes]:
    queries = [
        {
            "Metric": {
                "Namespace": "AWS/Lambda",
                "MetricName": metric,
                "Dimensions": [{"Name": "FunctionName", "Value": f"function-{number:05}"}],
            },
            "Period": 60,
            "Stat": statistic,
        }
        for number in range(_FUNCTIONS)
        for metric, statistic in _STATISTICS
    ]
    for first in range(0, _CALLS * 500, 500):
        numbered = [{"Id": f"q{at}", "MetricStat": stat} for at, stat in enumerate(queries[first : first + 500])]
        yield b'"MetricDataQueries":' + orjson.dumps(numbered) + b"}"
