"""Which triggers a probe would fire: what they do may reach outside the transaction, where no rollback follows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from basewatch.postgres import Database
from basewatch.postgres.probe import Place
from basewatch.tenancy import Tenancy
from checks.sql import load


@dataclass(frozen=True, slots=True, kw_only=True)
class Fires:
    """One trigger that fires when a principal runs a command, INSERT, UPDATE or DELETE, on a relation."""

    schema: str
    name: str
    principal: str
    command: str
    trigger: str


# The commands that fire triggers nobody vouches for, each with their names.
Firing: TypeAlias = Mapping[str, tuple[str, ...]]


def unvetted_triggers(database: Database, tenancy: Tenancy) -> Mapping[tuple[str, Place], Firing]:
    """What each principal would fire on each relation, where that is anything unvetted. Raises: CouldNotLook."""
    vetted = {allowed.name for allowed in tenancy.allowed if allowed.kind == "trigger"}
    found: dict[tuple[str, Place], dict[str, tuple[str, ...]]] = {}
    for each in database.rows(load("tenancy_triggers"), Fires, {"principals": tenancy.principals}):
        if each.trigger not in vetted:
            commands = found.setdefault((each.principal, Place(schema=each.schema, name=each.name)), {})
            commands[each.command] = (*commands.get(each.command, ()), each.trigger)
    return found
