"""The tenant of a row in a manifest: by columns, by a parent row or by a user; and rows of no tenant."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag

from basewatch.component_settings import ConfigModel
from basewatch.tenancy_values import Names, Values


class DerivedKey(ConfigModel):
    """A table whose rows belong to the tenant of their parent row; `on` maps its columns to those of the parent."""

    parent: str
    on: dict[str, str] = Field(min_length=1, examples=["{document_id: id}"])


def _key_type(value: object) -> str:
    return "derived" if isinstance(value, dict | DerivedKey) else "columns"


TableKey = Annotated[Annotated[Names, Tag("columns")] | Annotated[DerivedKey, Tag("derived")], Discriminator(_key_type)]


def _rows_type(value: object) -> str:
    return "values" if isinstance(value, dict) else "word"


GlobalRows = Annotated[
    Annotated[Literal["read"], Tag("word")] | Annotated[Values, Tag("values")], Discriminator(_rows_type)
]


class TenantMembership(ConfigModel):
    """The table of the tenants that a user may access, if the context names a user and not a tenant.

    `own` are tables whose rows belong to that user and to no tenant, each with its column of the user.
    """

    table: str
    member: str
    key: Names
    own: dict[str, str] = Field(default={}, examples=["{profiles: id}"])
