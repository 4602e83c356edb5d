"""A real Prometheus reads every value of the page in both formats, compressed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from basewatch.family import Block, MetricFamily, MetricType, series_text
from basewatch.telemetry import ExporterMetrics
from exposition.page import ExpositionFormat, PageRenderer
from tests.exposition.scraped import block, gauge
from tests.fakes import NOON
from tests.workflows.pages import running
from tests.workflows.scraping import answered, labels_of, prometheus
from workflows.web.pages import RenderedPage, ServedPage, app

AWKWARD = 'a "quoted" back\\slash,\nand 日本'
MANY = 6000
ERRORS = MetricFamily(name="aws_errors_total", type=MetricType.COUNTER, help="What went wrong.")
DURATION = MetricFamily(name="aws_duration_seconds", type=MetricType.SUMMARY, help="How long it took.")
RESOURCE = MetricFamily(name="aws_resource_info", type=MetricType.INFO, help="What there is.")


def everything() -> Iterator[Block]:
    """A page with every type, awkward labels, and a family that is cut into pieces."""
    many = [series_text("aws_connections", [("n", str(number))]) for number in range(MANY)]
    yield Block(family=gauge(), series=many, values=[float(number) for number in range(MANY)])
    yield block(ERRORS, ({"function_name": AWKWARD}, 3))
    yield block(DURATION, ({"table": "t", "quantile": "0.95"}, 0.25))
    yield block(DURATION, ({"table": "t"}, 12.5), suffix="_sum")
    yield block(DURATION, ({"table": "t"}, 60), suffix="_count")
    yield block(RESOURCE, ({"arn": "arn:aws:lambda:::a"}, 1))


class Recorded:
    """Records the response headers of an application. With `only`, requests accept that format alone."""

    def __init__(self, pages: ASGIApp, only: ExpositionFormat | None = None) -> None:
        self._pages = pages
        self._only = only
        self.sent: list[Headers] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        if self._only and scope["type"] == "http":
            MutableHeaders(scope=scope)["accept"] = self._only.value

        async def recorded(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.sent.append(Headers(raw=message["headers"]))
            await send(message)

        await self._pages(scope, receive, recorded)


@pytest.mark.slow
def test_prometheus_reads_both_formats(tmp_path: Path) -> None:
    """Every series arrives with its labels and value, in the preferred format, compressed."""
    telemetry = ExporterMetrics()
    telemetry.queries.labels("lambda").inc(500)
    shown = RenderedPage(page=PageRenderer().render(everything(), telemetry.registry), rendered_at=NOON, waiting_for="")
    pages = app(ServedPage(shown), lambda: "")
    served = {"openmetrics": Recorded(pages), "text": Recorded(pages, only=ExpositionFormat.TEXT)}
    with (
        running(served["openmetrics"]) as openmetrics,
        running(served["text"]) as text,
        prometheus(tmp_path, {"openmetrics": openmetrics, "text": text}) as url,
    ):
        for job in served:
            of = f'job="{job}"'
            assert answered(url, f"up{{{of}}} == 1") == ["1"]
            assert answered(url, f"count(aws_connections{{{of}}})") == [str(MANY)]
            assert answered(url, f"sum(aws_connections{{{of}}})") == [str(sum(range(MANY)))]
            assert answered(url, f'aws_duration_seconds{{{of},quantile="0.95"}}') == ["0.25"]
            assert answered(url, f"aws_duration_seconds_sum{{{of}}} / aws_duration_seconds_count") == [str(12.5 / 60)]
            assert answered(url, f"aws_resource_info{{{of}}}") == ["1"]
            assert answered(url, f"basewatch_metric_queries_total{{{of}}}") == ["500"]
            (error,) = labels_of(url, f"aws_errors_total{{{of}}}")
            assert error["function_name"] == AWKWARD
    for job, format_ in (("openmetrics", ExpositionFormat.OPENMETRICS), ("text", ExpositionFormat.TEXT)):
        assert {(sent["content-type"], sent["content-encoding"]) for sent in served[job].sent} == {
            (format_.value, "gzip")
        }
