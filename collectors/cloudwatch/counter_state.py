"""Serialises counters, so that they survive a restart."""

from __future__ import annotations

import sys
import zlib
from array import array
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from math import isfinite
from typing import Protocol

from collectors.cloudwatch.counters import SavedCounter

# The second byte is the byte order; state from a machine with another byte order is rejected.
_VERSION = b"1" + sys.byteorder[:1].encode()
_COLUMNS = "ddqd"
_WIDTH = 8
_AT_ONCE = 1000


class CounterStore(Protocol):
    """Stores the counters of each location, as `basewatch.history.store.History` does. May raise HistoryError."""

    def save_counters(self, location: str, state: bytes, at: datetime) -> None:
        """Replaces the stored counters of a location."""
        ...

    def load_counters(self, location: str) -> bytes | None:
        """The stored counters of a location; None when there are none."""
        ...


def encode_counters(counters: Iterable[tuple[bytes, SavedCounter]]) -> bytes:
    """The serialised counters, keyed by series text. Of two counters of one series, the later one wins.

    It takes an iterator: a list of tens of thousands of counters would need as much memory as the whole page.
    """
    names, totals, compensations, untils, last_shown = list[bytes](), array("d"), array("d"), array("q"), array("d")
    for name, saved in counters:
        names.append(name)
        totals.append(saved.total)
        compensations.append(saved.compensation)
        untils.append(saved.until)
        last_shown.append(saved.last_shown)
    packing = zlib.compressobj(1)
    columns = (column.tobytes() for column in (totals, compensations, untils, last_shown))
    parts = (len(names).to_bytes(_WIDTH), *columns, *_lines(names))
    return b"".join((_VERSION, *map(packing.compress, parts), packing.flush()))


def _lines(names: Sequence[bytes]) -> Iterator[bytes]:
    # Series text has no line breaks: label values are escaped.
    for first in range(0, len(names), _AT_ONCE):
        yield (b"\n" if first else b"") + b"\n".join(names[first : first + _AT_ONCE])


def decode_counters(state: bytes) -> dict[bytes, SavedCounter]:
    """The counters that `encode_counters` wrote. Raises: ValueError, for any other content."""
    if not state.startswith(_VERSION):
        raise ValueError("the state has another format version")
    try:
        content = zlib.decompress(state[len(_VERSION) :])
    except zlib.error as error:
        raise ValueError(str(error)) from error
    rows, content = int.from_bytes(content[:_WIDTH]), content[_WIDTH:]
    size = rows * _WIDTH
    names = content[len(_COLUMNS) * size :].split(b"\n") if rows else []
    if len(names) != rows:
        raise ValueError("the columns differ in length")
    columns = [array(code, content[at * size : (at + 1) * size]) for at, code in enumerate(_COLUMNS)]
    saved = {
        name: SavedCounter(total=total, compensation=compensation, until=until, last_shown=shown)
        for name, total, compensation, until, shown in zip(names, *columns, strict=True)
    }
    if not all(
        isfinite(each.total) and isfinite(each.compensation) and isfinite(each.last_shown) for each in saved.values()
    ):
        raise ValueError("a total is not a finite number")
    return saved
