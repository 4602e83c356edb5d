"""What KMS says about a key: its state, who manages it, and what it is made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from basewatch.affected import KEY, Affected
from basewatch.aws import AwsClient
from basewatch.aws.response import accepted_error, optional, required
from basewatch.errors import NotFoundError, ObservationError
from checks.inventory.unread import Unread

_ABSENT = "NotFoundException"


class ManagedBy(StrEnum):
    """Who manages a key; AWS also owns keys that no account sees."""

    CUSTOMER = "CUSTOMER"
    AWS = "AWS"


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribedKey:
    """A key as DescribeKey describes it, named by `asked`: an alias, an id or an ARN.

    It is `absent` if no key has that name; `unread` is why nothing is known. `deletion` is when it will be deleted.
    """

    asked: str
    arn: str = ""
    manager: ManagedBy | None = None
    state: str = ""
    created: datetime | None = None
    deletion: datetime | None = None
    origin: str = ""
    spec: str = ""
    absent: bool = False
    unread: Unread | None = None

    @property
    def identity(self) -> str:
        """What tells it from another key, whatever its name: its ARN, or the name where it has none."""
        return self.arn or self.asked

    @property
    def affected(self) -> Affected:
        """The pair by which findings about one key are known to have one cause."""
        return KEY, self.identity

    def is_same(self, arn: str) -> bool:
        """Whether `arn` is this key, or a replica of it: those of a multi-Region key have its id in each region."""
        return bool(arn) and _identity(self.arn) == _identity(arn)

    def __str__(self) -> str:
        state = "does not exist" if self.absent else self.state or "state not known"
        until = f", to be deleted on {self.deletion:%Y-%m-%d}" if self.deletion else ""
        return f"{self.asked} {state}{until}"


def _region(name: str) -> str:
    """The region in an ARN, arn:aws:kms:REGION:ACCOUNT:key/ID; empty for any other name."""
    return dict(enumerate(name.split(":"))).get(3, "") if name.startswith("arn:") else ""


def _identity(arn: str) -> tuple[str, ...]:
    parts = tuple(arn.split(":"))
    return (*parts[:3], *parts[4:]) if parts[-1].startswith("key/mrk-") else parts


def describe_key(aws: AwsClient, name: str) -> DescribedKey:
    """The key of a name: an alias, an id or an ARN, which is asked for in its own region. An error is `unread`."""
    region = _region(name)
    try:
        client = aws.in_region(region) if region not in ("", aws.region) else aws
        answer = client.call("kms", "DescribeKey", accepted_errors=(_ABSENT,), KeyId=name)
        if accepted_error(answer):
            return DescribedKey(asked=name, absent=True)
        return DescribedKey(
            asked=name,
            arn=required(answer, "KeyMetadata", "Arn", kind=str),
            manager=required(answer, "KeyMetadata", "KeyManager", kind=ManagedBy),
            state=required(answer, "KeyMetadata", "KeyState", kind=str),
            created=optional(answer, "KeyMetadata", "CreationDate", kind=datetime),
            deletion=optional(answer, "KeyMetadata", "DeletionDate", kind=datetime),
            origin=optional(answer, "KeyMetadata", "Origin", kind=str) or "",
            spec=optional(answer, "KeyMetadata", "KeySpec", kind=str) or "",
        )
    except ObservationError as error:
        return DescribedKey(asked=name, unread=Unread.because_of(error))


def known_key(aws: AwsClient, name: str) -> DescribedKey:
    """The key of a name. Raises: NotFoundError, when no key has it; ObservationError, when it cannot be described."""
    key = describe_key(aws, name)
    if key.absent:
        raise NotFoundError(f"kms:DescribeKey finds no key {name}")
    if key.unread:
        raise ObservationError(
            key.unread.reason,
            key.unread.detail,
            remedy=key.unread.remedy,
            source=key.unread.source,
            action=key.unread.action,
        )
    return key
