"""A cluster's backups are judged by the window that can be restored, by the clock of AWS."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basewatch.components import AuroraCluster
from basewatch.errors import NotFoundError, ObservationError
from basewatch.model import Reason, Status
from checks.backup.aurora import RestoreWindow, restorable_over_retention, restorable_within_rpo, restore_window
from tests.checks.verdicts import NOW, badness, verdict
from tests.wire import Wire, answered, looking, refusal

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
CLUSTER = AuroraCluster.model_validate({"name": "cluster", "backup": {"retention": "35d", "rpo": "1h"}})
GOOD = RestoreWindow(
    status="available",
    retention=35 * DAY,
    earliest=NOW - 35 * DAY,
    latest=NOW - 5 * MINUTE,
    created=NOW - 400 * DAY,
    aws_time=NOW,
)


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, Status.PASS),
        ({"earliest": NOW - 34.2 * DAY}, Status.PASS),
        ({"earliest": NOW - 33.9 * DAY}, Status.FAIL),
        ({"earliest": NOW - 2 * DAY, "created": NOW - 2 * DAY}, Status.PASS),
        ({"earliest": NOW - 2 * DAY}, Status.FAIL),
        ({"retention": 7 * DAY}, Status.FAIL),
        ({"retention": 7 * DAY, "earliest": None}, Status.FAIL),
        ({"earliest": None}, Status.UNVERIFIED),
        ({"created": None}, Status.PASS),
        ({"created": None, "earliest": NOW - 2 * DAY}, Status.UNVERIFIED),
        ({"earliest": NOW + 2 * DAY}, Status.UNVERIFIED),
    ],
)
def test_the_window_must_be_as_long_as_promised(changes: dict[str, Any], status: Status) -> None:
    """A short setting and a window shorter than the cluster's age fail; a missing time is UNVERIFIED."""
    assert verdict(restorable_over_retention, replace(GOOD, **changes), CLUSTER).status is status


@pytest.mark.parametrize(
    ("latest", "status"),
    [
        (NOW - 60 * MINUTE, Status.PASS),
        (NOW - 61 * MINUTE, Status.FAIL),
        (NOW + MINUTE, Status.PASS),
        (NOW + 6 * MINUTE, Status.UNVERIFIED),
        (None, Status.UNVERIFIED),
    ],
)
def test_the_latest_restorable_time_must_be_within_the_objective(latest: datetime | None, status: Status) -> None:
    """A lag above the objective fails; a missing time, or one ahead of the clock of AWS, is UNVERIFIED."""
    assert verdict(restorable_within_rpo, replace(GOOD, latest=latest), CLUSTER).status is status


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("inaccessible-encryption-credentials", Status.FAIL),
        ("inaccessible-encryption-credentials-recoverable", Status.FAIL),
        ("deleting", Status.FAIL),
        ("quarantined", Status.UNVERIFIED),
        ("", Status.UNVERIFIED),
        ("stopped", Status.PASS),
        ("modifying", Status.PASS),
    ],
)
def test_a_cluster_that_cannot_be_decrypted_cannot_be_restored(status: str, expected: Status) -> None:
    """The state of the cluster comes before its window, and a state that is not known proves nothing."""
    for each in (restorable_over_retention, restorable_within_rpo):
        assert verdict(each, replace(GOOD, status=status), CLUSTER).status is expected


def test_a_broken_promise_of_a_cluster_in_an_unknown_state_is_still_broken() -> None:
    """The setting and the lag were read, whatever the state."""
    short = replace(GOOD, status="quarantined", retention=7 * DAY, latest=NOW - 3 * 60 * MINUTE)
    for each in (restorable_over_retention, restorable_within_rpo):
        assert verdict(each, short, CLUSTER).status is Status.FAIL


def test_a_lag_of_a_stopped_cluster_is_explained() -> None:
    """The summary says why the latest restorable time stands still."""
    found = verdict(restorable_within_rpo, replace(GOOD, status="stopped", latest=NOW - 180 * MINUTE), CLUSTER)
    assert (found.status, found.summary) == (
        Status.FAIL,
        "The latest restorable time is older than promised; the cluster is stopped",
    )


def test_ages_use_the_clock_of_aws() -> None:
    """A local clock that is three hours fast causes no FAIL, and a slow one hides none."""
    fast, slow = NOW + 180 * MINUTE, NOW - 180 * MINUTE
    assert verdict(restorable_within_rpo, GOOD, CLUSTER, now=fast).status is Status.PASS
    stale = replace(GOOD, latest=NOW - 120 * MINUTE)
    assert verdict(restorable_within_rpo, stale, CLUSTER, now=slow).status is Status.FAIL
    reset = replace(GOOD, earliest=NOW - 33 * DAY)
    assert verdict(restorable_over_retention, reset, CLUSTER, now=NOW + 9 * DAY).status is Status.FAIL


