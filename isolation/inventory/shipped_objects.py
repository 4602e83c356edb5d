"""The built-in objects of PostgreSQL 14 to 18 as they are shipped, by digest.

`python -m tests.isolation.inventory.shipped` writes the digests, from new servers of every version on the machine.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Final

from isolation.inventory.egress import SystemChange

LIST: Final = Path(__file__).parent / "shipped_objects.txt"
_PREFIX: Final = "sha256:"
# Enough to distinguish 7,500 digests: they are compared with those of the few objects that were changed.
_LENGTH: Final = 8
_LINE: Final = 120


def is_shipped(change: SystemChange) -> bool:
    """Whether the definition is one that a supported version ships, so that only grants were changed, or nothing.

    A function that is no longer LEAKPROOF counts as shipped: it sees fewer rows, and not more.
    """
    return not _shipped().isdisjoint({_short(change.digest), _short(change.leakproof_digest)})


def written(digests: Iterable[str]) -> str:
    """The content of the list for these digests."""
    short = sorted({_short(digest) for digest in digests})
    each = _LINE // (_LENGTH + 1)
    return "".join(f"{' '.join(short[start : start + each])}\n" for start in range(0, len(short), each))


def _short(digest: str) -> str:
    return digest.removeprefix(_PREFIX)[:_LENGTH]


@cache
def _shipped() -> frozenset[str]:
    return frozenset(LIST.read_text(encoding="utf-8").split())
