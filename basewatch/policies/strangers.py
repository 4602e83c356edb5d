"""What a resource policy gives to those outside the known accounts: to everybody, to others' accounts, to services.

A condition narrows a statement when a stranger cannot meet it: an account, organization, VPC, endpoint or network that
is not the stranger's. A condition that everybody can meet, such as TLS, a user agent or a wide network, does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_network

from basewatch.policies.context import Context
from basewatch.policies.decision import Request, statement_applies
from basewatch.policies.document import Policy, Statement
from basewatch.policies.requesters import Requester
from basewatch.policies.truth import Truth, every

_STRANGER = "999999999999"
_NAMED_ACCOUNT = re.compile(r"^(?:arn:[^:]*:(?:iam|sts)::)?(?P<account>\d{12})(?::|$)")
# What is the requester's own, and so another one's for a stranger.
_OF_A_STRANGER = {
    "aws:principalorgid": ("o-stranger0000",),
    "aws:principalorgpaths": ("o-stranger0000/r-0000/ou-0000/",),
    "aws:sourcevpc": ("vpc-00000000000000000",),
    "aws:sourcevpcarn": (f"arn:aws:ec2:us-east-1:{_STRANGER}:vpc/vpc-00000000000000000",),
    "aws:sourcevpce": ("vpce-00000000000000000",),
    "aws:vpceaccount": (_STRANGER,),
    "aws:vpceorgid": ("o-stranger0000",),
    "aws:vpceorgpaths": ("o-stranger0000/r-0000/ou-0000/",),
    "aws:vpcsourceip": ("10.0.0.1",),
    "kms:calleraccount": (_STRANGER,),
    "s3:dataaccesspointaccount": (_STRANGER,),
    "s3:dataaccesspointarn": (f"arn:aws:s3:*:{_STRANGER}:accesspoint/*",),
}
# For whom a service acts, when a stranger asks it to.
_BY_A_SERVICE = {
    "aws:sourceaccount": (_STRANGER,),
    "aws:sourcearn": (f"arn:aws:*:*:{_STRANGER}:*",),
    "aws:sourceorgid": ("o-stranger0000",),
    "aws:sourceorgpaths": ("o-stranger0000/r-0000/ou-0000/",),
    "aws:sourceowner": (_STRANGER,),
}
# Identity providers that everybody can get a token of, with what such a token says of a stranger.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_oidc_secure-by-default.html
_SHARED_ISSUERS = {
    "token.actions.githubusercontent.com": {
        "sub": "repo:stranger0/*",
        "repository": "stranger0/*",
        "repository_owner": "stranger0",
        "repository_owner_id": "0",
        "repository_id": "0",
        "job_workflow_ref": "stranger0/*",
    },
    "gitlab.com": {"sub": "project_path:stranger0/*"},
    "app.terraform.io": {"sub": "organization:stranger0:*"},
    "agent.buildkite.com": {"sub": "organization:stranger0:*"},
    "cognito-identity.amazonaws.com": {"aud": "us-east-1:00000000-0000-0000-0000-000000000000"},
    "accounts.google.com": {"sub": "0", "aud": "0", "email": "stranger@stranger.example"},
    "www.amazon.com": {"app_id": "stranger"},
    "graph.facebook.com": {"app_id": "0"},
}
# An address of nobody in particular. A network wider than /8 (/32 of IPv6) is open to strangers, as S3 judges it:
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
_ADDRESS = "198.51.100.7/32"
_WIDEST_OF_ONE_OWNER = {4: 8, 6: 32}


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A statement that lets strangers in: `to` is `everybody`, or an account, an ARN, a service or an issuer of tokens.

    A service acts for every account that asks it to, and a shared issuer gives everybody a token.
    """

    to: str
    statement: str
    actions: tuple[str, ...]

    @property
    def is_public(self) -> bool:
        """Whether it is open to everybody, and not to a single account only."""
        return not _NAMED_ACCOUNT.match(self.to)


