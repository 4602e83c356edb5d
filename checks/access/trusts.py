"""A check that no role of an AWS account can be assumed by strangers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from basewatch.aws import AwsClient
from basewatch.check import check
from basewatch.components import AwsAccount
from basewatch.model import Proof, Severity, Verdict, failed, passed
from basewatch.policies import DETAILS_NEEDS, account_identities, openings
from checks.access.named import named


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """A role whose trust policy lets in `to`, who is a stranger."""

    role: str
    to: str
    statement: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trusts:
    """The roles of an account, and those that strangers may assume."""

    roles: int
    to_strangers: tuple[Trust, ...]


def trusts(aws: AwsClient, account: AwsAccount) -> Trusts:
    """Whom the roles trust, from the trust policies of GetAccountAuthorizationDetails."""
    known = (aws.account_id, *(account.trusted_accounts or ()))
    policies = [(each.ref, each.trust) for each in account_identities(aws) if each.trust and not each.is_service_linked]
    return Trusts(
        roles=len(policies),
        to_strangers=tuple(
            Trust(role=ref, to=opening.to, statement=opening.statement)
            for ref, policy in policies
            for opening in openings(policy, known_accounts=known)
        ),
    )


@check(
    "access.iam.trust",
    component=AwsAccount,
    observe=trusts,
    severity=Severity.CRITICAL,
    proof=Proof.CONFIGURATION,
    needs=DETAILS_NEEDS,
    promises=("trusted_accounts",),
)
def no_role_trusts_strangers(facts: Trusts, account: AwsAccount, _now: datetime) -> Iterator[Verdict]:
    """No role can be assumed from an account that is not declared, or by everybody.

    Why: A role that trusts another account gives its permissions to whoever this account gives them to.
    Reads: iam:GetAccountAuthorizationDetails: the trust policy of each role, evaluated for a stranger. A condition
    counts if a stranger cannot meet it; an external id is a shared secret and does not. Issuers that give everybody a
    token, such as GitHub, count as everybody unless the token's subject is bound. An organization that a condition
    names is taken for ours. Service-linked roles are left out.
    Unverified when: The call is denied, throttled or fails, a page is missing, or a policy cannot be read.
    Fix: Remove the principal from the trust policy of the role, or add the condition that names who may assume it. An
    account that may is declared in `trusted_accounts`.
    Source: IAM User Guide, The confused deputy problem,
    https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
    """
    others = ", ".join(account.trusted_accounts or ())
    expected = f"only this account and {others}" if others else "only this account"
    if facts.to_strangers:
        roles = list(dict.fromkeys(each.role for each in facts.to_strangers))
        observed = "; ".join(f"{each.role} trusts {each.to} by {each.statement}" for each in facts.to_strangers)
        yield failed(f"Strangers may assume {named(roles)}", observed=observed, expected=expected)
    else:
        observed = f"{facts.roles} roles, none trusts a stranger"
        yield passed("No role can be assumed by strangers", observed=observed, expected=expected)
