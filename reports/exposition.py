"""The page that Prometheus scrapes: rendered once, in both text formats, plain and compressed; a scrape sends bytes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain

from prometheus_client import CollectorRegistry
from prometheus_client import generate_latest as as_text
from prometheus_client.openmetrics import exposition as openmetrics

from basewatch.family import Block, Family, MetricType, escaped
from reports.deflated import Piece, gzipped
from reports.lines import lines

AT_ONCE = 2000
"""How many series are rendered in one go: about 0.4 ms, in which no other thread gets a turn."""
_CHUNK = 1 << 16
_UNITS = ("seconds", "bytes", "ratio")


class Dialect(StrEnum):
    """A format that a scraper may ask for, by its content type.

    https://prometheus.io/docs/instrumenting/exposition_formats/ https://prometheus.io/docs/specs/om/open_metrics_spec/
    """

    TEXT = "text/plain; version=0.0.4; charset=utf-8"
    OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """A page in one dialect: its text in chunks, of `length` bytes together, and all of it as gzip."""

    chunks: tuple[bytes, ...]
    length: int
    compressed: bytes


Page = Mapping[Dialect, Body]
"""What is shown at one moment, in every dialect."""


class Exposition:
    """Renders pages, one after another, and keeps the last one's pieces: what says the same is not compressed again.

    One thread at a time renders.
    """

    def __init__(self) -> None:
        self._pieces: dict[bytes, Piece] = {}

    def page(self, blocks: Iterable[Block], own: CollectorRegistry) -> Page:
        """The page with these blocks, and after them the registry's metrics.

        Families come by name, each once, whatever blocks it is spread over; one without any value is left out.
        """
        families = tuple(_families(blocks))
        texts = {
            Dialect.TEXT: (*_under_headers(families, Dialect.TEXT), as_text(own)),
            Dialect.OPENMETRICS: (*_under_headers(families, Dialect.OPENMETRICS), _as_openmetrics(own)),
        }
        # The samples are the same bytes in both dialects, and most of them were there before.
        every = dict.fromkeys(chain.from_iterable(texts.values()))
        self._pieces = {text: self._pieces.get(text) or Piece.of(text) for text in every}
        return {dialect: _body([self._pieces[text] for text in said]) for dialect, said in texts.items()}


def _as_openmetrics(own: CollectorRegistry) -> bytes:
    """The registry's metrics, and the end of the page."""
    text: bytes = openmetrics.generate_latest(own)  # type: ignore[no-untyped-call]  # the library's own gap
    return text


def text_of(blocks: Iterable[Block]) -> bytes:
    """The blocks alone, in text format 0.0.4: what a file for node exporter's textfile collector holds."""
    return b"".join(_under_headers(_families(blocks), Dialect.TEXT))


def _families(blocks: Iterable[Block]) -> Iterator[tuple[Family, tuple[bytes, ...]]]:
    """Every family that has a value, by name, with the texts of its samples."""
    by_name: dict[str, list[Block]] = defaultdict(list)
    for block in blocks:
        by_name[block.family.name].append(block)
    for _, same in sorted(by_name.items()):
        samples = tuple(text for text in map(b"".join, _runs(same)) if text)
        if samples:
            yield same[0].family, samples


def _runs(blocks: Iterable[Block]) -> Iterator[Sequence[bytes]]:
    """The lines of all the blocks of a family, in runs of AT_ONCE series or a few more."""
    run, series = list[bytes](), 0
    for block in blocks:
        for start in range(0, len(block.series), AT_ONCE):
            part = slice(start, start + AT_ONCE)
            run.append(lines(block.series[part], block.values[part]))
            series += len(block.series[part])
            if series >= AT_ONCE:
                yield run
                run, series = [], 0
    yield run


def _under_headers(families: Iterable[tuple[Family, tuple[bytes, ...]]], dialect: Dialect) -> Iterator[bytes]:
    for family, samples in families:
        yield _header(family, dialect)
        yield from samples


def _header(family: Family, dialect: Dialect) -> bytes:
    name, kind, unit = family.name, family.type, ""
    if dialect is Dialect.OPENMETRICS:
        # There a family is called what its samples are called without the suffix of their type.
        name = name.removesuffix({MetricType.COUNTER: "_total", MetricType.INFO: "_info"}.get(kind, ""))
        unit = next((f"# UNIT {name} {unit}\n" for unit in _UNITS if name.endswith(f"_{unit}")), "")
        help_text = escaped(family.help, quoted=True)
    else:
        kind = MetricType.GAUGE if kind is MetricType.INFO else kind
        help_text = escaped(family.help)
    return f"# HELP {name} {help_text}\n# TYPE {name} {kind}\n{unit}".encode("utf-8", "replace")


def _body(pieces: Sequence[Piece]) -> Body:
    return Body(
        chunks=tuple(_chunks(piece.text for piece in pieces)),
        length=sum(len(piece.text) for piece in pieces),
        compressed=gzipped(pieces),
    )


def _chunks(texts: Iterable[bytes]) -> Iterator[bytes]:
    """The texts, small ones joined: each costs a scrape a call, and large ones are shared by the dialects."""
    small = list[bytes]()
    for text in texts:
        if len(text) < _CHUNK:
            small.append(text)
            continue
        if small:
            yield b"".join(small)
        yield text
        small = []
    if small:
        yield b"".join(small)
