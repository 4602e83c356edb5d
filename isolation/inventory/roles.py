"""Roles with their memberships, grants and session defaults, and schemas, as rows of the catalogues."""

from __future__ import annotations

from dataclasses import dataclass

PUBLIC = 0
"""The OID of PUBLIC among grantees and in the roles of a policy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """One role with its attributes (pg_roles); members do not inherit attributes."""

    oid: int
    name: str
    superuser: bool
    bypass_rls: bool
    create_role: bool
    create_db: bool
    replication: bool
    login: bool
    inherit: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """The membership of `member` in `role` (pg_auth_members).

    Before version 16, `inherit_option` is the INHERIT attribute of the member, and `set_option` is true.
    """

    role: int
    member: int
    admin_option: bool
    inherit_option: bool
    set_option: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """One privilege of one grantee on one object; the default privileges of the owner are included."""

    grantee: int
    privilege: str
    grantable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleSetting:
    """A default of pg_db_role_setting; 0 as `role` or `database` means all.

    `value` is None for a setting that is not built in, because it could be a tenant's id. `empty` is true for the empty
    text.
    """

    role: int
    database: int
    name: str
    value: str | None
    empty: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterGrant:
    """A grant of SET or ALTER SYSTEM on a restricted parameter (pg_parameter_acl, since version 15)."""

    parameter: str
    grantee: int
    privilege: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultPrivilege:
    """A privilege on future objects of `owner` (pg_default_acl); `schema` is empty for all schemas.

    `kind` is table, sequence, function, type, schema or large_object (since version 18).
    """

    owner: int
    schema: str
    kind: str
    grantee: int
    privilege: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """One schema that is not temporary, with its owner and grants."""

    oid: int
    name: str
    owner: int
    grants: tuple[Grant, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnedObject:
    """A type, operator, publication or another object without grants of its own, with its owner."""

    owner: int
    kind: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSetting:
    """A parameter that a configuration file, ALTER SYSTEM or the command line sets for every session."""

    name: str
    value: str
