"""The settings of a restore drill: how often, how fast, where, and how envelopes are opened."""

from __future__ import annotations

from typing import Annotated, Self, TypeAlias

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from basewatch.component_settings import ConfigModel, DumpLayer
from basewatch.errors import InvalidValueError
from basewatch.quantities import Duration
from basewatch.secrets import SecretReference

SECRET_FILE = "{secret}"  # noqa: S105  # what stands for its path
_ARGUMENTS = {"items": {"type": "string"}, "minItems": 1, "type": "array"}
Arguments: TypeAlias = Annotated[
    tuple[str, ...],
    BeforeValidator(lambda value: tuple(value) if isinstance(value, list) else value),
    Field(min_length=1),
    WithJsonSchema(_ARGUMENTS),
]


class OpeningCommand(ConfigModel):
    """A program that opens one layer of a dump: it reads the layer from its input, and writes what is inside.

    It is started without a shell. `{secret}` in an argument becomes the path of a private file with the secret.
    """

    run: Arguments
    secret: SecretReference | None = None

    @model_validator(mode="after")
    def _names_its_secret(self) -> Self:
        if (self.secret is not None) != any(SECRET_FILE in each for each in self.run):
            raise InvalidValueError(
                f"a command with a secret has {SECRET_FILE} in one of its arguments, and no other has",
                "write for example run: [age, -d, -i, '{secret}'] with secret: env:AGE_IDENTITY",
            )
        return self


class RestoreDrill(ConfigModel):
    """How often a dump is restored as a drill, and how long that may take.

    `target` is the URL of a superuser of a scratch server; without it a private server is started. `commands` open the
    layers that Basewatch cannot. `newest_row_within` is how old the newest row may be when the dump is made, by the
    `time_columns` of the tables, or by that of the audit table. Tables in `may_be_empty` may lose all their rows.
    """

    every: Duration
    within: Duration
    newest_row_within: Duration | None = None
    time_columns: dict[str, str] = {}
    may_be_empty: tuple[str, ...] = ()
    target: SecretReference | None = None
    commands: dict[DumpLayer, OpeningCommand] = {}
    max_gigabytes: int = Field(default=100, ge=1, le=100_000)
