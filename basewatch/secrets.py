"""Secrets by reference: the configuration names where a secret is kept, and its value never prints."""

from __future__ import annotations

import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Never, Protocol, Self

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

from basewatch.errors import BasewatchError, InvalidValueError

_FORM = r"(env|file|aws-secretsmanager|aws-ssm):(\S+)"
_OTHERS_READ = stat.S_IRGRP | stat.S_IROTH


class SecretNotFoundError(BasewatchError):
    """A secret reference without a value."""


class Secret:
    """A secret value. Only `reveal` returns it; in print, logs and formatted text it shows its reference.

    It is not a dataclass, so that `asdict` cannot read it. It cannot be pickled, and a copy is the same object.
    """

    __slots__ = ("_value", "reference")

    def __init__(self, reference: str, value: str) -> None:
        self.reference = reference
        self._value = value

    def reveal(self) -> str:
        """The value, for the one call that needs it."""
        return self._value

    def __repr__(self) -> str:
        return f"<secret {self.reference}>"

    def __deepcopy__(self, _memo: object) -> Self:
        return self

    def __reduce__(self) -> Never:
        raise TypeError(f"{self!r} cannot be pickled")


@dataclass(frozen=True, slots=True)
class Reference:
    """Where a secret is kept: the scheme, and the location within it."""

    scheme: str
    location: str

    def __str__(self) -> str:
        return f"{self.scheme}:{self.location}"


def parse_reference(value: object) -> Reference:
    """Parses a reference, for example `env:SLACK_WEBHOOK_URL`.

    Raises: InvalidValueError, which never repeats the text, because it may be the secret.
    """
    if isinstance(value, Reference):
        return value
    match = re.fullmatch(_FORM, value.strip()) if isinstance(value, str) else None
    if match is None:
        raise InvalidValueError(
            "the configuration must not contain a secret, only a reference to it",
            "write env:NAME, file:PATH, aws-secretsmanager:ARN#key or aws-ssm:NAME; "
            "and change the secret if it was ever committed",
        )
    return Reference(match[1], match[2])


SecretReference = Annotated[
    Reference,
    BeforeValidator(parse_reference),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "pattern": f"^{_FORM}$", "examples": ["env:NAME"]}),
]


class SecretStore(Protocol):
    """Resolves `aws-secretsmanager:` and `aws-ssm:` references."""

    def fetch(self, reference: Reference) -> str:
        """The value at `reference`. Raises: SecretNotFoundError."""
        ...


def resolve(reference: Reference, environ: Mapping[str, str], store: SecretStore | None = None) -> Secret:
    """The secret at `reference`; an unset or empty one is an error.

    Raises: SecretNotFoundError, naming the reference and what to do.
    """
    if reference.scheme == "env":
        value, remedy = environ.get(reference.location, ""), f"set the environment variable {reference.location}"
    elif reference.scheme == "file":
        value, remedy = (
            _file_text(Path(reference.location)),
            f"write the secret to {reference.location}, readable by this user",
        )
    elif store is not None:
        value, remedy = store.fetch(reference), "create the secret, or grant the reader access to it"
    else:
        value, remedy = "", "run where AWS can be reached"
    if not value.strip():
        raise SecretNotFoundError(f"the secret {reference} is not set: {remedy}")
    return Secret(str(reference), value.strip())


def resolve_text(text: str, environ: Mapping[str, str], store: SecretStore | None = None) -> str:
    """`text` as it is, or the secret it refers to: for settings that may hold either, as URLs do.

    Raises: SecretNotFoundError.
    """
    return resolve(parse_reference(text), environ, store).reveal() if re.fullmatch(_FORM, text) else text


def file_mode_remedy(reference: Reference) -> str:
    """The remedy for a secret file that other users can read; empty when no one else can."""
    if reference.scheme != "file":
        return ""
    try:
        mode = Path(reference.location).stat().st_mode
    except OSError:
        return ""
    return f"other users can read {reference.location}: chmod 600 {reference.location}" if mode & _OTHERS_READ else ""


def _file_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
