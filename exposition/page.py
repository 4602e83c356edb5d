"""The /metrics page: rendered once per refresh in both formats, compressed; a scrape only sends bytes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from hashlib import blake2b
from itertools import chain
from math import isnan
from operator import add

import orjson
from prometheus_client import CollectorRegistry
from prometheus_client import generate_latest as as_text
from prometheus_client.openmetrics import exposition as openmetrics

from basewatch.family import Block, MetricFamily, MetricType, escape_text
from exposition.gzip_member import GzipBody, GzipMember, deflate_blocks

SERIES_PER_CHUNK = 2000
"""The series rendered at a time: about 0.4 ms, during which no other thread runs."""
_NO_NUMBER = b"null"
_UNITS = ("seconds", "bytes", "ratio")


class ExpositionFormat(StrEnum):
    """A format that a scraper can request, with its content type.

    https://prometheus.io/docs/instrumenting/exposition_formats/ https://prometheus.io/docs/specs/om/open_metrics_spec/
    """

    TEXT = "text/plain; version=0.0.4; charset=utf-8"
    OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"


MetricsPage = Mapping[ExpositionFormat, GzipBody]
"""The page at one moment, in each format."""


class PageRenderer:
    """Renders pages and reuses the compressed parts that did not change since the last page.

    Not thread-safe.
    """

    def __init__(self) -> None:
        self._kept: dict[bytes, bytes] = {}

    def render(self, blocks: Iterable[Block], registry: CollectorRegistry) -> MetricsPage:
        """The page with these blocks, followed by the registry's metrics.

        Families are sorted by name and appear once, even when several blocks share one; empty ones are omitted.
        """
        previous, self._kept = self._kept, {}
        members = {format_: GzipMember() for format_ in ExpositionFormat}
        for family, samples in _families(blocks):
            for format_, member in members.items():
                self._add(_header(family, format_), previous, member)
            # Samples are the same in both formats.
            for text in samples:
                self._add(text, previous, *members.values())
        self._add(as_text(registry), previous, members[ExpositionFormat.TEXT])
        self._add(_as_openmetrics(registry), previous, members[ExpositionFormat.OPENMETRICS])
        return {format_: member.body() for format_, member in members.items()}

    def _add(self, text: bytes, previous: Mapping[bytes, bytes], *members: GzipMember) -> None:
        key = blake2b(text, digest_size=16).digest()
        blocks = self._kept[key] = previous.get(key) or deflate_blocks(text)
        for member in members:
            member.add(text, blocks)


def _as_openmetrics(own: CollectorRegistry) -> bytes:
    """The registry's metrics and the end marker of the page."""
    text: bytes = openmetrics.generate_latest(own)  # type: ignore[no-untyped-call]  # the library's own gap
    return text


def textfile(blocks: Iterable[Block]) -> bytes:
    """The blocks in text format 0.0.4: a file for node exporter's textfile collector."""
    families = _families(blocks)
    return b"".join(part for family, samples in families for part in (_header(family, ExpositionFormat.TEXT), *samples))


def _families(blocks: Iterable[Block]) -> Iterator[tuple[MetricFamily, Iterator[bytes]]]:
    """Every family with a value, by name, and the texts of its samples, rendered lazily."""
    by_name: dict[str, list[Block]] = defaultdict(list)
    for block in blocks:
        by_name[block.family.name].append(block)
    for _, same in sorted(by_name.items()):
        texts = filter(None, map(b"".join, _runs(same)))
        if first := next(texts, b""):
            yield same[0].family, chain((first,), texts)


def _runs(blocks: Iterable[Block]) -> Iterator[Sequence[bytes]]:
    """The sample lines of a family, in runs of at least SERIES_PER_CHUNK series."""
    run, series = list[bytes](), 0
    for block in blocks:
        for start in range(0, len(block.series), SERIES_PER_CHUNK):
            part = slice(start, start + SERIES_PER_CHUNK)
            run.append(sample_lines(block.series[part], block.values[part]))
            series += len(block.series[part])
            if series >= SERIES_PER_CHUNK:
                yield run
                run, series = [], 0
    yield run


def _header(family: MetricFamily, format_: ExpositionFormat) -> bytes:
    name, kind, unit = family.name, family.type, ""
    if format_ is ExpositionFormat.OPENMETRICS:
        # OpenMetrics names a family without the suffix of its samples.
        name = name.removesuffix({MetricType.COUNTER: "_total", MetricType.INFO: "_info"}.get(kind, ""))
        unit = next((f"# UNIT {name} {unit}\n" for unit in _UNITS if name.endswith(f"_{unit}")), "")
        help_text = escape_text(family.help, in_quotes=True)
    else:
        kind = MetricType.GAUGE if kind is MetricType.INFO else kind
        help_text = escape_text(family.help)
    return f"# HELP {name} {help_text}\n# TYPE {name} {kind}\n{unit}".encode("utf-8", "replace")


def sample_lines(series: Sequence[bytes], values: Sequence[float]) -> bytes:
    """One line for each series with a value, in the shortest form that parses to the same number.

    Raises: ValueError, when series and values differ in length.
    """
    if len(series) != len(values):
        raise ValueError(f"{len(series)} series have {len(values)} values")
    # One call formats all numbers in C; a Python loop would take most of the rendering time.
    text = orjson.dumps(list(values))[1:-1] + b","
    numbers = text.replace(b".0,", b",").split(b",")
    if _NO_NUMBER in text:
        return b"".join(_with_special_values(series, values, numbers))
    return b"\n".join((*map(add, series, numbers), b""))


def _with_special_values(series: Sequence[bytes], values: Sequence[float], numbers: Iterable[bytes]) -> Iterator[bytes]:
    """The lines when some values are not JSON numbers: infinity is spelled out, NaN omits the series."""
    for text, value, number in zip(series, values, numbers, strict=False):
        if number != _NO_NUMBER:
            yield b"%b%b\n" % (text, number)
        elif not isnan(value):
            yield b"%b%b\n" % (text, b"+Inf" if value > 0 else b"-Inf")
