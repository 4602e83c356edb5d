"""Secrets by reference: a configuration says where a secret is, and the value never prints."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Protocol

from pydantic import BeforeValidator, PlainSerializer

from basewatch.errors import BasewatchError

_FORMS = "env:NAME, file:PATH, aws-secretsmanager:ARN#key or aws-ssm:NAME"


class SecretUnset(BasewatchError):
    """A secret reference points at nothing."""


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret's value: `reveal` is the only way to it, and printing shows its reference alone."""

    reference: str
    _value: str = field(repr=False)

    def reveal(self) -> str:
        """The value itself, for the one call that needs it."""
        return self._value

    def __str__(self) -> str:
        return f"<secret {self.reference}>"


@dataclass(frozen=True, slots=True)
class Reference:
    """Where a secret is kept: its scheme and the place within it."""

    scheme: str
    place: str

    def __str__(self) -> str:
        return f"{self.scheme}:{self.place}"


def parse_reference(value: object) -> Reference:
    """The reference that text such as `env:SLACK_WEBHOOK_URL` stands for.

    Raises: ValueError, which never repeats the text: it may be the secret itself.
    """
    if isinstance(value, Reference):
        return value
    match = re.fullmatch(r"(env|file|aws-secretsmanager|aws-ssm):(\S+)", str(value).strip())
    if match is None:
        raise ValueError(f"a secret is written by reference: {_FORMS}")
    return Reference(match[1], match[2])


SecretReference = Annotated[Reference, BeforeValidator(parse_reference), PlainSerializer(str)]


class SecretStore(Protocol):
    """Where `aws-secretsmanager:` and `aws-ssm:` references are looked up."""

    def fetch(self, reference: Reference) -> str:
        """The value at `reference`. Raises: SecretUnset."""
        ...


def resolve(reference: Reference, environ: Mapping[str, str], store: SecretStore | None = None) -> Secret:
    """The secret at `reference`; one that is unset or empty is an error, never an empty string.

    Raises: SecretUnset, naming the reference and what to do.
    """
    if reference.scheme == "env":
        value = environ.get(reference.place, "")
        remedy = f"set the environment variable {reference.place}"
    elif reference.scheme == "file":
        remedy = f"write the secret to {reference.place} and make it readable"
        try:
            value = Path(reference.place).read_text(encoding="utf-8").strip()
        except OSError:
            value = ""
    elif store is not None:
        value, remedy = store.fetch(reference), "create the secret, or grant the reader access to it"
    else:
        value, remedy = "", "run where AWS can be reached"
    if not value:
        raise SecretUnset(f"the secret {reference} is not set: {remedy}")
    return Secret(str(reference), value)
