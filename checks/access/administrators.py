"""A check that nobody but the declared administrators may do everything in an AWS account."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from basewatch.aws import AwsClient
from basewatch.check import check
from basewatch.components import AwsAccount
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed, unverified
from basewatch.policies import ANYBODY, DETAILS_NEEDS, Identity, Request, account_identities, who_may
from basewatch.policies.patterns import covers
from checks.access.at_will import AT_WILL, is_bounded
from checks.access.named import named

_ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
# Whoever may do one of these to every user, role or policy gives itself all other permissions.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-vs-inline.html
ESCALATIONS = (
    ("iam:AddUserToGroup", "group/*"),
    ("iam:AttachGroupPolicy", "group/*"),
    ("iam:AttachRolePolicy", "role/*"),
    ("iam:AttachUserPolicy", "user/*"),
    ("iam:CreateAccessKey", "user/*"),
    ("iam:CreateLoginProfile", "user/*"),
    ("iam:CreatePolicyVersion", "policy/*"),
    ("iam:PutGroupPolicy", "group/*"),
    ("iam:PutRolePolicy", "role/*"),
    ("iam:PutUserPolicy", "user/*"),
    ("iam:UpdateAssumeRolePolicy", "role/*"),
    ("iam:UpdateLoginProfile", "user/*"),
)
# Who may give out a named policy, or make roles under a boundary, may not do everything: here the policy is that of
# administrators, and there is no boundary.
_CONTEXT = AT_WILL.having({"iam:policyarn": (_ADMINISTRATOR,), "iam:permissionsboundary": ()})


@dataclass(frozen=True, slots=True, kw_only=True)
class Administrator:
    """A user or role that may do everything, or give itself that, through which statement.

    `unknown` are conditions on which this depends and of which nothing is known; without them it is certain.
    """

    ref: str
    action: str
    through: str
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Administrators:
    """The administrators among the users and roles of an account."""

    identities: int
    administrators: tuple[Administrator, ...]


def administrators(aws: AwsClient, _account: AwsAccount) -> Administrators:
    """Who may do everything, from the policies of GetAccountAuthorizationDetails."""
    identities = account_identities(aws)
    found = (_administrator(identity) for identity in identities)
    return Administrators(identities=len(identities), administrators=tuple(each for each in found if each))


def _administrator(identity: Identity) -> Administrator | None:
    start = identity.requester.arn.rpartition(identity.ref)[0]
    asked = (("*", "*"), *((action, f"{start}{resource}") for action, resource in ESCALATIONS))
    requests = (
        Request(requester=ANYBODY, action=action, resource=resource, context=_CONTEXT, all=True)
        for action, resource in asked
    )
    permitted = who_may([identity], requests)
    certain = next((each for each in permitted if each.certain), None)
    unknown = next((each for each in permitted if not is_bounded(each.missing)), None)
    if (shown := certain or unknown) is None:
        return None
    return Administrator(
        ref=identity.ref,
        action="everything" if shown.action == "*" else shown.action,
        through=shown.through[0] if shown.through else "",
        unknown=() if certain else shown.missing,
    )


@check(
    "access.iam.admin",
    component=AwsAccount,
    observe=administrators,
    severity=Severity.HIGH,
    proof=Proof.CONFIGURATION,
    needs=DETAILS_NEEDS,
    promises=("administrators",),
)
def only_declared_administrators(facts: Administrators, account: AwsAccount, _now: datetime) -> Iterator[Verdict]:
    """Nobody but the declared administrators may do everything in the account.

    Why: Whoever may do everything can read every tenant's data, delete the backups, and remove the traces.
    Reads: iam:GetAccountAuthorizationDetails: the inline and attached policies of each user, of its groups and of each
    role, with boundaries. They are evaluated, not searched for `*:*`: NotAction, denials, conditions count.
    Who may change every user, role or policy may do everything. Not read: the root user, service-linked
    roles, policies of the organization, and combinations such as to pass a role to a service.
    Unverified when: The call is denied, throttled or fails, a page is missing, a policy cannot be read, or permission
    depends on a condition that Basewatch does not know.
    Fix: Detach the policy, or replace it by one with the actions that are needed. Who has to be an administrator is
    declared in `administrators`.
    Source: IAM User Guide, Policy evaluation logic,
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
    """
    expected = f"only {', '.join(account.administrators)}"
    others = [each for each in facts.administrators if not _is_declared(each, account)]
    certain = [each for each in others if not each.unknown]
    observed = "; ".join(f"{each.ref} may do {each.action} by {each.through}" for each in certain or others)
    if certain:
        who = named([each.ref for each in certain])
        yield failed(f"Undeclared administrators: {who}", observed=observed, expected=expected)
    elif others:
        summary = f"{named([each.ref for each in others])} may be administrators, by a condition that is not known"
        remedy = f"See whether {', '.join(others[0].unknown)} limits them, and write the condition in another way."
        yield unverified(Reason.UNSUPPORTED, summary, observed=observed, expected=expected, remedy=remedy)
    else:
        observed = f"{len(facts.administrators)} of {facts.identities} users and roles, all declared"
        yield passed("Only declared administrators may do everything", observed=observed, expected=expected)


def _is_declared(administrator: Administrator, account: AwsAccount) -> bool:
    return any(covers(pattern, administrator.ref) for pattern in account.administrators)
