"""Names some of many in a sentence."""

from __future__ import annotations

from collections.abc import Sequence

_SHOWN = 3


def named(names: Sequence[str]) -> str:
    """The first three names, and how many more there are."""
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
