"""The tenancy manifest: how a database isolates its tenants, its tenant-bound roles, and the approved objects."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, Self

from pydantic import Field, model_validator

from basewatch.component_settings import ConfigModel
from basewatch.digests import same_digest
from basewatch.errors import InvalidValueError
from basewatch.identifiers import Digest
from basewatch.secrets import SecretReference
from basewatch.tenancy_canaries import Canaries, claimed
from basewatch.tenancy_keys import DerivedKey, GlobalRows, TableKey, TenantMembership
from basewatch.tenancy_values import Day, FurtherNames, Names, check_form

__all__ = [
    "Approval",
    "ApprovedObject",
    "ApprovedPredicate",
    "Canaries",
    "DerivedKey",
    "Login",
    "ObjectKind",
    "TableKey",
    "Tenancy",
    "TenantMembership",
]


def _parts(count: int) -> str:
    return "1 part" if count == 1 else f"{count} parts"


ObjectKind = Literal[
    "function",
    "view",
    "trigger",
    "rule",
    "publication",
    "subscription",
    "extension",
    "foreign_server",
    "event_trigger",
    "replication_slot",
    "large_object",
    "constraint",
    "grant",
]


class Approval(ConfigModel):
    """A reviewed object or predicate with its owner and expiry date; the digest is that of the reviewed text."""

    digest: Digest
    owner: str = Field(min_length=1)
    reason: str = Field(min_length=1)
    until: Day

    def is_valid_for(self, digest: str, now: datetime) -> bool:
        """Whether the approval applies to this digest and has not expired."""
        return now.date() <= self.until and same_digest(digest, self.digest)


class ApprovedObject(Approval):
    """An object that the proof does not cover, such as a function that runs with its owner's rights.

    `name` is the one that findings print. `returns_tenant` says that a function returns the current tenant.
    """

    kind: ObjectKind
    name: str
    returns_tenant: bool = False


class ApprovedPredicate(Approval):
    """A waiver for a policy expression that cannot be proven and was reviewed, by the digest of the predicate."""


class Login(ConfigModel):
    """The logins of a tenant-bound role: directly to the database, and through the pooler."""

    url: SecretReference
    proxy_url: SecretReference | None = None


class Tenancy(ConfigModel):
    """How a database isolates its tenants, and the roles that are subject to it."""

    context: Names
    claim: Names | None = Field(
        default=None,
        description="the path of the id in the context setting, if its value is JSON",
        examples=["[app_metadata, org_id]"],
    )
    context_aliases: FurtherNames = Field(
        default=(),
        description="further settings that hold the same id or token as `context`, or nothing",
        examples=["[request.jwt.claim.sub, request.jwt.claim]"],
    )
    context_type: Literal["uuid", "text", "integer", "bigint"] = "uuid"
    schemas: tuple[str, ...] = Field(default=("public",), min_length=1)
    root: str
    root_key: Names = ("id",)
    key: Names
    keys: dict[str, TableKey] = Field(default={}, description="tables whose tenant key is not `key`")
    members: TenantMembership | None = None
    principals: tuple[str, ...] = Field(min_length=1)
    privileged: dict[str, str] = Field(default={}, description="roles outside the isolation, each with the reason")
    min_tables: int = Field(ge=1, examples=[7], description="the minimum number of tables with the tenant key")
    shared: tuple[str, ...] = Field(
        default=(), description="tables and views that every tenant may read and none may write"
    )
    platform_tables: dict[str, str] = Field(
        default={},
        description="tables of the whole platform that principals also write, such as sessions, each with the reason",
        examples=['{sessions: "found by their random token alone"}'],
    )
    global_rows: dict[str, GlobalRows] = Field(
        default={},
        description="tables with rows that are everybody's to read: those without a tenant, or with these values",
        examples=["{templates: read, articles: {is_public: true}}"],
    )
    no_tenant: FurtherNames = Field(
        default=(), description="ids that no tenant has, which policies use where no tenant is set"
    )
    unforced_owners: dict[str, str] = Field(
        default={}, description="owners whose own tables may go without FORCE ROW LEVEL SECURITY, each with the reason"
    )
    approved_objects: tuple[ApprovedObject, ...] = ()
    approved_predicates: tuple[ApprovedPredicate, ...] = ()
    canaries: Canaries
    logins: dict[str, Login] = Field(default={}, description="real logins of the principals, for fresh sessions")
    write_probes: bool = Field(
        default=False, description="attempt writes on rows of the canaries, in transactions that are rolled back"
    )
    sweep: bool = Field(default=False, description="test every tenant in turn, in read-only batches")

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        parts = len(self.key)
        for name, what in (
            ("context", self.context if self.members is None else self.key),
            ("root_key", self.root_key),
            ("canaries.a", self.canaries.a),
            ("canaries.b", self.canaries.b),
        ):
            if len(what) != parts:
                remedy = "write the same number of parts, in the same order"
                raise InvalidValueError(f"{name} has {_parts(len(what))} and key has {_parts(parts)}", remedy)
        for part in (*self.canaries.a, *self.canaries.b):
            check_form(part, self.context_type)
        if self.members is not None and (self.canaries.user_a is None or self.canaries.user_b is None):
            raise InvalidValueError(
                "members says that the context names users, and canaries.user_a or user_b is missing",
                "declare members, canaries.user_a and canaries.user_b together, or no members",
            )
        for name, values in (("canaries.user_a", self.canaries.user_a), ("canaries.user_b", self.canaries.user_b)):
            if values is not None and len(values) != len(self.context):
                remedy = "write one value for each setting of the context"
                raise InvalidValueError(
                    f"{name} has {_parts(len(values))} and context has {_parts(len(self.context))}", remedy
                )
        if self.claim is not None and len(self.context) > 1:
            raise InvalidValueError("claim needs a context of one setting", "write the setting whose value is JSON")
        if self.context_aliases and len(self.context) > 1:
            raise InvalidValueError("context_aliases need a context of one setting", "remove context_aliases")
        if set(self.context_aliases) & set(self.context):
            raise InvalidValueError("a setting is declared in context and in context_aliases", "keep one of the two")
        return self

    @model_validator(mode="after")
    def _declares_tables_once(self) -> Self:
        for table in self.platform_tables:
            if table in (*self.shared, *self.keys, self.root):
                raise InvalidValueError(
                    f"'{table}' is declared in platform_tables, and as shared, in keys or as root", "keep one entry"
                )
        for table in self.global_rows:
            if table in self.shared:
                raise InvalidValueError(
                    f"'{table}' is declared as shared and in global_rows", "keep one of the two entries"
                )
        return self

    @model_validator(mode="after")
    def _contradicts_nothing(self) -> Self:
        for part in {*self.canaries.a, *self.canaries.b} & set(self.no_tenant):
            raise InvalidValueError(f"the canary {part} is declared in no_tenant", "remove it there")
        for role in self.unforced_owners:
            if role in self.principals:
                raise InvalidValueError(
                    f"'{role}' is declared as principal and in unforced_owners", "force row security on its tables"
                )
        for role in self.privileged:
            if role in self.principals:
                raise InvalidValueError(
                    f"'{role}' is declared as principal and as privileged", "keep one of the two entries"
                )
        for role in self.logins:
            if role not in self.principals:
                raise InvalidValueError(
                    f"'{role}' has a login and is not a principal", "add it to principals, or remove its login"
                )
        return self

    @property
    def pooled(self) -> bool:
        """Whether any principal logs in through a pooler, which must reset its sessions."""
        return any(login.proxy_url is not None for login in self.logins.values())

    @property
    def canary_contexts(
        self,
    ) -> tuple[tuple[tuple[str, ...], tuple[str, ...]], tuple[tuple[str, ...], tuple[str, ...]]]:
        """Canaries a and b, each as its id and its values of the context settings."""
        canaries = self.canaries
        return (
            (canaries.a, self.context_values(canaries.user_a or canaries.a)),
            (canaries.b, self.context_values(canaries.user_b or canaries.b)),
        )

    def context_values(self, ids: tuple[str, ...]) -> tuple[str, ...]:
        """The values of the context settings that name a tenant or user: the ids, or JSON with the id as its claim."""
        return ids if self.claim is None else tuple(claimed(one, self.claim) for one in ids)

    @property
    def context_settings(self) -> tuple[str, ...]:
        """Every setting that may name the current tenant or user: those of the context, and their aliases."""
        return (*self.context, *self.context_aliases)

    @property
    def words(self) -> tuple[str, ...]:
        """The names that say where the context is, and the values that the manifest declares."""
        values = (value for row in self.global_rows.values() if not isinstance(row, str) for value in row.values())
        return (*self.context_settings, *(self.claim or ()), *values, *self.no_tenant)

    def tenant_key(self, table: str) -> tuple[str, ...] | DerivedKey:
        """The tenant key of a table, by its name in the configuration."""
        return self.keys.get(table, self.key)

    def declared_name(self, schema: str, name: str) -> str:
        """The name of a relation in the configuration: without schema in the first declared schema, else with it."""
        return name if schema == self.schemas[0] else f"{schema}.{name}"
