"""The cost of rendering /metrics, compared with prometheus_client; and of scraping it, idle and during a refresh."""

from __future__ import annotations

import gzip
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from http.client import HTTPConnection
from multiprocessing import get_context
from threading import Thread

import orjson
import uvicorn
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from basewatch.family import Block, MetricFamily, MetricType, series_text
from benchmarks.timing import Measurement, best_time
from exposition.page import ExpositionFormat, MetricsPage, PageRenderer
from workflows.runtime import tune_runtime
from workflows.web.pages import RenderedPage, ServedPage, app

_FAMILIES = 20
_SCRAPES = 500
_PLACE = {"aws_account_id": "123456789012", "aws_region": "us-east-1"}
_PROCESSES = get_context("spawn")


def measurements() -> Iterator[Measurement]:
    """The cost of a page of 10,000 and of 90,000 series, and of a scrape of the larger one."""
    for count in (10_000, 90_000):
        yield from _rendered(count)
    body = _page(90_000)[ExpositionFormat.TEXT]
    for what, length, accepted in (
        ("gzip", len(body.compressed), "gzip"),
        ("plain", body.uncompressed_length, "identity"),
    ):
        with _process(partial(_bare, length)) as port:
            bare = _scraped(port, accepted)
        for state, threads in (("idle", 0), ("a thread computing", 1)):
            with _process(partial(_serve, threads)) as port:
                ours = _scraped(port, accepted)
            for name, rank in (("p50", 0.5), ("p99", 0.99)):
                yield Measurement(
                    what=f"scrape 90,000 series, {what}, {state}, {name}",
                    measured_seconds=_ranked(ours, rank),
                    bound_name=f"{length:,} bytes from a bare socket",
                    bound_seconds=_ranked(bare, rank),
                )


def _rendered(count: int) -> Iterator[Measurement]:
    renderer, registry = PageRenderer(), CollectorRegistry()
    tick = iter(range(1 << 30))
    lines = gzip.decompress(renderer.render(_blocks(count), registry)[ExpositionFormat.TEXT].compressed).splitlines()
    client = CollectorRegistry()
    client.register(_ClientFamilies(count))
    blocks = [_blocks(count, shift) for shift in range(2)]
    yield Measurement(
        what=f"page of {count:,} series, every value changed",
        measured_seconds=best_time(lambda: renderer.render(blocks[next(tick) % 2], registry)),
        bound_name="prometheus_client, text alone, not compressed",
        bound_seconds=best_time(lambda: generate_latest(client)),
    )
    yield Measurement(
        what=f"page of {count:,} series, no value changed",
        measured_seconds=best_time(lambda: renderer.render(blocks[0], registry)),
        bound_name="join the finished lines",
        bound_seconds=best_time(lambda: b"\n".join(lines)),
    )


def _blocks(count: int, shift: int = 0) -> list[Block]:
    """Families of functions, with integers and floats."""
    return [
        Block(
            family=MetricFamily(name=f"aws_lambda_measure_{number}_seconds", type=MetricType.GAUGE, help="It."),
            series=[
                series_text(f"aws_lambda_measure_{number}_seconds", (*_PLACE.items(), ("function_name", name)))
                for name in _names(count)
            ],
            values=[each / 7 + shift if each % 2 else float(each + shift) for each in range(count // _FAMILIES)],
        )
        for number in range(_FAMILIES)
    ]


def _names(count: int) -> Iterable[str]:
    return (f"tenant-{each:05d}-function" for each in range(count // _FAMILIES))


def _page(count: int) -> MetricsPage:
    return PageRenderer().render(_blocks(count), CollectorRegistry())


class _ClientFamilies(Collector):
    """The same series in prometheus_client, prepared in advance."""

    def __init__(self, count: int) -> None:
        self._families = [
            GaugeMetricFamily(f"aws_lambda_measure_{number}_seconds", "It.", labels=[*_PLACE, "function_name"])
            for number in range(_FAMILIES)
        ]
        for family in self._families:
            for each, name in enumerate(_names(count)):
                family.add_metric([*_PLACE.values(), name], each / 7 if each % 2 else float(each))

    def collect(self) -> Iterable[GaugeMetricFamily]:
        return self._families


@contextmanager
def _process(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """The port of a server in a process of its own."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        process = _PROCESSES.Process(target=serve, args=(listener,), daemon=True)
        process.start()
        try:
            yield listener.getsockname()[1]
        finally:
            process.kill()
            process.join()


def _serve(computing: int, listener: socket.socket) -> None:
    """The exporter's pages, beside threads that do the work of a refresh continuously."""
    exposed = ServedPage(RenderedPage(page=_page(90_000), rendered_at=datetime.now(UTC), waiting_for=""))
    tune_runtime()
    for _ in range(computing):
        Thread(target=_compute, daemon=True).start()
    pages = app(exposed, lambda: "")
    uvicorn.Server(uvicorn.Config(pages, log_level="warning", access_log=False)).run(sockets=[listener])


def _compute() -> None:
    """Parses and sums responses of 500 queries, and renders the page in between, repeatedly."""
    renderer, blocks, registry = PageRenderer(), [_blocks(90_000, shift) for shift in range(2)], CollectorRegistry()
    one = {"Id": "q123", "Timestamps": [1.7e9 + 60 * n for n in range(5)], "Values": [n / 7 for n in range(5)]}
    answer = orjson.dumps({"MetricDataResults": [one] * 500})
    while True:
        for shift in range(2):
            for _ in range(180):
                for result in orjson.loads(answer)["MetricDataResults"]:
                    dict(zip(result["Timestamps"], result["Values"], strict=True))
            renderer.render(blocks[shift], registry)


def _bare(length: int, listener: socket.socket) -> None:
    """Answers every request with that many bytes."""
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % length + bytes(length)
    while True:
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with connection:
            while connection.recv(65536):
                connection.sendall(answer)


def _scraped(port: int, accepted: str) -> list[float]:
    """The durations in seconds of many scrapes over one connection."""
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    taken = list[float]()
    for _ in range(_SCRAPES):
        started = time.perf_counter()
        connection.request("GET", "/metrics", headers={"Accept-Encoding": accepted})
        connection.getresponse().read()
        taken.append(time.perf_counter() - started)
    connection.close()
    return taken[10:]


def _ranked(taken: list[float], rank: float) -> float:
    return sorted(taken)[int(len(taken) * rank)]
