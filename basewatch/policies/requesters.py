"""Who makes a request, and how a policy names it: by its ARN, by its account, or as everybody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal

from basewatch.policies.context import Context
from basewatch.policies.document import Principals
from basewatch.policies.patterns import covers

_ACCOUNT_PART = 4


class Named(Enum):
    """How a policy names a requester; ACCOUNT leaves it to the account to allow the request."""

    ITSELF = "itself"
    EVERYBODY = "everybody"
    ACCOUNT = "account"
    NOT = "not"


@dataclass(frozen=True, slots=True, kw_only=True)
class Requester:
    """One who makes requests: a role stands for each of its sessions, and `anonymous` signs no request.

    `anybody` stands for all of them at once, and nothing is known of it: what holds for it holds for everyone.

    `arn` is the name of a `service` (`s3.amazonaws.com`) and of an identity provider. `id` is the unique id of a user
    or role, and `tags` are its tags.
    """

    kind: Literal["user", "role", "root", "service", "federated", "canonical", "anonymous", "anybody"]
    arn: str = ""
    id: str = ""
    tags: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def account(self) -> str:
        """The account of a user, role or root user; empty for the others."""
        return self.arn.split(":")[_ACCOUNT_PART] if self.arn.startswith("arn:") else ""

    @property
    def name(self) -> str:
        """The last part of the ARN, which is the name of a user or role without its path."""
        return self.arn.rpartition("/")[2]

    def context(self) -> Context:
        """The keys that follow from who makes the request; it is signed by the requester and not by an AWS service.

        The session tags of a role are not known.
        """
        if self.kind == "anybody":
            return Context(known={"aws:principalisawsservice": ("false",), "aws:viaawsservice": ("false",)})
        known: dict[str, tuple[str, ...]] = {
            "aws:principalarn": (self.arn,) if self.account else (),
            "aws:principalaccount": (self.account,) if self.account else (),
            "aws:principaltype": (_TYPES[self.kind],),
            "aws:userid": (self._user_id(),) if self._user_id() else (),
            "aws:username": (self.name,) if self.kind == "user" else (),
            "aws:principalisawsservice": (str(self.kind == "service").lower(),),
            "aws:principalservicename": (self.arn,) if self.kind == "service" else (),
            "aws:viaawsservice": ("false",),
            "aws:calledvia": (),
            "aws:securetransport": ("true",),
        }
        if self.kind != "service":
            known |= dict.fromkeys(("aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "aws:sourceorgpaths"), ())
        if self.kind in ("anonymous", "service"):
            known |= dict.fromkeys(("aws:principalorgid", "aws:principalorgpaths"), ())
        known |= {f"aws:principaltag/{key.lower()}": (value,) for key, value in self.tags.items()}
        return Context(known=known)

    def named_by(self, principals: Principals) -> Named:
        """How the element names the requester, without regard to its negation."""
        found = {self._named(kind, text) for kind, text in principals.named}
        return next((how for how in (Named.ITSELF, Named.EVERYBODY, Named.ACCOUNT) if how in found), Named.NOT)

    def _user_id(self) -> str:
        if self.kind == "root":
            return self.account
        # A role's sessions are `id:session`; the star stands for all of them.
        return f"{self.id}:*" if self.kind == "role" and self.id else self.id

    def _named(self, kind: str, text: str) -> Named:
        if text == "*" and kind in ("AWS", "*"):
            return Named.EVERYBODY
        if kind == "Service":
            return Named.ITSELF if self.kind == "service" and covers(text, self.arn) else Named.NOT
        if kind in ("Federated", "CanonicalUser"):
            return Named.ITSELF if self.kind in ("federated", "canonical") and text == self.arn else Named.NOT
        if kind != "AWS" or not self.account:
            return Named.NOT
        if text == self.account or (text.endswith(":root") and text.split(":")[_ACCOUNT_PART] == self.account):
            return Named.ITSELF if self.kind == "root" else Named.ACCOUNT
        return Named.ITSELF if text in (self.arn, self.id) or self._has_session(text) else Named.NOT

    def _has_session(self, arn: str) -> bool:
        """Whether it is a session of this role, whose ARN omits the role's path."""
        if self.kind != "role" or ":assumed-role/" not in arn:
            return False
        return arn.split(":")[_ACCOUNT_PART] == self.account and arn.split("/")[1] == self.name


_TYPES = {
    "user": "User",
    "role": "AssumedRole",
    "root": "Account",
    "service": "AWSService",
    "federated": "FederatedUser",
    "canonical": "Account",
    "anonymous": "Anonymous",
}

ANYBODY = Requester(kind="anybody")
