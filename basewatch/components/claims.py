"""What a document says in public about the platform, as claims that findings can support or contradict."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar, Literal, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from basewatch.component_settings import ConfigModel
from basewatch.components.component import Component
from basewatch.errors import InvalidValueError, display_value

_PROMISE = r"[a-z_]+/\S+ [a-z0-9_.]+"
_SELECTOR = r"[a-z0-9_.*?]+( of [a-z_*]+/\S+)?"


def parse_selector(value: object) -> str:
    """A glob over check ids, which may be followed by ` of ` and one over refs. Raises: InvalidValueError."""
    if not isinstance(value, str) or not re.fullmatch(_SELECTOR, value, re.ASCII):
        raise InvalidValueError(
            f"{display_value(value)} names no checks",
            "write for example backup.aurora.window, or service.api.* of api/orders",
        )
    return value


CheckSelector = Annotated[
    str,
    BeforeValidator(parse_selector),
    WithJsonSchema({"type": "string", "pattern": f"^{_SELECTOR}$", "examples": ["service.api.* of api/orders"]}),
]


def parse_promise(value: object) -> str:
    """The ref of a component and the path of one of its promises. Raises: InvalidValueError."""
    if not isinstance(value, str) or not re.fullmatch(_PROMISE, value, re.ASCII):
        raise InvalidValueError(
            f"{display_value(value)} names no promise", "write for example aurora_cluster/main backup.retention"
        )
    return value


def parse_claimed(value: object) -> str:
    """A claimed number or word, as it is written. Raises: InvalidValueError."""
    if not isinstance(value, str | int | float) or value == "":
        raise InvalidValueError(f"{display_value(value)} is no value", "write the number as it is claimed")
    return str(value)


Promise = Annotated[str, BeforeValidator(parse_promise), WithJsonSchema({"type": "string", "pattern": f"^{_PROMISE}$"})]
Claimed = Annotated[str, BeforeValidator(parse_claimed), WithJsonSchema({"type": ["string", "number", "boolean"]})]
Catalogue = Literal["CIS AWS Foundations", "SOC 2", "HIPAA Security Rule", "NIST 800-53", "any"]


class Claim(ConfigModel):
    """One claim, and how it is verified: by the checks in `held_by`, by the size of a catalogue, or not at all.

    `promise` is the setting that has to be as claimed, such as `api/orders p95_below`; `value` is the claimed one.
    `withdrawn` says why a claim that is wrong is no longer made.
    """

    says: str = Field(min_length=1)
    line: int | None = Field(default=None, ge=1, description="the line of the document")
    held_by: tuple[CheckSelector, ...] = ()
    promise: Promise | None = None
    value: Claimed | None = None
    catalogue: Catalogue | None = None
    unverifiable: str | None = Field(default=None, min_length=1, description="why no check can verify it")
    withdrawn: str | None = Field(default=None, min_length=1)

    @model_validator(mode="after")
    def _is_verified_in_one_way(self) -> Self:
        ways = [bool(self.held_by), self.catalogue is not None, self.unverifiable is not None]
        if sum(ways) != 1:
            raise InvalidValueError(
                f"the claim '{self.says}' is verified in {sum(ways)} ways, and needs exactly one",
                "give it one of held_by, catalogue and unverifiable",
            )
        if (self.value is not None) != (self.promise is not None or self.catalogue is not None):
            raise InvalidValueError(
                f"the claim '{self.says}' needs a value with its promise or catalogue, and only then",
                "add value: with the number as it is claimed, or remove it",
            )
        if self.catalogue is not None and not (self.value or "").isdecimal():
            raise InvalidValueError(f"{display_value(self.value)} is no size of a catalogue", "write a whole number")
        return self


class ClaimDocument(Component):
    """A document that makes claims about the platform; each is known by its key."""

    kind: ClassVar[str] = "claim_document"
    noun: ClassVar[str] = "document"
    promises: ClassVar[tuple[str, ...]] = ("claims",)
    claims: dict[str, Claim] = Field(min_length=1)

    @property
    def selectors(self) -> tuple[str, ...]:
        """The checks that hold the claims."""
        return tuple(selector for claim in self.claims.values() for selector in claim.held_by)
