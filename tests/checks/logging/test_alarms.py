"""An alarm that rings is heard, and silence is only good where something would ring."""

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
    """The status and the summary for alarms in these states, named by their place."""
    alarms = tuple(Alarm(name=f"alarm-{place}", state=state) for place, state in enumerate(states))
    (verdict,) = alarms_are_quiet.judge(ClusterAlarms(alarms=alarms), CLUSTER, NOW)
    return verdict.status, verdict.summary


@given(st.lists(st.sampled_from(AlarmState), min_size=1, max_size=5))
def test_the_worst_alarm_decides(states: list[AlarmState]) -> None:
    """One that has gone off fails, whatever the others say; one that cannot tell is not green."""
    assert judged(states)[0] is STATUS[max(states, key=WORSE.index)]


def test_no_alarm_is_no_peace() -> None:
    """A cluster that nothing watches is UNVERIFIED."""
    assert judged([])[0] is Status.UNVERIFIED


def test_whoever_rings_is_named() -> None:
    """The summary names every alarm that has gone off and no other."""
    assert judged([AlarmState.ALARM, AlarmState.OK, AlarmState.ALARM])[1] == "Gone off: alarm-0, alarm-2"
