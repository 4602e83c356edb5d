"""The canaries of a tenancy manifest, and the values of settings in which sessions act for them."""

from __future__ import annotations

import json
from typing import Self

from pydantic import Field, model_validator

from basewatch.component_settings import ConfigModel
from basewatch.errors import InvalidValueError
from basewatch.tenancy_values import Names


class Canaries(ConfigModel):
    """Two synthetic tenants for probes, excluded from billing; a composite id is a list of its parts.

    `user_a` and `user_b` are the values of the context for each, if that names a user and not the tenant, or is JSON
    with more in it than the id. `settings_a` and `settings_b` are other settings that policies read, such as the user.
    """

    a: Names
    b: Names
    user_a: Names | None = None
    user_b: Names | None = None
    settings_a: dict[str, str] = Field(default={}, examples=["{app.user_id: 0ca9a11e-0000-4000-8000-0000000000ff}"])
    settings_b: dict[str, str] = {}

    @model_validator(mode="after")
    def _are_two(self) -> Self:
        if self.a == self.b:
            raise InvalidValueError(
                "both canaries are the same tenant, so that probes cannot distinguish them",
                "create a second synthetic tenant and write its id as b",
            )
        if (self.user_a is None) != (self.user_b is None):
            raise InvalidValueError(
                "only one of canaries.user_a and canaries.user_b is declared", "declare both, or none of them"
            )
        return self


def claimed(value: str, path: tuple[str, ...]) -> str:
    """JSON with an id at a path; a value that is a JSON object already stays as it is."""
    if value.lstrip().startswith("{"):
        return value
    found: object = value
    for name in reversed(path):
        found = {name: found}
    return json.dumps(found)