def test_without_the_clock_of_aws_the_time_of_the_run_is_used() -> None:
    """A response without a Date header is judged by the time of the run."""
    facts = replace(GOOD, aws_time=None)
    assert verdict(restorable_within_rpo, facts, CLUSTER, now=NOW + 56 * MINUTE).status is Status.FAIL


def test_a_verdict_states_the_observed_and_the_promised_window() -> None:
    """An alert shows both."""
    found = verdict(restorable_within_rpo, replace(GOOD, latest=NOW - 185 * MINUTE), CLUSTER)
    assert (found.observed, found.expected) == ("restorable to 3h5m ago", "1h ago or later")
    found = verdict(restorable_over_retention, replace(GOOD, earliest=NOW - 2 * DAY), CLUSTER)
    assert (found.observed, found.expected) == (
        "retention 35d, restorable back to 2d ago",
        "any point of the last 35d",
    )


minutes = st.integers(0, 60 * 24 * 50).map(lambda count: count * MINUTE)
windows = st.builds(
    RestoreWindow,
    status=st.sampled_from(["available", "stopped", "deleting", "quarantined"]),
    retention=st.integers(1, 40).map(lambda days: days * DAY),
    earliest=st.none() | minutes.map(lambda ago: NOW - ago),
    latest=st.none() | minutes.map(lambda ago: NOW - ago),
    created=st.none() | minutes.map(lambda ago: NOW - ago),
    aws_time=st.just(NOW),
)


@given(windows, minutes)
def test_a_worse_window_never_improves_the_status(window: RestoreWindow, worse: timedelta) -> None:
    """A shorter setting, a later start, an earlier end and an older cluster never help."""
    was = badness(restorable_over_retention, window, CLUSTER)
    shorter = replace(window, retention=min(window.retention, worse))
    assert badness(restorable_over_retention, shorter, CLUSTER) >= was
    if window.earliest:
        later = replace(window, earliest=min(NOW, window.earliest + worse))
        assert badness(restorable_over_retention, later, CLUSTER) >= was
    if window.created:
        older = replace(window, created=window.created - worse)
        assert badness(restorable_over_retention, older, CLUSTER) >= was
    if window.latest:
        lagging = replace(window, latest=window.latest - worse)
        assert badness(restorable_within_rpo, lagging, CLUSTER) >= badness(restorable_within_rpo, window, CLUSTER)


def facts_of(answer: dict[str, Any]) -> RestoreWindow:
    """The facts that the observation reads from this response."""
    wire = Wire()
    wire.answer("rds:DescribeDBClusters", answer)
    return restore_window(looking(wire), CLUSTER)


def test_the_window_is_read_from_the_cluster() -> None:
    """The setting, both ends of the window and the creation time come from the response."""
    cluster = {
        "Status": "available",
        "BackupRetentionPeriod": 35,
        "EarliestRestorableTime": GOOD.earliest,
        "LatestRestorableTime": GOOD.latest,
        "ClusterCreateTime": GOOD.created,
    }
    answer = answered(DBClusters=[cluster])
    answer["ResponseMetadata"]["HTTPHeaders"] = {"date": "Sun, 01 Mar 2026 12:00:00 GMT"}
    assert facts_of(answer) == GOOD


CREATING = {"Status": "creating", "BackupRetentionPeriod": 35, "LatestRestorableTime": None}


def test_a_time_that_is_missing_is_unknown() -> None:
    """A cluster that is still being created has no restorable times."""
    found = facts_of(answered(DBClusters=[CREATING]))
    assert (found.earliest, found.latest, found.created) == (None, None, None)


@pytest.mark.parametrize(
    "answer",
    [
        answered(),
        answered(DBClusters=[]),
        answered(DBClusters=[{}]),
        answered(DBClusters=[{**CREATING, "Status": None}]),
    ],
)
def test_a_response_without_the_cluster_is_no_fact(answer: dict[str, Any]) -> None:
    """AWS reports an absent cluster by an error, so an empty response proves neither presence nor absence."""
    with pytest.raises(ObservationError) as caught:
        facts_of(answer)
    assert caught.value.reason is Reason.NOT_ENOUGH_DATA


def test_a_cluster_that_does_not_exist_is_absent() -> None:
    """A declared cluster that does not exist raises NotFoundError."""
    with pytest.raises(NotFoundError):
        facts_of(refusal("DBClusterNotFoundFault", status=404))
