"""A check that neither the policy of a KMS key nor a grant lets strangers use it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from basewatch.aws import AwsClient
from basewatch.aws.response import optional, required
from basewatch.check import check
from basewatch.components import Key
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed, unverified
from basewatch.policies import openings, parse_policy
from checks.inventory.key_facts import DescribedKey, known_key

_ACCOUNT_OF_ARN = re.compile(r"arn:[^:]*:(?:iam|sts)::(\d{12}):")
_SERVICE = re.compile(r"[a-z0-9.-]+\.amazonaws\.com(\.cn)?")
_MAX_NAMED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A grant on a key: the id, and who may use the key by it: an ARN, an account, a service, or an internal id."""

    id: str
    grantee: str

    @property
    def account(self) -> str:
        """The account of the grantee; empty for a service, and for an id that does not tell."""
        found = _ACCOUNT_OF_ARN.match(self.grantee)
        return found[1] if found else self.grantee if re.fullmatch(r"\d{12}", self.grantee) else ""

    @property
    def is_of_a_service(self) -> bool:
        """Whether a service of AWS uses the key by it, for a resource that is encrypted with the key."""
        return bool(_SERVICE.fullmatch(self.grantee))


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyAccess:
    """The key, the document of its policy, and its grants."""

    key: DescribedKey
    policy: str
    grants: tuple[Grant, ...]

    @property
    def account(self) -> str:
        """The account that owns the key."""
        return self.key.arn.split(":")[4]


def key_access(aws: AwsClient, declared: Key) -> KeyAccess:
    """By DescribeKey, GetKeyPolicy and ListGrants. Raises: NotFoundError, when there is no such key."""
    key = known_key(aws, declared.name)
    policy = aws.call("kms", "GetKeyPolicy", KeyId=key.arn, PolicyName="default")
    pages = aws.pages("kms", "ListGrants", KeyId=key.arn)
    grants = [_grant(each) for page in pages for each in required(page, "Grants", kind=list)]
    return KeyAccess(
        key=key,
        policy=required(policy, "Policy", kind=str),
        grants=tuple(sorted(grants, key=lambda grant: (grant.grantee, grant.id))),
    )


def _grant(grant: dict[str, object]) -> Grant:
    service = optional(grant, "GranteeServicePrincipal", kind=str)
    return Grant(
        id=required(grant, "GrantId", kind=str), grantee=service or required(grant, "GranteePrincipal", kind=str)
    )


@check(
    "encryption.kms.policy",
    component=Key,
    observe=key_access,
    severity=Severity.CRITICAL,
    proof=Proof.POPULATION,
    needs=("kms:DescribeKey", "kms:GetKeyPolicy", "kms:ListGrants"),
)
def key_is_closed_to_strangers(facts: KeyAccess, declared: Key, _now: datetime) -> Iterator[Verdict]:
    """Neither the key's policy nor a grant lets strangers use the KMS key.

    Why: Who may use the key reads what it encrypts, and who may administer it takes it away. The policy of a key is
    asked even where IAM allows nothing.
    Reads: kms:GetKeyPolicy: each statement, with its conditions, against somebody of an account that is neither the
    key's own nor in `accounts`. kms:ListGrants: the account of each grantee. The statement that names the root of the
    own account leaves the decision to the policies of IAM there, which this check does not judge. Organizations'
    policies are not read.
    Unverified when: A call is denied, throttled or fails, the policy is no policy of IAM's grammar, or a grantee is an
    id that does not tell its account.
    Fix: Remove the statement with aws kms put-key-policy, or the grant with aws kms revoke-grant; or declare the
    account in `accounts` of the key.
    Source: AWS KMS Developer Guide, Key policies in AWS KMS,
    https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html
    """
    known = {facts.account, *declared.accounts}
    expected = f"the accounts {', '.join(sorted(known))} alone"
    found = openings(parse_policy(facts.policy, f"policy of {declared.name}"), known_accounts=known)
    strange = [grant for grant in facts.grants if grant.account and grant.account not in known]
    unclear = [grant for grant in facts.grants if not grant.account and not grant.is_of_a_service]
    observed = "; ".join(
        (
            *(
                f"{opening.to} may {', '.join(opening.actions[:_MAX_NAMED])} by {opening.statement}"
                for opening in found
            ),
            *(f"{grant.grantee} by the grant {grant.id}" for grant in (*strange, *unclear)),
        )
    )
    if any(opening.is_public for opening in found):
        yield failed("The key's policy lets everybody use the key", observed=observed, expected=expected)
    elif found or strange:
        to = ", ".join(dict.fromkeys((*(each.to for each in found), *(each.grantee for each in strange))))
        yield failed(f"An account that is not declared may use the key: {to}", observed=observed, expected=expected)
    elif unclear:
        summary = f"The account of {len(unclear)} grantees of the key is not known"
        remedy = "Look the grants up with aws kms list-grants, and revoke those of principals that were deleted."
        yield unverified(Reason.UNSUPPORTED, summary, observed=observed, expected=expected, remedy=remedy)
    else:
        observed = f"{len(facts.grants)} grants, none to a stranger; the policy names none"
        yield passed("No stranger may use the key", observed=observed, expected=expected)
