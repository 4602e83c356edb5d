"""Where counters stand, as bytes to be kept over a restart."""

from __future__ import annotations

import sys
import zlib
from array import array
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from math import isfinite
from typing import Protocol

from collectors.cloudwatch.counters import SavedCounter

# The second letter says in which order a number's bytes are; what another kind of machine wrote is not read.
_VERSION = b"1" + sys.byteorder[:1].encode()
_COLUMNS = "ddqd"
_WIDTH = 8
_AT_ONCE = 1000


class CounterStore(Protocol):
    """Keeps the counters of each place; `basewatch.history.store.History` does. Every method may raise HistoryError."""

    def save_counters(self, location: str, state: bytes, at: datetime) -> None:
        """Writes where the counters of a place stand, over what it had."""
        ...

    def load_counters(self, location: str) -> bytes | None:
        """What was last kept of a place; None when nothing was."""
        ...


def encode_counters(counters: Iterable[tuple[bytes, SavedCounter]]) -> bytes:
    """The counters, by the text of their series; of a series that comes twice the later one is meant.

    They are taken one by one: tens of thousands at once would be as much memory as all that is shown.
    """
    names, totals, rests, untils, floors = list[bytes](), array("d"), array("d"), array("q"), array("d")
    for name, kept in counters:
        names.append(name)
        totals.append(kept.total)
        rests.append(kept.compensation)
        untils.append(kept.until)
        floors.append(kept.last_shown)
    packing = zlib.compressobj(1)
    columns = (column.tobytes() for column in (totals, rests, untils, floors))
    parts = (len(names).to_bytes(_WIDTH), *columns, *_lines(names))
    return b"".join((_VERSION, *map(packing.compress, parts), packing.flush()))


def _lines(names: Sequence[bytes]) -> Iterator[bytes]:
    # A series' text has no line break of its own: its labels are escaped.
    for first in range(0, len(names), _AT_ONCE):
        yield (b"\n" if first else b"") + b"\n".join(names[first : first + _AT_ONCE])


def decode_counters(state: bytes) -> dict[bytes, SavedCounter]:
    """The counters that `encode_counters` wrote. Raises: ValueError, when it is nothing of the kind."""
    if not state.startswith(_VERSION):
        raise ValueError("it is of another version")
    try:
        content = zlib.decompress(state[len(_VERSION) :])
    except zlib.error as error:
        raise ValueError(str(error)) from error
    rows, content = int.from_bytes(content[:_WIDTH]), content[_WIDTH:]
    size = rows * _WIDTH
    names = content[len(_COLUMNS) * size :].split(b"\n") if rows else []
    if len(names) != rows:
        raise ValueError("its columns differ in length")
    columns = [array(code, content[at * size : (at + 1) * size]) for at, code in enumerate(_COLUMNS)]
    kept = {
        name: SavedCounter(total=total, compensation=rest, until=until, last_shown=floor)
        for name, total, rest, until, floor in zip(names, *columns, strict=True)
    }
    if not all(
        isfinite(each.total) and isfinite(each.compensation) and isfinite(each.last_shown) for each in kept.values()
    ):
        raise ValueError("a total is not a number")
    return kept
