"""A finding says since when its promise is broken, where the facts tell, and never more than they do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from basewatch.check import AnyCheck
from basewatch.components import AuroraCluster, Component, DumpBackups, Function, Queue
from basewatch.facts import from_json
from basewatch.model import JSON, Finding, Status, Verdict, failed
from checks.backup.aurora import RestoreWindow, restorable_within_rpo
from checks.backup.dump_freshness import DumpFreshness, NewestOfFamily, newest_dump_is_fresh
from checks.backup.dump_listing import Attribution
from checks.engine.judge import PlannedCheck, rejudge
from checks.logging.alarms import alarms_are_quiet
from checks.logging.alarms_facts import Alarm, AlarmState, ComponentAlarms
from checks.service.aligned_series import AlignedSeries
from checks.service.sqs import OldestMessage, oldest_below
from tests.checks.engine.test_run import recorded, run
from tests.checks.example import NOW as SEEN_AT
from tests.checks.example import Doors, Guard, doors_closed
from tests.checks.verdicts import NOW, verdict

HOUR, MINUTE, SECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)
DUMPS = DumpBackups.model_validate(
    {"name": "d", "bucket": "b", "prefix": "p/", "database": "db", "every": "1h", "stale_after": "2h"}
)
CLUSTER = AuroraCluster.model_validate({"name": "cluster", "backup": {"retention": "35d", "rpo": "1h"}})
QUEUE = Queue.model_validate({"name": "letters", "oldest_below": "15m for 5m"})
FUNCTION = Function(name="auth", alarms_quiet=True)


def dumps(*families: tuple[float, float, Attribution]) -> DumpFreshness:
    """Families of dumps: how many hours ago the content of the newest is from, and the last one was written."""
    found = tuple(
        NewestOfFamily(
            family=f"f{number}",
            attribution=attribution,
            count=3,
            newest_key="p/c",
            newest_content=NOW - content * HOUR,
            last_key="p/d",
            last_written=NOW - written * HOUR,
        )
        for number, (content, written, attribution) in enumerate(families)
    )
    return DumpFreshness(families=found, objects=9, incomplete=0, repository_key="", aws_time=NOW)


def restorable(latest: datetime | None, status: str = "available") -> RestoreWindow:
    """A restore window with this end."""
    return RestoreWindow(
        status=status, retention=35 * 24 * HOUR, earliest=None, latest=latest, created=None, aws_time=NOW
    )


def oldest(*minutes: float | None) -> OldestMessage:
    """The age of a queue's oldest message in these minutes, in minutes."""
    values = tuple(None if value is None else value * 60 for value in minutes)
    return OldestMessage(age_seconds=AlignedSeries(start=NOW, period=MINUTE, values=values))


def alarms(*since: datetime | None, state: AlarmState = AlarmState.ALARM) -> ComponentAlarms:
    """Alarms in this state since these times, and one that is OK."""
    fine = Alarm(name="fine", state=AlarmState.OK, since=NOW - 99 * HOUR, notified=("arn:aws:lambda:x",))
    found = (Alarm(name=f"a{number}", state=state, since=each) for number, each in enumerate(since))
    return ComponentAlarms(alarms=(*found, fine))


