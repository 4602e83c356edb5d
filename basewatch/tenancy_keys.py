"""The tenant keys of a manifest: the columns of a table, the key of a parent row, and the tenants of a user."""

from __future__ import annotations

from typing import Annotated

from pydantic import Discriminator, Field, Tag

from basewatch.component_settings import ConfigModel
from basewatch.tenancy_values import Names


class DerivedKey(ConfigModel):
    """A table whose rows belong to the tenant of their parent row; `on` maps its columns to those of the parent."""

    parent: str
    on: dict[str, str] = Field(min_length=1, examples=["{document_id: id}"])


def _key_type(value: object) -> str:
    return "derived" if isinstance(value, dict | DerivedKey) else "columns"


TableKey = Annotated[Annotated[Names, Tag("columns")] | Annotated[DerivedKey, Tag("derived")], Discriminator(_key_type)]


class TenantMembership(ConfigModel):
    """The table of the tenants that a user may access, if the context names a user and not a tenant.

    `own` are tables whose rows belong to that user and to no tenant, each with its column of the user.
    """

    table: str
    member: str
    key: Names
    own: dict[str, str] = Field(default={}, examples=["{profiles: id}"])
