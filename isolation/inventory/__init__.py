"""The inventory: one snapshot of every catalogue row that tenant isolation depends on."""

from __future__ import annotations

from dataclasses import dataclass

from isolation.inventory.code import Builtin, Cast, Domain, EventTrigger, Function, FunctionUse, RewriteRule, Trigger
from isolation.inventory.definitions import Coverage
from isolation.inventory.egress import (
    CatalogueRead,
    Extension,
    ForeignServer,
    LargeObjectGroup,
    Publication,
    ReplicationSlot,
    Subscription,
    SystemChange,
    SystemGrant,
)
from isolation.inventory.relations import ForeignKey, Index, Policy, Relation
from isolation.inventory.roles import (
    DefaultPrivilege,
    Grant,
    Membership,
    OwnedObject,
    ParameterGrant,
    Role,
    RoleSetting,
    Schema,
    ServerSetting,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """The server and the database of an inventory.

    `version_num` is server_version_num; `aurora_version` is aurora_version(), empty on other servers. `fingerprint` is
    the hash of every catalogue row that the proof depends on, equal before and after the reading. `context_defaults`
    are the context settings that already have a value at the start of Basewatch's session: a default for every session
    from postgresql.conf or ALTER SYSTEM. `json_operators_are_built_in` says that no user-defined operator could stand
    in for -> or ->> of JSON, whatever the search_path is.
    """

    version_num: int
    aurora_version: str
    database: str
    database_oid: int
    database_owner: int
    database_grants: tuple[Grant, ...]
    standby: bool
    fingerprint: str
    context_defaults: tuple[str, ...] = ()
    json_operators_are_built_in: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """The complete inventory: a principal can reach no object and no role that it does not list.

    `coverage` says what the digests of its objects cover, for those that reach others.
    """

    server: Server
    roles: tuple[Role, ...]
    memberships: tuple[Membership, ...]
    role_settings: tuple[RoleSetting, ...]
    parameter_grants: tuple[ParameterGrant, ...]
    default_privileges: tuple[DefaultPrivilege, ...]
    schemas: tuple[Schema, ...]
    relations: tuple[Relation, ...]
    policies: tuple[Policy, ...]
    indexes: tuple[Index, ...]
    foreign_keys: tuple[ForeignKey, ...]
    functions: tuple[Function, ...]
    triggers: tuple[Trigger, ...]
    rewrite_rules: tuple[RewriteRule, ...]
    event_triggers: tuple[EventTrigger, ...]
    casts: tuple[Cast, ...]
    domains: tuple[Domain, ...] = ()
    builtins: tuple[Builtin, ...]
    publications: tuple[Publication, ...]
    subscriptions: tuple[Subscription, ...]
    replication_slots: tuple[ReplicationSlot, ...]
    extensions: tuple[Extension, ...]
    foreign_servers: tuple[ForeignServer, ...]
    large_objects: tuple[LargeObjectGroup, ...]
    system_grants: tuple[SystemGrant, ...]
    coverage: tuple[Coverage, ...] = ()
    system_changes: tuple[SystemChange, ...] = ()
    catalogue_reads: tuple[CatalogueRead, ...] = ()
    function_uses: tuple[FunctionUse, ...] = ()
    owned_objects: tuple[OwnedObject, ...] = ()
    server_settings: tuple[ServerSetting, ...] = ()
