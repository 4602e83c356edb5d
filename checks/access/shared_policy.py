"""Judges the policy of a resource: whom it lets in from outside the account and those that it is shared with."""

from __future__ import annotations

from collections.abc import Iterator

from basewatch.components import PrivateComponent
from basewatch.model import Verdict, failed, passed
from basewatch.policies import Opening, openings, parse_policy

_MAX_NAMED = 3


def strangers(policy: str, account: str, component: PrivateComponent) -> tuple[Opening, ...]:
    """Whom a policy lets in from outside; `account` is the component's. No policy is an empty text.

    Raises: ObservationError, when the document cannot be read.
    """
    if not policy:
        return ()
    return openings(parse_policy(policy, "the policy"), known_accounts=(account, *component.shared_with))


def expectation(component: PrivateComponent) -> str:
    """What the component promises, in words."""
    others = f" and of {', '.join(component.shared_with)}" if component.shared_with else ""
    return f"nobody but principals of the account{others}"


def named(found: tuple[Opening, ...]) -> str:
    """The openings in words: who, by which statement, for which actions."""
    texts = [f"{each.to} by {each.statement}: {', '.join(each.actions)}" for each in found[:_MAX_NAMED]]
    more = f"; and {len(found) - _MAX_NAMED} more" if len(found) > _MAX_NAMED else ""
    return "; ".join(texts) + more


def of_policy(policy: str, account: str, component: PrivateComponent, what: str) -> Iterator[Verdict]:
    """The verdict on a resource that only its policy opens; `what` is a noun such as `the queue`."""
    expected = expectation(component)
    found = strangers(policy, account, component)
    if not found:
        observed = "a policy that lets in nobody else" if policy else "no policy"
        yield passed(f"Nobody outside the account can use {what}", observed=observed, expected=expected)
    else:
        who = (
            "everybody"
            if any(each.is_public for each in found)
            else ", ".join(dict.fromkeys(each.to for each in found))
        )
        yield failed(f"The policy of {what} lets in {who}", observed=named(found), expected=expected)
