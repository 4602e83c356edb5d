"""Lines of the exposition: series beside their values, as both text formats write them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import isnan
from operator import add

import orjson

from basewatch.family import Block, MetricFamily, series_text

_NO_NUMBER = b"null"


def sample_lines(series: Sequence[bytes], values: Sequence[float]) -> bytes:
    """One line for each series that has a value; the shortest digits that are read back as the very same number.

    Raises: ValueError, when there are not as many values as series.
    """
    if len(series) != len(values):
        raise ValueError(f"{len(series)} series have {len(values)} values")
    # One call writes every number, in C; a loop over them would be most of what a page costs.
    text = orjson.dumps(list(values))[1:-1] + b","
    numbers = text.replace(b".0,", b",").split(b",")
    if _NO_NUMBER in text:
        return b"".join(_told(series, values, numbers))
    return b"\n".join((*map(add, series, numbers), b""))


def _told(series: Sequence[bytes], values: Sequence[float], numbers: Iterable[bytes]) -> Iterator[bytes]:
    """The lines where some values are no numbers of JSON: infinity has its own word, NaN means that there is none."""
    for one, value, number in zip(series, values, numbers, strict=False):
        if number != _NO_NUMBER:
            yield b"%b%b\n" % (one, number)
        elif not isnan(value):
            yield b"%b%b\n" % (one, b"+Inf" if value > 0 else b"-Inf")


def block(family: MetricFamily, rows: Iterable[tuple[Mapping[str, str], float]]) -> Block:
    """A block of what Basewatch knows itself: labels and value of each series, whatever their order."""
    values = {series_text(family.name, labels.items()): float(value) for labels, value in rows}
    return Block(family=family, series=sorted(values), values=[values[series] for series in sorted(values)])
