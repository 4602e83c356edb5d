"""Where counters stand, as bytes to be kept over a restart."""

from __future__ import annotations

import sys
import zlib
from array import array
from collections.abc import Mapping
from datetime import datetime
from math import isfinite
from typing import Protocol

from collectors.cloudwatch.counters import Kept

# The second letter says in which order a number's bytes are; what another kind of machine wrote is not read.
_VERSION = b"1" + sys.byteorder[:1].encode()
_COLUMNS = "ddqd"
_WIDTH = 8


class CounterStore(Protocol):
    """Keeps the counters of each place; `basewatch.history.store.History` does. Every method may raise HistoryError."""

    def keep_counters(self, place: str, state: bytes, at: datetime) -> None:
        """Writes where the counters of a place stand, over what it had."""
        ...

    def counters(self, place: str) -> bytes | None:
        """What was last kept of a place; None when nothing was."""
        ...


def packed(counters: Mapping[bytes, Kept]) -> bytes:
    """The counters, by the text of their series."""
    columns = map(array, _COLUMNS, zip(*counters.values(), strict=True))
    # A series' text has no line break of its own: its labels are escaped.
    numbers = b"".join(column.tobytes() for column in columns)
    return _VERSION + zlib.compress(len(counters).to_bytes(_WIDTH) + numbers + b"\n".join(counters), 1)


def unpacked(state: bytes) -> dict[bytes, Kept]:
    """The counters that `packed` wrote. Raises: ValueError, when it is nothing of the kind."""
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
        name: Kept(total=total, rest=rest, until=until, floor=floor)
        for name, total, rest, until, floor in zip(names, *columns, strict=True)
    }
    if not all(isfinite(each.total) and isfinite(each.rest) and isfinite(each.floor) for each in kept.values()):
        raise ValueError("a total is not a number")
    return kept
