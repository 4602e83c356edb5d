"""The users and roles of an account with their policies, from the pages of iam:GetAccountAuthorizationDetails."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from basewatch.aws import AwsClient
from basewatch.aws.response import listed, optional, required
from basewatch.errors import ObservationError
from basewatch.model import Reason
from basewatch.policies.decision import Decision, Policies, Request, decide
from basewatch.policies.document import Policy, parse_policy
from basewatch.policies.requesters import Requester

DETAILS_NEEDS = ("iam:GetAccountAuthorizationDetails",)
_SERVICE_LINKED = ":role/aws-service-role/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A user or role, its identity policies with those of its groups, its boundary, and a role's trust policy."""

    requester: Requester
    policies: tuple[Policy, ...]
    boundary: Policy | None = None
    trust: Policy | None = None
    created: datetime | None = None

    @property
    def ref(self) -> str:
        """Its kind, path and name, such as `role/service/billing`."""
        return self.requester.arn.split(":", 5)[-1]

    @property
    def is_service_linked(self) -> bool:
        """Whether it is a role of an AWS service: only this service can use it, and AWS writes its policies."""
        return _SERVICE_LINKED in self.requester.arn

    def decide(
        self, request: Request, resource: Policy | None = None, *, account: str = "", only_resource: bool = False
    ) -> Decision:
        """The decision about a request of this identity; the resource's policy is of its owner `account`."""
        return decide(
            request,
            Policies(
                identity=self.policies,
                boundary=self.boundary,
                resource=resource,
                resource_account=account,
                only_resource=only_resource,
            ),
        )


def account_identities(aws: AwsClient) -> tuple[Identity, ...]:
    """Every user and role of the account, service-linked roles as well; the root user, who may do all, is not listed.

    Raises: ObservationError, also when the listing is not whole or empty, or a policy cannot be read.
    """
    pages = list(aws.pages("iam", "GetAccountAuthorizationDetails"))
    if not pages or any(optional(page, "IsTruncated", kind=bool) is None for page in pages):
        raise ObservationError(
            Reason.NOT_ENOUGH_DATA, "the answer of AWS has no IsTruncated: the listing may be a part"
        )
    managed = {required(each, "Arn", kind=str): each for page in pages for each in listed(page, "Policies")}
    groups = {required(each, "GroupName", kind=str): each for page in pages for each in listed(page, "GroupDetailList")}
    parse = _Parser(managed)
    identities = tuple(
        identity
        for page in pages
        for identity in (
            *(parse.user(each, groups) for each in listed(page, "UserDetailList")),
            *(parse.role(each) for each in listed(page, "RoleDetailList")),
        )
    )
    if not identities:
        # Basewatch itself is one, or assumes one.
        raise ObservationError(Reason.NOT_ENOUGH_DATA, "the answer of AWS has no user and no role", remedy="run again")
    return identities


class _Parser:
    """Reads identities; a managed policy is parsed once."""

    def __init__(self, managed: Mapping[str, Mapping[str, Any]]) -> None:
        self._managed = managed
        self._parsed: dict[str, Policy] = {}

    def user(self, user: Mapping[str, Any], groups: Mapping[str, Mapping[str, Any]]) -> Identity:
        """A user, with the policies of its groups."""
        who = _requester("user", user, "User")
        policies = list(self._policies(user, "UserPolicyList", who.name))
        for name in listed(user, "GroupList"):
            if name not in groups:
                raise ObservationError(Reason.STALE, f"the group {name} of {who.arn} is not listed", remedy="run again")
            policies += self._policies(groups[name], "GroupPolicyList", f"group {name}")
        return Identity(
            requester=who,
            policies=tuple(policies),
            boundary=self._boundary(user),
            created=optional(user, "CreateDate", kind=datetime),
        )

    def role(self, role: Mapping[str, Any]) -> Identity:
        """A role, with its trust policy."""
        who = _requester("role", role, "Role")
        trust = required(role, "AssumeRolePolicyDocument", kind=object)
        return Identity(
            requester=who,
            policies=tuple(self._policies(role, "RolePolicyList", who.name)),
            boundary=self._boundary(role),
            trust=parse_policy(trust, f"trust policy of role {who.name}"),  # type: ignore[arg-type]  # checked there
            created=optional(role, "CreateDate", kind=datetime),
        )

    def _policies(self, owner: Mapping[str, Any], inline: str, of: str) -> Iterator[Policy]:
        for policy in listed(owner, inline):
            name = f"inline policy {required(policy, 'PolicyName', kind=str)} of {of}"
            document = required(policy, "PolicyDocument", kind=object)
            yield parse_policy(document, name)  # type: ignore[arg-type]  # checked there
        for attached in listed(owner, "AttachedManagedPolicies"):
            yield self._attached(required(attached, "PolicyArn", kind=str))

    def _boundary(self, owner: Mapping[str, Any]) -> Policy | None:
        arn = optional(owner, "PermissionsBoundary", "PermissionsBoundaryArn", kind=str)
        return self._attached(arn) if arn else None

    def _attached(self, arn: str) -> Policy:
        if arn not in self._parsed:
            if arn not in self._managed:
                raise ObservationError(
                    Reason.STALE, f"the attached policy {arn} is not in the listing", remedy="run again"
                )
            document = _default_version(self._managed[arn])
            self._parsed[arn] = parse_policy(document, f"policy {arn.partition(':policy/')[2] or arn}")  # type: ignore[arg-type]  # checked there
        return self._parsed[arn]


def _requester(kind: Literal["user", "role"], found: Mapping[str, Any], prefix: str) -> Requester:
    tags = {required(tag, "Key", kind=str): required(tag, "Value", kind=str) for tag in listed(found, "Tags")}
    return Requester(
        kind=kind, arn=required(found, "Arn", kind=str), id=required(found, f"{prefix}Id", kind=str), tags=tags
    )


def _default_version(policy: Mapping[str, Any]) -> object:
    for version in listed(policy, "PolicyVersionList"):
        if optional(version, "IsDefaultVersion", kind=bool):
            return required(version, "Document", kind=object)
    raise ObservationError(Reason.NOT_ENOUGH_DATA, f"{policy.get('Arn')} is listed without its default version")
