"""AWS accounts as a whole: who is in them and who may do what, whatever the region."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from basewatch.component_settings import ConfigModel
from basewatch.components.component import AwsComponent
from basewatch.identifiers import AccountId
from basewatch.quantities import Duration, parse_duration


def _own_name(fields: dict[str, Any]) -> str | None:
    return fields.get("name")


class Inventory(ConfigModel):
    """How the names of the platform's resources begin, and which of them need not be declared."""

    prefixes: tuple[str, ...] = Field(min_length=1)
    approved: dict[str, str] = Field(
        default={}, description="resources that are not declared, as kind/name with wildcards, each with the reason"
    )


class Cost(ConfigModel):
    """What the account may cost in a month, in US dollars, and the name of the budget that watches it."""

    budget: str = Field(min_length=1)
    monthly_below: float = Field(gt=0)


class Credentials(ConfigModel):
    """How old access keys may become, how long credentials may be unused, and what the password policy asks for.

    Whoever has a password has MFA, whatever is set here. 0 promises nothing about passwords.
    """

    key_age: Duration = parse_duration("90d")
    unused: Duration = parse_duration("45d")
    password_length: int = Field(default=14, ge=0, le=128)
    passwords_remembered: int = Field(default=24, ge=0, le=24)


class AwsAccount(AwsComponent):
    """An AWS account; its `name` is its key in `aws.accounts`.

    `administrators` may do everything, and no other user or role: patterns such as `role/break-glass`, of the part of
    the ARN after the account. The `break_glass` users and roles can be used with MFA alone. `root_secured`: the root
    user has MFA and no access key. `trusted_accounts` are the other accounts, by number, whose principals may assume a
    role.
    """

    kind: ClassVar[str] = "aws_account"
    noun: ClassVar[str] = "AWS account"
    promises: ClassVar[tuple[str, ...]] = (
        "administrators",
        "break_glass",
        "root_secured",
        "credentials",
        "trusted_accounts",
        "inventory",
        "cost",
    )
    account: str | None = Field(default_factory=_own_name)
    administrators: tuple[str, ...] = ()
    break_glass: tuple[str, ...] = ()
    root_secured: bool = False
    credentials: Credentials | None = None
    trusted_accounts: tuple[AccountId, ...] | None = None
    inventory: Inventory | None = None
    cost: Cost | None = None

    def has_promise(self, promise: str) -> bool:
        """Whether the account makes the promise; no trusted account at all is one."""
        if promise == "trusted_accounts":
            return self.trusted_accounts is not None
        return super().has_promise(promise)
