"""A check that the break-glass users and roles of an AWS account can be used with MFA alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from basewatch.aws import AwsClient
from basewatch.aws.response import required
from basewatch.check import check
from basewatch.components import AwsAccount
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed, unverified
from basewatch.policies import DETAILS_NEEDS, Context, Identity, Policy, Request, Requester, Truth, account_identities
from basewatch.policies.decision import statement_applies
from basewatch.policies.truth import Answer, every, some
from checks.access.named import named

# A session of long-term credentials has no key, and one of temporary credentials says `false`.
_WITHOUT_MFA = tuple(
    Context(known={"aws:multifactorauthpresent": present, "aws:multifactorauthage": ()}, free=("*",))
    for present in ((), ("false",))
)
_WITH_MFA = Context(known={"aws:multifactorauthpresent": ("true",), "aws:multifactorauthage": ("60",)}, free=("*",))


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakGlass:
    """One declared user or role: how it can be used.

    `with_mfa` and `without_mfa` are whether it can be used so: of a user, whether it has an MFA device. None is not
    known: the identity provider that the role trusts decides.
    """

    ref: str
    exists: bool
    with_mfa: bool | None = None
    without_mfa: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakGlassAccess:
    """The declared break-glass users and roles."""

    principals: tuple[BreakGlass, ...]


def break_glass_access(aws: AwsClient, account: AwsAccount) -> BreakGlassAccess:
    """The trust policies of the declared roles, and the MFA devices of the declared users."""
    identities = {each.ref: each for each in account_identities(aws)}
    return BreakGlassAccess(principals=tuple(_looked_at(aws, ref, identities.get(ref)) for ref in account.break_glass))


def _looked_at(aws: AwsClient, ref: str, identity: Identity | None) -> BreakGlass:
    if identity is None:
        return BreakGlass(ref=ref, exists=False)
    if identity.trust is None:
        pages = aws.pages("iam", "ListMFADevices", UserName=identity.requester.name)
        has_device = any(bool(required(page, "MFADevices", kind=list)) for page in pages)
        return BreakGlass(ref=ref, exists=True, with_mfa=has_device, without_mfa=not has_device)
    with_mfa = _assumable(identity.trust, [_WITH_MFA])
    without = _assumable(identity.trust, _WITHOUT_MFA)
    federated = any(
        kind == "Federated"
        for each in identity.trust.statements
        if each.effect == "Allow" and each.principals
        for kind, _ in each.principals.named
    )
    return BreakGlass(
        ref=ref,
        exists=True,
        with_mfa=with_mfa or (None if federated else False),
        without_mfa=without or (None if federated else False),
    )


def _assumable(trust: Policy, contexts: Iterable[Context]) -> bool:
    """Whether somebody whom the policy names may assume the role in one of the contexts, whatever else is needed."""
    return any(
        every((_allowed(trust, request), ~some(_answers(trust, request, "Deny")))).truth is not Truth.FALSE
        for context in contexts
        for who in _named_by(trust)
        for request in [Request(requester=who, action="sts:AssumeRole", resource="*", context=context)]
    )


def _allowed(trust: Policy, request: Request) -> Answer:
    return some(_answers(trust, request, "Allow"))


def _answers(trust: Policy, request: Request, effect: str) -> Iterator[Answer]:
    return (statement_applies(each, request) for each in trust.statements if each.effect == effect)


def _named_by(trust: Policy) -> Iterator[Requester]:
    for statement in trust.statements:
        if statement.effect != "Allow" or statement.principals is None:
            continue
        for kind, text in statement.principals.named:
            if kind == "Service":
                yield Requester(kind="service", arn=text)
            elif kind == "AWS":
                yield from _requesters(text)


def _requesters(text: str) -> Iterator[Requester]:
    """Whom a principal stands for: an account, or everybody, for some user and some role of whatever name and id."""
    if ":assumed-role/" in text:
        role = text.replace(":sts:", ":iam:").replace(":assumed-role/", ":role/").rpartition("/")[0]
        yield Requester(kind="role", arn=role, id="*")
    elif text.startswith("arn:") and not text.endswith(":root"):
        yield Requester(kind="user" if ":user/" in text else "role", arn=text, id="*")
    elif text == "*" or text.isdigit() or text.startswith("arn:"):
        # Anything else is the id of a user or role that was deleted.
        account = text.split(":")[4] if text.startswith("arn:") else text
        yield Requester(kind="user", arn=f"arn:aws:iam::{account}:user/*", id="*")
        yield Requester(kind="role", arn=f"arn:aws:iam::{account}:role/*", id="*")


@check(
    "access.iam.break_glass",
    component=AwsAccount,
    observe=break_glass_access,
    severity=Severity.HIGH,
    proof=Proof.CONFIGURATION,
    needs=(*DETAILS_NEEDS, "iam:ListMFADevices"),
    promises=("break_glass",),
)
def break_glass_needs_mfa(facts: BreakGlassAccess, _account: AwsAccount, _now: datetime) -> Iterator[Verdict]:
    """The break-glass users and roles exist, and can be used with MFA alone.

    Why: Who breaks the glass may do everything, so a stolen password or key must not be enough, and in an emergency the
    role must be there.
    Reads: iam:GetAccountAuthorizationDetails: the trust policies of the declared roles, evaluated with and without
    aws:MultiFactorAuthPresent. iam:ListMFADevices of the declared users. That a user's policies demand MFA, that the
    device works, and who has it, is not proven.
    Unverified when: A call is denied, throttled or fails, a policy cannot be read, or a role trusts an identity
    provider, which decides about MFA itself.
    Fix: Add the condition Bool aws:MultiFactorAuthPresent true to the trust policy of the role; with BoolIfExists, an
    access key needs no MFA. Give the user an MFA device.
    Source: IAM User Guide, Secure API access with MFA,
    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_configure-api-require.html
    """
    expected = "each exists, and can be used with MFA alone"
    absent = [each.ref for each in facts.principals if not each.exists]
    without = [each.ref for each in facts.principals if each.without_mfa]
    useless = [each.ref for each in facts.principals if each.exists and each.with_mfa is False and not each.without_mfa]
    unknown = [each.ref for each in facts.principals if each.exists and each.without_mfa is None]
    observed = ", ".join(f"{each.ref} {_state(each)}" for each in facts.principals)
    if absent:
        yield failed(
            f"Nobody can break the glass: {named(absent)} does not exist", observed=observed, expected=expected
        )
    elif without:
        yield failed(f"No MFA is needed to use {named(without)}", observed=observed, expected=expected)
    elif useless:
        yield failed(f"Nobody can use {named(useless)}, not even with MFA", observed=observed, expected=expected)
    elif unknown:
        summary = f"The identity provider decides whether {named(unknown)} needs MFA"
        remedy = "Verify it there, or declare a role that the account's own users assume."
        yield unverified(Reason.UNSUPPORTED, summary, observed=observed, expected=expected, remedy=remedy)
    else:
        yield passed("Breaking the glass needs MFA", observed=observed, expected=expected)


def _state(principal: BreakGlass) -> str:
    if not principal.exists:
        return "does not exist"
    if principal.without_mfa is None:
        return "trusts an identity provider"
    if principal.without_mfa:
        return "can be used without MFA"
    return "can be used with MFA alone" if principal.with_mfa else "cannot be used"
