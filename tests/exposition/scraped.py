"""Pages, and what the strict parsers of prometheus_client read from them."""

from __future__ import annotations

import gzip
from collections.abc import Iterable

from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as of_openmetrics
from prometheus_client.parser import text_string_to_metric_families as of_text

from basewatch.family import Block, MetricFamily, MetricType, series_text
from exposition.gzip_member import GzipBody
from exposition.page import ExpositionFormat, MetricsPage, PageRenderer

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def gauge(name: str = "aws_connections", help_text: str = "How many.") -> MetricFamily:
    """A family of gauges."""
    return MetricFamily(name=name, type=MetricType.GAUGE, help=help_text)


def block(family: MetricFamily, *rows: tuple[dict[str, str], float], suffix: str = "") -> Block:
    """A block of these series, by labels and values."""
    series = [series_text(family.name + suffix, labels.items()) for labels, _ in rows]
    return Block(family=family, series=series, values=[value for _, value in rows])


def page_of(*blocks: Block, own: CollectorRegistry | None = None) -> MetricsPage:
    """A page of these blocks alone."""
    return PageRenderer().render(blocks, own or CollectorRegistry())


def text_in(body: GzipBody) -> str:
    """The text of a body."""
    text = gzip.decompress(body.compressed)
    assert len(text) == body.uncompressed_length
    return text.decode()


def families_in(text: str, dialect: ExpositionFormat) -> list[Metric]:
    """The families of a page. A duplicate family or series is an error, and so is a family without help text."""
    parser = of_text if dialect is ExpositionFormat.TEXT else of_openmetrics
    families = list(parser(text))
    assert len({family.name for family in families}) == len(families)
    assert all(family.documentation for family in families)
    return families


def samples_in(families: Iterable[Metric]) -> Samples:
    """Every sample by name and labels. A sample with a timestamp is an error."""
    found: Samples = {}
    for sample in (sample for family in families for sample in family.samples):
        key = sample.name, frozenset(sample.labels.items())
        assert key not in found
        assert sample.timestamp is None
        found[key] = sample.value
    return found


def parsed(page: MetricsPage) -> Samples:
    """Every sample of a page; both formats must agree."""
    by_dialect = [samples_in(families_in(text_in(page[dialect]), dialect)) for dialect in ExpositionFormat]
    assert by_dialect[0] == by_dialect[1]
    return by_dialect[0]


def value_of(page: MetricsPage, name: str, **labels: str) -> float | None:
    """The value of one sample; None when there is none."""
    return parsed(page).get((name, frozenset(labels.items())))
