"""KMS keys, the components that depend on them, and secrets."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from basewatch.components.component import AwsComponent
from basewatch.identifiers import AccountId
from basewatch.quantities import Duration


class EncryptedComponent(AwsComponent):
    """A component whose data is encrypted at rest.

    `keys` are the KMS keys that it may depend on, by name as they are declared; none means that any key will do. That
    every key it depends on can be used is promised by all.
    """

    keys: tuple[str, ...] = Field(
        default=(), description="the declared KMS keys that may encrypt it; none: any key, or one of AWS"
    )

    def has_promise(self, promise: str) -> bool:
        """Whether the component makes the promise; nobody needs to write that its keys can be used."""
        return promise == "keys" or super().has_promise(promise)


class Key(AwsComponent):
    """A KMS key, named by its alias (`alias/NAME`), its id or its ARN.

    `rotation` is how old its key material may become. `accounts` are those besides its own whose principals may use it.
    """

    kind: ClassVar[str] = "key"
    noun: ClassVar[str] = "KMS key"
    promises: ClassVar[tuple[str, ...]] = ("rotation",)
    rotation: Duration | None = None
    accounts: tuple[AccountId, ...] = ()


class Secret(EncryptedComponent):
    """A secret of Secrets Manager, by name or ARN; `rotation` is how old its value may become."""

    kind: ClassVar[str] = "secret"
    noun: ClassVar[str] = "secret"
    promises: ClassVar[tuple[str, ...]] = ("rotation", "keys")
    rotation: Duration | None = None
