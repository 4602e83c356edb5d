"""Helpers for tests of judges: the one verdict of a judge, and the order of statuses."""

from __future__ import annotations

from datetime import UTC, datetime

from basewatch.check import AnyCheck
from basewatch.components import Component
from basewatch.model import Status, Verdict

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
# A worse fact may turn PASS into UNVERIFIED or FAIL, and UNVERIFIED into FAIL, but never back.
BADNESS = {Status.PASS: 0, Status.UNVERIFIED: 1, Status.FAIL: 2}


def verdict(check: AnyCheck, facts: object, component: Component, now: datetime = NOW) -> Verdict:
    """The one verdict that `check` gives on the component itself."""
    (only,) = check.judge(facts, component, now)
    assert only.subject == ""
    return only


def badness(check: AnyCheck, facts: object, component: Component, now: datetime = NOW) -> int:
    """The rank of the verdict's status: 0 for PASS to 2 for FAIL."""
    return BADNESS[verdict(check, facts, component, now).status]
