"""Reads each state of the catalogues once for all tests: after a repair they are as they were before the change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from basewatch.postgres import DatabaseClient
from checks.tenancy.probes import cross_tenant_facts
from isolation.inventory import Inventory, snapshot
from isolation.inventory.fingerprint import fingerprint

_MOST = 8
_Key = tuple[object, ...]


class _Memory:
    """The latest inventories by fingerprint; nothing else is known of the catalogues that they could differ in."""

    def __init__(self) -> None:
        self._inventories: dict[_Key, Inventory] = {}

    def get(self, key: _Key, current_fingerprint: Callable[[], str], read: Callable[[], Inventory]) -> Inventory:
        """The inventory of these catalogues, whichever run read it; the first of `key` is the run."""
        state = (*key[1:], current_fingerprint())
        found = self._inventories.pop(state, None) or read()
        self._inventories[state] = found
        if len(self._inventories) > _MOST:
            del self._inventories[next(iter(self._inventories))]
        return found


_MEMORY = _Memory()


@contextmanager
def remembered_inventories() -> Iterator[None]:
    """Reads no inventory twice, and computes the fingerprint once: nothing changes the catalogues meanwhile.

    Both together are most of what a pass costs the server, as each observation has a connection of its own.
    """
    known: dict[str, str] = {}

    def remembered(database: DatabaseClient) -> str:
        if database.source not in known:
            known[database.source] = fingerprint(database)
        return known[database.source]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(snapshot, "fingerprint", remembered)
        patch.setattr(cross_tenant_facts, "fingerprint", remembered)
        patch.setattr(snapshot, "_CACHE", _MEMORY)
        yield
