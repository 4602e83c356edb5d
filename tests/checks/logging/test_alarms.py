"""A firing alarm FAILs, and a cluster without alarms never passes."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from basewatch.components import AuroraCluster
from basewatch.model import Status
from checks.logging.alarms import Alarm, AlarmState, ClusterAlarms, alarms_are_quiet

NOW = datetime(2026, 3, 1, tzinfo=UTC)
CLUSTER = AuroraCluster.model_validate({"name": "c", "backup": {"retention": "35d", "rpo": "1h"}})
WORSE = (AlarmState.OK, AlarmState.INSUFFICIENT_DATA, AlarmState.ALARM)
STATUS = {
    AlarmState.OK: Status.PASS,
    AlarmState.INSUFFICIENT_DATA: Status.UNVERIFIED,
    AlarmState.ALARM: Status.FAIL,
}


def judged(states: list[AlarmState]) -> tuple[Status, str]:
    """The status and the summary for alarms in these states, named by their position."""
    alarms = tuple(Alarm(name=f"alarm-{position}", state=state) for position, state in enumerate(states))
    (verdict,) = alarms_are_quiet.judge(ClusterAlarms(alarms=alarms), CLUSTER, NOW)
    return verdict.status, verdict.summary


@given(st.lists(st.sampled_from(AlarmState), min_size=1, max_size=5))
def test_the_worst_alarm_decides(states: list[AlarmState]) -> None:
    """One firing alarm is a FAIL, and one alarm with insufficient data is never a PASS."""
    assert judged(states)[0] is STATUS[max(states, key=WORSE.index)]


def test_a_cluster_without_alarms_is_unverified() -> None:
    """Without an alarm, no alarm firing proves nothing."""
    assert judged([])[0] is Status.UNVERIFIED


def test_the_summary_names_the_firing_alarms() -> None:
    """The summary names every alarm in the ALARM state and no other."""
    assert judged([AlarmState.ALARM, AlarmState.OK, AlarmState.ALARM])[1] == "Alarms firing: alarm-0, alarm-2"
