"""Who of an account may make a request, by the policies of each user and role and of the resource."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from basewatch.policies.decision import Request
from basewatch.policies.document import Policy
from basewatch.policies.identities import Identity
from basewatch.policies.truth import Truth


@dataclass(frozen=True, slots=True, kw_only=True)
class Permitted:
    """An identity that may do an action, for sure or depending on `missing` context keys, through which statements."""

    identity: str
    arn: str
    action: str
    certain: bool
    missing: tuple[str, ...] = ()
    through: tuple[str, ...] = ()


def who_may(
    identities: Iterable[Identity],
    requests: Iterable[Request],
    resource: Policy | None = None,
    *,
    account: str = "",
    only_resource: bool = False,
) -> tuple[Permitted, ...]:
    """Who may make which of the requests, whose own requesters are ignored: each identity makes each of them.

    `resource` is the policy of the resource, and `account` its owner. Service-linked roles are left out, and the root
    user of the account is no identity.
    """
    asked = tuple(requests)
    return tuple(
        permitted
        for identity in identities
        if not identity.is_service_linked
        for request in asked
        if (permitted := _permitted(identity, request, resource, account, only_resource)) is not None
    )


def _permitted(
    identity: Identity,
    request: Request,
    resource: Policy | None,
    account: str,
    only_resource: bool,  # noqa: FBT001  # handed on
) -> Permitted | None:
    own = replace(request, requester=identity.requester)
    decision = identity.decide(own, resource, account=account, only_resource=only_resource)
    if decision.allowed is Truth.FALSE:
        return None
    return Permitted(
        identity=identity.ref,
        arn=identity.requester.arn,
        action=request.action,
        certain=decision.allowed is Truth.TRUE,
        missing=decision.missing,
        through=decision.through,
    )
