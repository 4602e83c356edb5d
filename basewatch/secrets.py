"""Secrets by reference: a configuration says where a secret is, and the value never prints."""

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
    """A secret reference points at nothing."""


class Secret:
    """A secret's value: `reveal` is the only way to it; printed, logged or formatted it shows its reference alone.

    It is no dataclass, so that `asdict` finds nothing in it; it refuses to be pickled, and a copy is the secret itself.
    """

    __slots__ = ("_value", "reference")

    def __init__(self, reference: str, value: str) -> None:
        self.reference = reference
        self._value = value

    def reveal(self) -> str:
        """The value itself, for the one call that needs it."""
        return self._value

    def __repr__(self) -> str:
        return f"<secret {self.reference}>"

    def __deepcopy__(self, _memo: object) -> Self:
        return self

    def __reduce__(self) -> Never:
        raise TypeError(f"{self!r} is not to be pickled")


@dataclass(frozen=True, slots=True)
class Reference:
    """Where a secret is kept: its scheme and the place within it."""

    scheme: str
    location: str

    def __str__(self) -> str:
        return f"{self.scheme}:{self.location}"


def parse_reference(value: object) -> Reference:
    """The reference that text such as `env:SLACK_WEBHOOK_URL` stands for.

    Raises: InvalidValueError, which never repeats the text: it may be the secret itself.
    """
    if isinstance(value, Reference):
        return value
    match = re.fullmatch(_FORM, value.strip()) if isinstance(value, str) else None
    if match is None:
        raise InvalidValueError(
            "a secret does not stand in the configuration, only where it is kept",
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
    """Where `aws-secretsmanager:` and `aws-ssm:` references are looked up."""

    def fetch(self, reference: Reference) -> str:
        """The value at `reference`. Raises: SecretNotFoundError."""
        ...


def resolve(reference: Reference, environ: Mapping[str, str], store: SecretStore | None = None) -> Secret:
    """The secret at `reference`; one that is unset or empty is an error, never an empty string.

    Raises: SecretNotFoundError, naming the reference and what to do.
    """
    if reference.scheme == "env":
        value, remedy = environ.get(reference.location, ""), f"set the environment variable {reference.location}"
    elif reference.scheme == "file":
        value, remedy = (
            _in_file(Path(reference.location)),
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
    """`text` as it is, or the secret it refers to: for settings that hold one only sometimes, as URLs do.

    Raises: SecretNotFoundError.
    """
    return resolve(parse_reference(text), environ, store).reveal() if re.fullmatch(_FORM, text) else text


def file_mode_remedy(reference: Reference) -> str:
    """What to do about a secret's file that more than its owner may read; empty when there is nothing to do."""
    if reference.scheme != "file":
        return ""
    try:
        mode = Path(reference.location).stat().st_mode
    except OSError:
        return ""
    return f"others may read {reference.location}: chmod 600 {reference.location}" if mode & _OTHERS_READ else ""


def _in_file(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
