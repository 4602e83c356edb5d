"""The page that Prometheus scrapes: rendered once, in both text formats, plain and compressed; a scrape sends bytes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from hashlib import blake2b
from itertools import chain

from prometheus_client import CollectorRegistry
from prometheus_client import generate_latest as as_text
from prometheus_client.openmetrics import exposition as openmetrics

from basewatch.family import Block, MetricFamily, MetricType, escape_text
from exposition.gzip_member import GzipBody, GzipMember, deflate_blocks
from exposition.text_format import sample_lines

SERIES_PER_CHUNK = 2000
"""How many series are rendered in one go: about 0.4 ms, in which no other thread gets a turn."""
_UNITS = ("seconds", "bytes", "ratio")


class ExpositionFormat(StrEnum):
    """A format that a scraper may ask for, by its content type.

    https://prometheus.io/docs/instrumenting/exposition_formats/ https://prometheus.io/docs/specs/om/open_metrics_spec/
    """

    TEXT = "text/plain; version=0.0.4; charset=utf-8"
    OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"


MetricsPage = Mapping[ExpositionFormat, GzipBody]
"""What is shown at one moment, in every dialect."""


class PageRenderer:
    """Renders pages, one after another, and keeps how the last one's parts were compressed, for what stays the same.

    One thread at a time renders.
    """

    def __init__(self) -> None:
        self._kept: dict[bytes, bytes] = {}

    def render(self, blocks: Iterable[Block], registry: CollectorRegistry) -> MetricsPage:
        """The page with these blocks, and after them the registry's metrics.

        Families come by name, each once, whatever blocks it is spread over; one without any value is left out.
        """
        before, self._kept = self._kept, {}
        members = {dialect: GzipMember() for dialect in ExpositionFormat}
        for family, samples in _families(blocks):
            for dialect, member in members.items():
                self._add(_header(family, dialect), before, member)
            # Samples are the same in both dialects.
            for text in samples:
                self._add(text, before, *members.values())
        self._add(as_text(registry), before, members[ExpositionFormat.TEXT])
        self._add(_as_openmetrics(registry), before, members[ExpositionFormat.OPENMETRICS])
        return {dialect: member.body() for dialect, member in members.items()}

    def _add(self, text: bytes, before: Mapping[bytes, bytes], *members: GzipMember) -> None:
        key = blake2b(text, digest_size=16).digest()
        blocks = self._kept[key] = before.get(key) or deflate_blocks(text)
        for member in members:
            member.add(text, blocks)


def _as_openmetrics(own: CollectorRegistry) -> bytes:
    """The registry's metrics, and the end of the page."""
    text: bytes = openmetrics.generate_latest(own)  # type: ignore[no-untyped-call]  # the library's own gap
    return text


def textfile(blocks: Iterable[Block]) -> bytes:
    """The blocks alone, in text format 0.0.4: what a file for node exporter's textfile collector holds."""
    families = _families(blocks)
    return b"".join(part for family, samples in families for part in (_header(family, ExpositionFormat.TEXT), *samples))


def _families(blocks: Iterable[Block]) -> Iterator[tuple[MetricFamily, Iterator[bytes]]]:
    """Every family that has a value, by name, with the texts of its samples, which are rendered as they are taken."""
    by_name: dict[str, list[Block]] = defaultdict(list)
    for block in blocks:
        by_name[block.family.name].append(block)
    for _, same in sorted(by_name.items()):
        texts = filter(None, map(b"".join, _runs(same)))
        if first := next(texts, b""):
            yield same[0].family, chain((first,), texts)


def _runs(blocks: Iterable[Block]) -> Iterator[Sequence[bytes]]:
    """The lines of all the blocks of a family, in runs of AT_ONCE series or a few more."""
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


def _header(family: MetricFamily, dialect: ExpositionFormat) -> bytes:
    name, kind, unit = family.name, family.type, ""
    if dialect is ExpositionFormat.OPENMETRICS:
        # There a family is called what its samples are called without the suffix of their type.
        name = name.removesuffix({MetricType.COUNTER: "_total", MetricType.INFO: "_info"}.get(kind, ""))
        unit = next((f"# UNIT {name} {unit}\n" for unit in _UNITS if name.endswith(f"_{unit}")), "")
        help_text = escape_text(family.help, in_quotes=True)
    else:
        kind = MetricType.GAUGE if kind is MetricType.INFO else kind
        help_text = escape_text(family.help)
    return f"# HELP {name} {help_text}\n# TYPE {name} {kind}\n{unit}".encode("utf-8", "replace")
