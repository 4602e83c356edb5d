"""Everything the catalogues say that isolation rests on: one snapshot, read once for every check of it."""

from __future__ import annotations

from dataclasses import dataclass

from isolation.inventory.code import Builtin, Cast, EventTrigger, Function, Rule, Trigger
from isolation.inventory.exports import (
    Extension,
    ForeignServer,
    LargeObject,
    Publication,
    ReplicationSlot,
    Subscription,
    SystemGrant,
)
from isolation.inventory.relations import ForeignKey, Index, Policy, Relation
from isolation.inventory.roles import DefaultGrant, Grant, Membership, ParameterGrant, Role, Schema, Setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """The server and the database that were asked.

    `version` is server_version_num; `aurora` is aurora_version(), empty on any other. `fingerprint` is of every
    catalogue row the proof depends on, the same before and after the reading. `presets` are the context settings that
    our own session started with a value of: a default that the server's files or ALTER SYSTEM give to everybody.
    """

    version: int
    aurora: str
    database: str
    database_oid: int
    database_owner: int
    database_grants: tuple[Grant, ...]
    standby: bool
    fingerprint: str
    presets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """The closed world: what is not here, no principal can reach or become."""

    server: Server
    roles: tuple[Role, ...]
    memberships: tuple[Membership, ...]
    settings: tuple[Setting, ...]
    parameter_grants: tuple[ParameterGrant, ...]
    default_grants: tuple[DefaultGrant, ...]
    schemas: tuple[Schema, ...]
    relations: tuple[Relation, ...]
    policies: tuple[Policy, ...]
    indexes: tuple[Index, ...]
    foreign_keys: tuple[ForeignKey, ...]
    functions: tuple[Function, ...]
    triggers: tuple[Trigger, ...]
    rules: tuple[Rule, ...]
    event_triggers: tuple[EventTrigger, ...]
    casts: tuple[Cast, ...]
    builtins: tuple[Builtin, ...]
    publications: tuple[Publication, ...]
    subscriptions: tuple[Subscription, ...]
    slots: tuple[ReplicationSlot, ...]
    extensions: tuple[Extension, ...]
    servers: tuple[ForeignServer, ...]
    large_objects: tuple[LargeObject, ...]
    system_grants: tuple[SystemGrant, ...]
