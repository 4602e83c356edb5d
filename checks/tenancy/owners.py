"""What the owner of a view gets from a tenant table: the current tenant's rows alone, others' too, or unknown."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from checks.tenancy.inventory.relations import Command, Relation
from checks.tenancy.inventory.world import World


class Shows(StrEnum):
    """What a role's policies let through."""

    OWN = "own"
    OTHERS = "others"
    UNKNOWN = "unknown"


class Owners:
    """What any role gets from any table, by the proof of its policies."""

    def __init__(self, world: World, now: datetime) -> None:
        self._world = world
        self._now = now

    def shows(
        self, role: int, table: Relation, commands: frozenset[Command], readers: tuple[int, ...]
    ) -> tuple[Shows, str]:
        """What commands get through as a role, and why; of readers who get the same by themselves it is no news."""
        return Shows.UNKNOWN, "not proven"

    def holds(self, table: Relation) -> bool:
        """Whether the policies of a table are proven for all who reach it."""
        return False
