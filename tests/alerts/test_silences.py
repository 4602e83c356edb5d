"""Silences and maintenance windows hold back fires and reminders, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from basewatch.config.alerting import Alerts
from basewatch.config.silences import Maintenance, Silence
from basewatch.model import Severity, Status
from basewatch.notifier import Action
from tests.alerts.passes import Passes
from tests.alerts.test_policy import FAIL, HOUR, PASS, UNVERIFIED, actions, policy
from tests.fakes import NOON, a_finding

BY = {"owner": "ana", "reason": "the restore is rehearsed"}
CHECK = {"checks": ["backup.aurora.*"]}
DAY = timedelta(days=1)


def silenced(match: Mapping[str, Any] = CHECK, until: str = "2026-03-03", since: str = "2026-01-01") -> Alerts:
    """A policy with one silence; the passes start on 2026-03-02 at noon."""
    return policy(silences=[{**BY, "match": match, "from": since, "until": until}])


def test_a_silenced_problem_fires_when_the_silence_ends() -> None:
    """Nobody is notified until then, and the first message says why it comes only now."""
    passes = Passes(policy=silenced())
    assert passes.see(a_finding(FAIL)) == ()
    assert passes.wait(29 * HOUR) == ()
    fired = passes.wait(HOUR)
    assert [each.reason for each in fired] == ["it still fails, and its silence ended at 2026-03-04 00:00 UTC"]
    assert fired[0].alert.since == NOON + 6 * HOUR


def test_a_silence_stops_reminders_and_never_a_resolve() -> None:
    """What was told is told to be over, whoever has silenced it meanwhile."""
    passes = Passes(policy=policy())
    passes.see(a_finding(FAIL, severity=Severity.HIGH))
    passes.policy = silenced(until="2026-12-31")
    assert passes.wait(48 * HOUR) == ()
    assert passes.see(a_finding(FAIL)) == ()
    assert actions(passes.see(a_finding(PASS))) == [Action.RESOLVE]


def test_a_silence_that_has_not_begun_holds_nothing_back() -> None:
    """`from` is the time at which it begins."""
    passes = Passes(policy=silenced(until="2026-12-31", since="2026-06-01"))
    assert actions(passes.see(a_finding(FAIL))) == [Action.FIRE]


@pytest.mark.parametrize(
    ("match", "silences"),
    [
        ({"checks": ["backup.*"]}, True),
        ({"checks": ["tenancy.*"]}, False),
        ({"components": ["aurora_cluster/*"], "subjects": ["inv*"]}, True),
        ({"subjects": ["users"]}, False),
        ({"severity": ["critical", "high"]}, True),
        ({"severity": ["low"]}, False),
        ({"labels": {"team": "payments"}}, False),
    ],
)
def test_a_silence_matches_by_every_filter(match: dict[str, Any], silences: bool) -> None:  # noqa: FBT001  # pytest's
    """Every filter that is given has to match."""
    assert (Passes(policy=silenced(match)).see(a_finding(FAIL, subject="invoices")) == ()) is silences


@pytest.mark.parametrize(("checks", "arrives"), [(["*"], True), (["watcher.passes.*"], False)])
def test_no_silence_hides_the_watcher_by_the_way(checks: list[str], arrives: bool) -> None:  # noqa: FBT001  # pytest's
    """A silence of everything leaves what Basewatch says of itself, such as that the silence ends soon."""
    own = a_finding(FAIL, check="watcher.passes.gap", component="watcher/basewatch")
    assert bool(Passes(policy=silenced({"checks": checks})).see(own)) is arrives


CAUSE = a_finding(FAIL, check="tenancy.rls.bypass_roles", subject="app", severity=Severity.HIGH)
LEAK = replace(
    a_finding(FAIL, check="tenancy.probe.sweep", subject="invoices", severity=Severity.HIGH),
    affected=(("app", "invoices"),),
    cause=CAUSE.key,
)


@pytest.mark.parametrize(
    ("leak", "arrives"), [(Severity.HIGH, False), (Severity.CRITICAL, True)], ids=["as bad", "worse"]
)
def test_a_silenced_cause_hides_nothing_worse(leak: Severity, arrives: bool) -> None:  # noqa: FBT001  # pytest's
    """What a silenced finding explains is silenced with it, unless it is more severe."""
    passes = Passes(policy=silenced({"checks": [CAUSE.check]}))
    assert bool(passes.see(CAUSE, replace(LEAK, severity=leak))) is arrives


@pytest.mark.parametrize(("subjects", "arrives"), [(["a"], True), (["a", "b"], False)])
def test_what_cannot_be_verified_is_silenced_as_a_whole(subjects: list[str], arrives: bool) -> None:  # noqa: FBT001  # pytest's
    """One alert about two findings is sent as long as one of them is not silenced."""
    passes = Passes(policy=silenced({"subjects": subjects}))
    unseen = [a_finding(UNVERIFIED, subject=name) for name in ("a", "b")]
    assert bool(passes.see(*unseen, a_finding(PASS, check="some.other"))) is arrives


WEEKLY = {"days": ["sat", "sun"], "at": "02:30", "for": "2h", "timezone": "Europe/Berlin", "until": "2026-12-31"}


def windows(settings: dict[str, Any], first: str, last: str) -> list[tuple[str, timedelta]]:
    """The windows between two dates: when each begins in UTC, and how long it lasts."""
    window = Maintenance.model_validate({**BY, "match": CHECK, **settings})
    found = dict[str, timedelta]()
    day, end = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (first, last))
    while day <= end:
        found |= {f"{p.start:%m-%d %H:%M}": p.end - p.start for p in window.periods(day, day + DAY)}
        day += DAY
    return list(found.items())


def test_a_recurring_window_follows_the_clocks_of_its_zone() -> None:
    """Winter and summer; 02:30 does not exist on one night of March, and exists twice on one of October."""
    hours = timedelta(hours=2)
    assert windows(WEEKLY, "2026-03-20", "2026-04-01") == [
        ("03-21 01:30", hours),
        ("03-22 01:30", hours),
        ("03-28 01:30", hours),
        ("03-29 01:30", hours),
    ]
    assert windows(WEEKLY, "2026-10-23", "2026-11-02") == [
        ("10-24 00:30", hours),
        ("10-25 00:30", hours),
        ("10-31 01:30", hours),
        ("11-01 01:30", hours),
    ]


def test_a_window_may_last_over_midnight_and_into_another_day() -> None:
    """The day is the one on which it begins."""
    night = {"days": ["fri"], "at": "22:00", "for": "3d", "until": "2026-12-31"}
    window = Maintenance.model_validate({**BY, "match": CHECK, **night})
    inside = [datetime(2026, 3, 6, 22, tzinfo=UTC), datetime(2026, 3, 9, 21, 59, tzinfo=UTC)]
    outside = [datetime(2026, 3, 6, 21, 59, tzinfo=UTC), datetime(2026, 3, 9, 22, tzinfo=UTC)]
    assert [any(p.contains(at) for p in window.periods(at - DAY, at)) for at in inside + outside] == [True] * 2 + [
        False
    ] * 2


def test_windows_end_with_their_date() -> None:
    """The last one is cut off, and none comes after it."""
    assert windows({"at": "23:00", "for": "2h", "until": "2026-03-02"}, "2026-03-01", "2026-03-05") == [
        ("02-28 23:00", timedelta(hours=2)),
        ("03-01 23:00", timedelta(hours=2)),
        ("03-02 23:00", timedelta(hours=1)),
    ]


def test_an_alert_in_a_window_comes_after_it() -> None:
    """Maintenance holds back what it matches, and what still fails afterwards is told."""
    night = {"at": "18:00", "for": "4h", "until": "2026-12-31"}
    passes = Passes(policy=policy(maintenance=[{**BY, "match": {"components": ["*"]}, **night}]))
    assert passes.see(a_finding(FAIL)) == ()
    assert passes.wait(3 * HOUR) == ()
    (fired,) = passes.wait(HOUR)
    assert fired.reason == "it still fails, and its silence ended at 2026-03-02 22:00 UTC"


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        (Silence, {"until": "2026-13-01"}),
        (Silence, {"until": "2026-12-31T10:00"}),
        (Silence, {"until": "2026-01-01", "from": "2026-06-01"}),
        (Silence, {}),
        (Silence, {"until": "2026-12-31", "owner": ""}),
        (Silence, {"until": "2026-12-31", "match": {}}),
        (Silence, {"until": "2026-12-31", "match": {"checks": []}}),
        (Maintenance, {"until": "2026-12-31"}),
        (Maintenance, {"until": "2026-12-31", "at": "02:30"}),
        (Maintenance, {"until": "2026-12-31", "at": "25:30", "for": "1h"}),
        (Maintenance, {"until": "2026-12-31", "at": "02:30", "for": "8d"}),
        (Maintenance, {"until": "2026-12-31", "at": "02:30", "for": "1h", "timezone": "Europe/Bärlin"}),
        (Maintenance, {"until": "2026-12-31", "at": "02:30", "for": "1h", "timezone": "../../etc/passwd"}),
        (Maintenance, {"until": "2026-12-31", "from": "2026-06-01", "days": ["mon"]}),
    ],
)
def test_a_silence_that_cannot_be_meant_is_refused(kind: type[Silence], settings: dict[str, Any]) -> None:
    """An end is mandatory, a time has a zone, and a silence of everything says so."""
    with pytest.raises(ValueError, match="validation error"):
        kind.model_validate({**BY, "match": CHECK, **settings})


def test_a_silence_does_not_touch_what_is_known() -> None:
    """The finding stays FAIL, and how long it has lasted is counted through the silence."""
    passes = Passes(policy=replace_fire_after(silenced(), "2 passes"))
    passes.see(a_finding(FAIL))
    passes.see(a_finding(FAIL))
    assert [each.passes for each in passes.state.conditions] == [2]
    assert passes.picture.findings[0].status is Status.FAIL
    assert actions(passes.wait(24 * HOUR)) == [Action.FIRE]


def replace_fire_after(alerts: Alerts, after: str) -> Alerts:
    """The policy with another threshold."""
    return alerts.model_copy(update={"fire_after": policy(fire_after=after).fire_after})
