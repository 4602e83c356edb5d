"""A finding for every declared promise that no check judges: such a promise may be broken."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from basewatch.check import check
from basewatch.clients import PlanClient
from basewatch.components import Component
from basewatch.model import Proof, Reason, Severity, Verdict, passed, unverified


@dataclass(frozen=True, slots=True, kw_only=True)
class UnjudgedPromises:
    """The paths of the component's promises that no enabled check judges."""

    promises: tuple[str, ...]


def unjudged_promises_of(plan: PlanClient, component: Component) -> UnjudgedPromises:
    """What the plan has no check for. No request is sent."""
    return UnjudgedPromises(promises=plan.unjudged(component))


@check(
    "meta.promise.judged",
    component=Component,
    observe=unjudged_promises_of,
    severity=Severity.MEDIUM,
    proof=Proof.CONFIGURATION,
    needs=(),
)
def every_promise_is_judged(facts: UnjudgedPromises, _component: Component, _now: datetime) -> Iterator[Verdict]:
    """Every declared promise has a check that judges it.

    Why: A promise that nothing reads looks like one that is kept. It is expected only of components that have one.
    Reads: The configuration, and the promises that each enabled check judges.
    Unverified when: A check that judges the promise does not exist, or is disabled in the configuration.
    Fix: Enable the check, install a package that brings one, or remove the promise from the configuration.
    Source: docs/decisions/0027-a-promise-without-a-check.md
    """
    for promise in facts.promises:
        yield unverified(
            Reason.UNSUPPORTED,
            f"{promise} is promised, and no check judges it",
            subject=promise,
            observed="no enabled check",
            expected="a check that judges it",
            remedy="Enable the check that judges it. If `basewatch checks` lists none, verify the promise by other "
            "means, or remove it from the configuration.",
        )
    if not facts.promises:
        yield passed("Every promise is judged", observed="every promise has a check", expected="a check for each")
