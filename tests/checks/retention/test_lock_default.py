"""Proves that only a rule as strict and as long as promised passes, and that its absence is seen."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basewatch.components import AuditBucket
from basewatch.errors import NotFoundError, ObservationError
from basewatch.model import Reason, Status
from checks.retention.lock_default import DefaultLock, default_lock, new_versions_are_locked
from checks.retention.lock_mode import LockMode
from tests.checks.verdicts import badness, verdict
from tests.wire import Wire, answered, looking, refusal

OPERATION = "s3:GetObjectLockConfiguration"


def bucket(mode: str = "COMPLIANCE", retention: str = "7y") -> AuditBucket:
    """An audit bucket with this promise."""
    return AuditBucket.model_validate({"name": "audit", "object_lock": {"mode": mode, "retention": retention}})


def rule(**default: object) -> dict[str, Any]:
    """AWS' answer for a bucket with this default retention."""
    lock = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": default}}
    return answered(ObjectLockConfiguration=lock)


def seen(answer: dict[str, Any]) -> DefaultLock:
    """What the observation makes of AWS' answer."""
    wire = Wire()
    wire.answer(OPERATION, answer)
    return default_lock(looking(wire), bucket())


@pytest.mark.parametrize(
    ("lock", "mode", "retention", "status"),
    [
        (DefaultLock(enabled=True, mode=LockMode.COMPLIANCE, years=7), "COMPLIANCE", "7y", Status.PASS),
        (DefaultLock(enabled=True, mode=LockMode.COMPLIANCE, days=2557), "COMPLIANCE", "7y", Status.PASS),
        (DefaultLock(enabled=True, mode=LockMode.COMPLIANCE, days=2555), "COMPLIANCE", "7y", Status.FAIL),
        (DefaultLock(enabled=True, mode=LockMode.COMPLIANCE, years=6), "COMPLIANCE", "7y", Status.FAIL),
        (DefaultLock(enabled=True, mode=LockMode.GOVERNANCE, years=7), "COMPLIANCE", "7y", Status.FAIL),
        (DefaultLock(enabled=True, mode=LockMode.GOVERNANCE, years=7), "GOVERNANCE", "7y", Status.PASS),
        (DefaultLock(enabled=True, mode=LockMode.COMPLIANCE, days=30), "GOVERNANCE", "30d", Status.PASS),
        (DefaultLock(enabled=True), "GOVERNANCE", "1d", Status.FAIL),
        (DefaultLock(enabled=False), "GOVERNANCE", "1d", Status.FAIL),
    ],
)
def test_a_rule_passes_when_it_is_as_strict_and_as_long_as_promised(
    lock: DefaultLock, mode: str, retention: str, status: Status
) -> None:
    """GOVERNANCE is weaker than COMPLIANCE, seven times 365 days are short of 7 years, and no rule is no lock."""
    assert verdict(new_versions_are_locked, lock, bucket(mode, retention)).status is status


def test_a_short_rule_says_by_how_much() -> None:
    """2555 days are reported as what they are: a day and eighteen hours short."""
    found = verdict(new_versions_are_locked, DefaultLock(enabled=True, mode=LockMode.COMPLIANCE, days=2555), bucket())
    assert (found.summary, found.observed, found.expected) == (
        "New versions are locked for 1d18h less than promised",
        "COMPLIANCE, 2555 days",
        "COMPLIANCE, 7y or longer",
    )


@given(
    mode=st.sampled_from(LockMode), weaker=st.sampled_from(LockMode), days=st.integers(1, 4000), fewer=st.integers(1)
)
def test_a_weaker_rule_never_looks_better(mode: LockMode, weaker: LockMode, days: int, fewer: int) -> None:
    """Fewer days, a weaker mode, no rule or no lock never improve the status."""
    promise = bucket()
    was = badness(new_versions_are_locked, DefaultLock(enabled=True, mode=mode, days=days), promise)
    worse = (
        DefaultLock(enabled=True, mode=mode, days=min(days, fewer)),
        DefaultLock(enabled=True, mode=min(mode, weaker, key=list(LockMode).index), days=days),
        DefaultLock(enabled=True),
        DefaultLock(enabled=False),
    )
    assert all(badness(new_versions_are_locked, lock, promise) >= was for lock in worse)


def test_a_rule_is_read_in_days_or_years() -> None:
    """A rule counts in the unit it was set in, and a zero for the other is none."""
    assert seen(rule(Mode="COMPLIANCE", Years=7)) == DefaultLock(enabled=True, mode=LockMode.COMPLIANCE, years=7)
    both = rule(Mode="GOVERNANCE", Days=30, Years=0)
    assert seen(both) == DefaultLock(enabled=True, mode=LockMode.GOVERNANCE, days=30)


def test_no_lock_and_no_rule_are_facts() -> None:
    """AWS' clear answer that nothing is locked is not an error."""
    assert seen(refusal("ObjectLockConfigurationNotFoundError", status=404)) == DefaultLock(enabled=False)
    assert seen(answered(ObjectLockConfiguration={"ObjectLockEnabled": "Enabled"})) == DefaultLock(enabled=True)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (answered(), Reason.NOT_ENOUGH_DATA),
        (rule(Mode="COMPLIANCE"), Reason.NOT_ENOUGH_DATA),
        (rule(Mode="FOREVER", Years=7), Reason.UNSUPPORTED),
        (answered(ObjectLockConfiguration={"ObjectLockEnabled": "Paused"}), Reason.UNSUPPORTED),
        (refusal("AccessDenied", status=403), Reason.DENIED),
    ],
)
def test_an_answer_that_is_not_understood_is_no_fact(answer: dict[str, Any], reason: Reason) -> None:
    """An empty answer, a mode without a period and an unknown word say nothing about the lock."""
    with pytest.raises(ObservationError) as caught:
        seen(answer)
    assert caught.value.reason is reason


def test_a_bucket_that_does_not_exist_is_absent() -> None:
    """A declared bucket that is gone is a broken promise."""
    with pytest.raises(NotFoundError):
        seen(refusal("NoSuchBucket", status=404))
