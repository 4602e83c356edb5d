"""Decides a request as IAM does: identity policies, permissions boundary and resource policy, each denial first.

Service and resource control policies of an organization are not read; they only ever take away what is allowed here.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from basewatch.policies.conditions import condition_holds
from basewatch.policies.context import Context
from basewatch.policies.document import Matcher, Policy, Statement
from basewatch.policies.patterns import covers, overlaps
from basewatch.policies.requesters import Named, Requester
from basewatch.policies.truth import NO, YES, Answer, Truth, every, some


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """An action on a resource. `action` may be a pattern, which stands for all of its actions.

    A `resource` with wildcards stands for some of what it matches, or for `all` of it: a request on some of it is
    allowed when it is on one.
    """

    requester: Requester
    action: str
    resource: str
    context: Context = field(default_factory=Context)
    all: bool = False

    @property
    def keys(self) -> Context:
        """The whole context: what follows from the requester, and what is given."""
        return self.requester.context().having(self.context.known, self.context.free)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """The policies that apply to a request. Without a boundary, it is None; without a resource policy as well.

    `resource_account` owns the resource; empty means the requester's own. `only_resource` is so of KMS keys and of
    the trust policies of roles, where the resource policy must allow a request even within the account.
    """

    identity: tuple[Policy, ...] = ()
    boundary: Policy | None = None
    resource: Policy | None = None
    resource_account: str = ""
    only_resource: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Whether a request is allowed: TRUE, FALSE, or UNKNOWN with the context keys on which it depends.

    `through` labels the statements that allow it.
    """

    allowed: Truth
    missing: tuple[str, ...] = ()
    through: tuple[str, ...] = ()


def decide(request: Request, policies: Policies) -> Decision:
    """The decision about a request, under the policies that apply to it."""
    layers = (*policies.identity, *_present(policies.boundary), *_present(policies.resource))
    answer = every((~some(_answers(layers, request, "Deny")), _allowed(request, policies)))
    through = () if answer.truth is Truth.FALSE else tuple(_allowing(policies, request))
    return Decision(allowed=answer.truth, missing=tuple(sorted(answer.missing)), through=through)


def _allowed(request: Request, policies: Policies) -> Answer:
    who = request.requester
    boundary = some(_answers(_present(policies.boundary), request, "Allow")) if policies.boundary else YES
    identity = YES if who.kind == "root" else every((some(_answers(policies.identity, request, "Allow")), boundary))
    named = some(_answers(_present(policies.resource), request, "Allow", (Named.ITSELF, Named.EVERYBODY)))
    delegated = some(_answers(_present(policies.resource), request, "Allow", (Named.ACCOUNT,)))
    if not who.account:
        return named
    if policies.resource_account not in ("", who.account):
        return every((identity, some((named, delegated))))
    # A boundary limits what is granted to a role by its ARN, and not what is granted to a user by its ARN.
    direct = named if who.kind != "role" else every((named, boundary))
    return some((direct, every((identity, delegated)) if policies.only_resource else identity))


def _present(policy: Policy | None) -> tuple[Policy, ...]:
    return () if policy is None else (policy,)


def _answers(
    policies: Iterable[Policy], request: Request, effect: str, how: tuple[Named, ...] | None = None
) -> Iterator[Answer]:
    for policy in policies:
        for statement in policy.statements:
            if statement.effect == effect and (how is None or _naming(statement, request.requester) in how):
                yield statement_applies(statement, request)


def _allowing(policies: Policies, request: Request) -> Iterator[str]:
    for policy in (*policies.identity, *_present(policies.resource)):
        for statement in policy.statements:
            if statement.effect == "Allow" and statement_applies(statement, request).truth is not Truth.FALSE:
                yield statement.label


def statement_applies(statement: Statement, request: Request) -> Answer:
    """Whether a statement applies to a request, whatever its effect is."""
    if _naming(statement, request.requester) is Named.NOT or not _has_action(statement.actions, request.action):
        return NO
    keys, allows = request.keys, statement.effect == "Allow"
    return every(
        (
            _has_resource(statement, request, keys),
            *(
                condition_holds(each, keys, allows=allows, variables=statement.variables)
                for each in statement.conditions
            ),
        )
    )


def _naming(statement: Statement, who: Requester) -> Named:
    """How the statement names the requester. Only who is named itself is exempt from a NotPrincipal."""
    if statement.principals is None:
        return Named.ITSELF
    named = who.named_by(statement.principals)
    if not statement.principals.negated:
        return named
    exempt = named in (Named.ITSELF, Named.EVERYBODY) or who.kind == "anybody"
    return Named.NOT if exempt else Named.EVERYBODY


def _has_action(actions: Matcher, action: str) -> bool:
    action = action.lower()
    if actions.negated:
        return not any(overlaps(pattern, action) for pattern in actions.values)
    return any(covers(pattern, action) for pattern in actions.values)


def _has_resource(statement: Statement, request: Request, keys: Context) -> Answer:
    """Whether the request's resource is the statement's: an Allow of some of it, a Deny of all of it."""
    if statement.resources is None:
        return YES
    some_of_it = statement.effect == "Allow" and not request.all
    negated = statement.resources.negated
    matches = overlaps if some_of_it != negated else covers

    def found(written: str) -> Answer:
        pattern, missing = keys.filled(written) if statement.variables else (written, frozenset[str]())
        if not matches(pattern, request.resource):
            return NO
        return Answer.depends_on(*missing) if missing else YES

    listed = some(found(each) for each in statement.resources.values)
    return ~listed if negated else listed