@pytest.mark.parametrize(
    ("check", "facts", "component", "since"),
    [
        # A dump is too old from the moment at which it is older than promised.
        (newest_dump_is_fresh, dumps((3.6, 3.6, "ours")), DUMPS, NOW - 1.6 * HOUR),
        (newest_dump_is_fresh, dumps((1, 1, "ours")), DUMPS, None),
        (newest_dump_is_fresh, dumps(), DUMPS, None),
        # An old dump that was written again left it open until that one was too old as well.
        (newest_dump_is_fresh, dumps((9, 3, "ours")), DUMPS, NOW - HOUR),
        (newest_dump_is_fresh, dumps((9, 1, "ours")), DUMPS, None),
        # While a dump that may be of the database was fresh, nothing was certain.
        (newest_dump_is_fresh, dumps((9, 9, "ours"), (4, 4, "perhaps")), DUMPS, NOW - 2 * HOUR),
        (newest_dump_is_fresh, dumps((9, 9, "perhaps"), (4, 4, "perhaps")), DUMPS, NOW - 2 * HOUR),
        (restorable_within_rpo, restorable(NOW - 3 * HOUR), CLUSTER, NOW - 2 * HOUR),
        (restorable_within_rpo, restorable(NOW - 3 * HOUR, "stopped"), CLUSTER, NOW - 2 * HOUR),
        (restorable_within_rpo, restorable(NOW - 3 * HOUR, "deleting"), CLUSTER, None),
        (restorable_within_rpo, restorable(NOW), CLUSTER, None),
        # A metric breaks its limit from the first minute beyond it.
        (oldest_below, oldest(1, 1, 20, 21, 22, 23, 24, 1, 1, 1), QUEUE, NOW + 2 * MINUTE),
        (oldest_below, oldest(*[1] * 10), QUEUE, None),
        (oldest_below, oldest(20, 20, 20, *[None] * 7), QUEUE, None),
        # The age of a message tells since when it is too old; the value is from within its minute.
        (oldest_below, oldest(*range(75, 90)), QUEUE, NOW + MINUTE - HOUR),
        (oldest_below, oldest(*[15.5] * 10), QUEUE, NOW),
        (alarms_are_quiet, alarms(NOW - HOUR, NOW - 3 * HOUR), FUNCTION, NOW - 3 * HOUR),
        (alarms_are_quiet, alarms(None, NOW - HOUR), FUNCTION, NOW - HOUR),
        (alarms_are_quiet, alarms(None), FUNCTION, None),
        (alarms_are_quiet, alarms(NOW - HOUR, state=AlarmState.INSUFFICIENT_DATA), FUNCTION, None),
    ],
)
def test_a_verdict_says_since_when(
    check: AnyCheck, facts: object, component: Component, since: datetime | None
) -> None:
    """The time is in the facts, or there is none."""
    assert verdict(check, facts, component).since == since


def doors_open_since(since: datetime) -> AnyCheck:
    """A check whose door is open since then."""

    def judge(*_: object) -> Iterator[Verdict]:
        yield replace(failed("it is open"), since=since)

    return replace(doors_closed, judge=judge)


def only_finding(check: AnyCheck) -> Finding:
    """The finding of a run of this check."""
    (finding,) = run(PlannedCheck(check=check, component=Function(name="auth")), guard=_GUARD).findings
    return finding


_GUARD = Guard(lambda _: Doors(open=()))


@pytest.mark.parametrize(("ahead", "since"), [(-HOUR, SEEN_AT - HOUR), (SECOND, SEEN_AT)])
def test_nothing_began_in_the_future(ahead: timedelta, since: datetime) -> None:
    """The clock of AWS may be ahead of the pass."""
    assert only_finding(doors_open_since(SEEN_AT + ahead)).since == since


def test_a_run_from_before_is_judged_alike() -> None:
    """A finding that was recorded without the time is no difference; one with another time is."""
    check = doors_open_since(SEEN_AT - HOUR)
    checked = run(PlannedCheck(check=check, component=Function(name="auth")), guard=_GUARD)

    def differences(since: datetime | None) -> int:
        altered = replace(checked, findings=tuple(replace(each, since=since) for each in checked.findings))
        return len(rejudge(recorded(altered), (check,)))

    assert [differences(since) for since in (SEEN_AT - HOUR, None, SEEN_AT - 2 * HOUR)] == [0, 0, 1]


def test_alarms_that_were_recorded_before_are_read() -> None:
    """Evidence without the time of an alarm is still evidence."""
    stored: JSON = {"alarms": [{"name": "a", "state": "ALARM"}]}
    found = verdict(alarms_are_quiet, from_json(ComponentAlarms, stored), FUNCTION)
    assert (found.status, found.since) == (Status.FAIL, None)
