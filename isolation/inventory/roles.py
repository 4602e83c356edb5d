"""Roles, their memberships, what is granted to them and what their sessions start with, as the catalogues say it."""

from __future__ import annotations

from dataclasses import dataclass

PUBLIC = 0
"""The OID that stands for PUBLIC among grantees and in a policy's roles."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """One role and the attributes that no membership hands on (pg_roles)."""

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
    """`member` is in `role` (pg_auth_members).

    Before version 16 `inherit_option` is the member's own, and `set_option` is true.
    """

    role: int
    member: int
    admin_option: bool
    inherit_option: bool
    set_option: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """One privilege of one grantee on one object; what the owner holds by default is spelled out as well."""

    grantee: int
    privilege: str
    grantable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleSetting:
    """A default of pg_db_role_setting; `role` or `database` 0 means all of them.

    `value` is None when it might be a tenant's id: it is only kept for settings of PostgreSQL's own. `empty` says that
    it is the empty text.
    """

    role: int
    database: int
    name: str
    value: str | None
    empty: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterGrant:
    """Who may SET or ALTER SYSTEM a parameter that is not everybody's (pg_parameter_acl, from version 15)."""

    parameter: str
    grantee: int
    privilege: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultPrivilege:
    """What is granted on objects that `owner` will make (pg_default_acl); `schema` is empty for every schema.

    `kind` is table, sequence, function, type or schema.
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
