"""Only a default retention as strict and as long as promised passes, and its absence is a FAIL."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basewatch.components import AuditBucket
from basewatch.errors import NotFoundError, ObservationError
from basewatch.model import Reason, Status
from checks.retention.lock_default import DefaultLock, LockMode, default_lock, new_versions_are_locked
from tests.checks.verdicts import badness, verdict
from tests.wire import Wire, answered, looking, refusal

OPERATION = "s3:GetObjectLockConfiguration"


def bucket(mode: str = "COMPLIANCE", retention: str = "7y") -> AuditBucket:
    """An audit bucket with this promise."""
    return AuditBucket.model_validate({"name": "audit", "object_lock": {"mode": mode, "retention": retention}})


def rule(**default: object) -> dict[str, Any]:
    """A response of AWS for a bucket with this default retention."""
    lock = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": default}}
    return answered(ObjectLockConfiguration=lock)


def facts_of(answer: dict[str, Any]) -> DefaultLock:
    """The facts that the observation reads from this response."""
    wire = Wire()
    wire.answer(OPERATION, answer)
    return default_lock(looking(wire), bucket())


@pytest.mark.parametrize(
    ("lock", "mode", "retention", "status"),
    [
        (DefaultLock(enabled=True, mode=LockMode.COMPLIANCE, years=7), "COMPLIANCE", "7y", Status.PASS),
        (DefaultLock(enabled=True, mode=LockMode.COMPLIANCE, days=2557), "COMPLIANCE", "7y", Status.PASS),
        (DefaultLock(enabled=True, mode=LockMode.COMPLIANCE, days=2556), "COMPLIANCE", "7y", Status.FAIL),
        (DefaultLock(enabled=True, mode=LockMode.COMPLIANCE, days=2555), "COMPLIANCE", "7y", Status.FAIL),
        (DefaultLock(enabled=True, mode=LockMode.COMPLIANCE, years=7), "COMPLIANCE", "2556d", Status.PASS),
        (DefaultLock(enabled=True, mode=LockMode.COMPLIANCE, years=7), "COMPLIANCE", "2557d", Status.FAIL),
        (DefaultLock(enabled=True, mode=LockMode.COMPLIANCE, days=28), "COMPLIANCE", "30d", Status.FAIL),
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
    """GOVERNANCE is weaker than COMPLIANCE, 7 x 365 days are shorter than 7 years, and a missing rule fails."""
    assert verdict(new_versions_are_locked, lock, bucket(mode, retention)).status is status


def test_the_verdict_on_a_short_rule_states_the_gap() -> None:
    """2555 days are reported as 2 days shorter than 7 years with two leap days."""
    found = verdict(new_versions_are_locked, DefaultLock(enabled=True, mode=LockMode.COMPLIANCE, days=2555), bucket())
    assert (found.summary, found.observed, found.expected) == (
        "New versions are locked for 2d less than promised",
        "COMPLIANCE, 2555 days",
        "COMPLIANCE, 7y or longer",
    )


@given(
    mode=st.sampled_from(LockMode), weaker=st.sampled_from(LockMode), days=st.integers(1, 4000), fewer=st.integers(1)
)
def test_a_weaker_rule_never_improves_the_status(mode: LockMode, weaker: LockMode, days: int, fewer: int) -> None:
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
    """A rule keeps the unit that it was set in, and a zero in the other unit is ignored."""
    assert facts_of(rule(Mode="COMPLIANCE", Years=7)) == DefaultLock(enabled=True, mode=LockMode.COMPLIANCE, years=7)
    both = rule(Mode="GOVERNANCE", Days=30, Years=0)
    assert facts_of(both) == DefaultLock(enabled=True, mode=LockMode.GOVERNANCE, days=30)


def test_no_lock_and_no_rule_are_facts() -> None:
    """An explicit response that nothing is locked is no error."""
    assert facts_of(refusal("ObjectLockConfigurationNotFoundError", status=404)) == DefaultLock(enabled=False)
    assert facts_of(answered(ObjectLockConfiguration={"ObjectLockEnabled": "Enabled"})) == DefaultLock(enabled=True)


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
def test_a_response_that_is_not_understood_is_no_fact(answer: dict[str, Any], reason: Reason) -> None:
    """An empty response, a mode without a period and an unknown value raise ObservationError."""
    with pytest.raises(ObservationError) as caught:
        facts_of(answer)
    assert caught.value.reason is reason


def test_a_bucket_that_does_not_exist_is_absent() -> None:
    """A declared bucket that does not exist raises NotFoundError."""
    with pytest.raises(NotFoundError):
        facts_of(refusal("NoSuchBucket", status=404))
