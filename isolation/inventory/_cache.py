"""The inventory that a run has read, kept so that its other observations need not read it again."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Final, TypeAlias

from isolation.inventory import Inventory

CacheKey: TypeAlias = tuple[object, ...]

_KEPT: Final = 4


class InventoryCache:
    """The last few inventories, each under what it is of; one is read at a time, and the others wait for it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: dict[CacheKey, Inventory] = {}

    def get(self, key: CacheKey, current_fingerprint: Callable[[], str], read: Callable[[], Inventory]) -> Inventory:
        """What is kept under `key`, if the fingerprint is `current_fingerprint` its own; else what is read, which is then kept."""
        with self._lock:
            kept = self._kept.get(key)
            if kept is not None and current_fingerprint() == kept.server.fingerprint:
                return kept
            found = read()
            self._kept = {**dict(list(self._kept.items())[1 - _KEPT :]), key: found}
            return found