def openings(policy: Policy, *, known_accounts: Iterable[str], services: bool = False) -> tuple[Opening, ...]:
    """Every way in which strangers get in by the policy of a resource, or by the trust policy of a role.

    `known_accounts` are not strangers; the account itself is one of them. `services` also finds AWS services that
    anybody may use to get in, which a condition on aws:SourceAccount or aws:SourceArn prevents. A statement counts
    unless what it allows is denied in every case.
    """
    known = frozenset(known_accounts)
    found = [
        Opening(to=to, statement=statement.label, actions=_actions(statement))
        for statement in policy.statements
        if statement.effect == "Allow"
        for to, who, keys in _strangers(statement, known, services=services)
        if any(_is_allowed(policy, statement, request) for request in _requests(statement, who, keys))
    ]
    return tuple(dict.fromkeys(found))


def _actions(statement: Statement) -> tuple[str, ...]:
    prefix = "all but " if statement.actions.negated else ""
    return tuple(prefix + action for action in statement.actions.values)


_Keys = Mapping[str, tuple[str, ...]]


def _strangers(
    statement: Statement, known: frozenset[str], *, services: bool
) -> Iterator[tuple[str, Requester, _Keys]]:
    principals = statement.principals
    if principals is None:
        return
    if principals.negated or any(text == "*" and kind in ("AWS", "*") for kind, text in principals.named):
        yield "everybody", Requester(kind="anonymous"), dict.fromkeys(_OF_A_STRANGER, ())
        yield "everybody", _role_of(_STRANGER), _OF_A_STRANGER
        # A stranger needs neither an organization nor a VPC.
        yield "everybody", _role_of(_STRANGER), {**dict.fromkeys(_OF_A_STRANGER, ()), "kms:calleraccount": (_STRANGER,)}
        yield "everybody", Requester(kind="service", arn="any.amazonaws.com"), {**_OF_A_STRANGER, **_BY_A_SERVICE}
    for kind, text in () if principals.negated else principals.named:
        account = _NAMED_ACCOUNT.match(text) if kind == "AWS" else None
        if account and account["account"] not in known:
            who = _role_of(account["account"]) if _is_whole_account(text) else Requester(kind="user", arn=text)
            # Its organization is not known, and may be the one that a condition demands.
            yield text, who, {"kms:calleraccount": (account["account"],)}
        elif kind == "Service" and services:
            yield text, Requester(kind="service", arn=text), {**_OF_A_STRANGER, **_BY_A_SERVICE}
        elif kind == "Federated" and (claims := _SHARED_ISSUERS.get(text.partition(":oidc-provider/")[2] or text)):
            issuer = text.partition(":oidc-provider/")[2] or text
            token = {f"{issuer}:{claim}": (value,) for claim, value in claims.items()}
            yield text, Requester(kind="federated", arn=text), {**_OF_A_STRANGER, **token}
        elif kind == "CanonicalUser":
            yield f"canonical user {text}", Requester(kind="canonical", arn=text), {}


def _is_whole_account(principal: str) -> bool:
    return principal.isdigit() or principal.endswith(":root")


def _role_of(account: str) -> Requester:
    """Some role of an account, by any name: a stranger chooses the names of its own roles."""
    return Requester(kind="role", arn=f"arn:aws:iam::{account}:role/*", id="AROASTRANGER")


def _requests(statement: Statement, who: Requester, keys: _Keys) -> Iterator[Request]:
    """The requests that the statement may allow: each of its actions on each of its resources."""
    named = statement.resources
    service = statement.actions.values[0].partition(":")[0]
    actions = (f"{service}:any",) if statement.actions.negated else statement.actions.values
    for address in (_ADDRESS, *_wide_networks(statement)):
        context = Context(known={**keys, "aws:sourceip": (address,)}, free=("*",))
        for action in actions:
            for resource in ("*",) if named is None or named.negated else named.values:
                yield Request(requester=who, action=action, resource=resource, context=context)


def _wide_networks(statement: Statement) -> Iterator[str]:
    for text in (value for each in statement.conditions if each.key == "aws:sourceip" for value in each.values):
        try:
            network = ip_network(text, strict=False)
        except ValueError:
            continue
        if network.prefixlen < _WIDEST_OF_ONE_OWNER[network.version]:
            yield text


def _is_allowed(policy: Policy, statement: Statement, request: Request) -> bool:
    denials = (~statement_applies(each, request) for each in policy.statements if each.effect == "Deny")
    return every((statement_applies(statement, request), *denials)).truth is not Truth.FALSE
