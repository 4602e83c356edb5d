"""When a channel is notified: thresholds, reminders, escalation, flapping, routes. One test for each rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from alerts.conditions import pair_of
from alerts.grouping import blind_alerts
from alerts.messages import NO_LONGER_CHECKED, NO_LONGER_DECLARED, age_text
from basewatch.components import AuroraCluster
from basewatch.config import Alerts, Route
from basewatch.model import Finding, Reason, Severity, Status
from basewatch.notifier import Action, Notification
from tests.alerts.passes import Passes
from tests.fakes import ALERTS, a_finding

SLACK, PAGER = "production-alerts", "on-call"
FAIL, PASS, UNVERIFIED = Status.FAIL, Status.PASS, Status.UNVERIFIED
FIRE, REMIND, RESOLVE = Action.FIRE, Action.REMIND, Action.RESOLVE
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def policy(*routes: dict[str, Any], **settings: Any) -> Alerts:
    """A policy with these routes, to Slack by default, and these settings of `alerts`."""
    given = [Route.model_validate({"channel": SLACK} | route) for route in routes or ({},)]
    read = Alerts.model_validate({"routes": [], **settings})
    return read.model_copy(update={"channels": ALERTS.channels, "routes": tuple(given)})


def actions(notifications: Sequence[Notification]) -> list[Action]:
    """What the notifications do."""
    return [each.action for each in notifications]


@pytest.mark.parametrize(("after", "silent_passes"), [("1 pass", 0), ("2 passes", 1), ("3 passes", 2), ("7h", 2)])
@pytest.mark.parametrize(("status", "setting"), [(FAIL, "fire_after"), (UNVERIFIED, "unverified_after")])
@pytest.mark.parametrize("place", ["alerts", "route"])
def test_a_problem_fires_once_it_has_lasted(
    after: str, silent_passes: int, status: Status, setting: str, place: str
) -> None:
    """After so many passes, or the first pass after so long; then once. The route's setting counts before the other."""
    passes = Passes(policy=policy(**{setting: after}) if place == "alerts" else policy({setting: after}))
    seen = [actions(passes.see(a_finding(status))) for _ in range(silent_passes + 2)]
    assert seen == [[]] * silent_passes + [[FIRE], []]


def test_a_problem_that_ends_before_its_time_is_never_heard_of() -> None:
    """A blip neither fires nor resolves, and the next one starts anew."""
    passes = Passes(policy=policy(fire_after="2 passes"))
    for status in (FAIL, PASS, FAIL, PASS):
        assert passes.see(a_finding(status)) == ()


def test_waiting_confirms_nothing() -> None:
    """A duration is what passes saw, not time in which nobody looked."""
    passes = Passes(policy=policy(fire_after="30m", resolve_after="30m"))
    assert passes.see(a_finding(FAIL)) == ()
    assert passes.wait(2 * HOUR) == ()
    assert actions(passes.see(a_finding(FAIL), after=MINUTE)) == [FIRE]
    assert passes.see(a_finding(PASS)) == ()
    assert passes.wait(2 * HOUR) == ()
    assert actions(passes.see(a_finding(PASS), after=MINUTE)) == [RESOLVE]


def test_partial_passes_confirm_but_do_not_count() -> None:
    """How often a part is looked at does not change after how many passes an alert fires."""
    passes = Passes(policy=policy(fire_after="2 passes"))
    other = a_finding(PASS, check="backup.dump.stale")
    passes.see(a_finding(FAIL), other)
    for _ in range(5):
        assert passes.see(a_finding(FAIL), other=[other], after=5 * MINUTE) == ()
    assert actions(passes.see(a_finding(FAIL), other)) == [FIRE]


def test_what_cannot_be_verified_interrupts_no_streak() -> None:
    """FAIL, UNVERIFIED, FAIL are two failing passes; UNVERIFIED between two passing ones changes nothing either."""
    passes = Passes(policy=policy({"unverified": False}, fire_after="2 passes", resolve_after="2 passes"))
    seen = [actions(passes.see(a_finding(s))) for s in (FAIL, UNVERIFIED, FAIL, PASS, UNVERIFIED, PASS)]
    assert seen == [[], [], [FIRE], [], [], [RESOLVE]]


def test_an_alert_resolves_once_the_problem_stays_away() -> None:
    """Hysteresis: one passing pass is not the end, and a failure in between is no second alert."""
    passes = Passes(policy=policy(resolve_after="2 passes"))
    seen = [actions(passes.see(a_finding(status))) for status in (FAIL, PASS, FAIL, PASS, PASS, PASS)]
    assert seen == [[FIRE], [], [], [], [RESOLVE], []]
    assert passes.sent[-1].alert.since == passes.sent[0].at
    assert passes.sent[-1].at - passes.sent[-1].fired_at == 24 * HOUR


def test_reminders_come_at_their_interval() -> None:
    """A problem that lasts is repeated once a day, also without a pass; the reminder says how long it has lasted."""
    passes = Passes(policy=policy())
    passes.see(a_finding(FAIL))
    assert passes.wait(23 * HOUR) == ()
    reminder = passes.wait(HOUR)
    assert [(each.action, each.reason) for each in reminder] == [(REMIND, "it still fails after 1 d")]
    assert passes.wait(23 * HOUR) == ()
    assert [each.reason for each in passes.see(a_finding(FAIL), after=2 * HOUR)] == ["it still fails after 2 d 1 h"]


@pytest.mark.parametrize("how", ["never", "acknowledged", "no route", "prometheus", "not delivered"])
def test_what_is_not_repeated(how: str) -> None:
    """No reminder where it is switched off, a person has taken the alert on, or the channel is not asked any more."""
    passes = Passes(policy=policy(remind_every=False) if how == "never" else policy())
    passes.see(a_finding(FAIL))
    (opened,) = passes.state.open_alerts
    if how == "acknowledged":
        passes.state = replace(passes.state, acknowledged=frozenset({opened.key}))
    if how == "no route":
        passes.policy = policy({"channel": PAGER, "severity": "critical", "older_than": "90d"})
    if how == "prometheus":
        passes.policy = policy(verdicts="prometheus")
    if how == "not delivered":
        passes.state = replace(passes.state, open_alerts=(replace(opened, delivered=False),))
    assert passes.wait(48 * HOUR) == ()
    assert actions(passes.see(a_finding(PASS))) == [RESOLVE]


def test_each_route_may_have_its_own_reminder() -> None:
    """The shortest interval of the routes that lead an alert to the channel counts."""
    passes = Passes(policy=policy({}, {"severity": "critical", "remind_every": "1h"}))
    passes.see(a_finding(FAIL), a_finding(FAIL, subject="mild", severity=Severity.LOW))
    assert [each.alert.severity for each in passes.wait(HOUR)] == [Severity.CRITICAL]


@pytest.mark.parametrize("acknowledged", [False, True])
def test_an_old_alert_escalates_unless_somebody_has_it(acknowledged: bool) -> None:  # noqa: FBT001  # pytest's
    """A route for old alerts notifies a further channel, counted from when the first was notified."""
    passes = Passes(policy=policy({}, {"channel": PAGER, "older_than": "4h"}))
    assert [each.channel for each in passes.see(a_finding(FAIL))] == [SLACK]
    if acknowledged:
        passes.state = replace(passes.state, acknowledged=frozenset({a_finding().key}))
    assert passes.wait(3 * HOUR) == ()
    escalated = passes.wait(HOUR)
    expected = [] if acknowledged else [(PAGER, "it has been open for 4 h, and nobody has acknowledged it")]
    assert [(each.channel, each.reason) for each in escalated] == expected
    assert {each.channel for each in passes.see(a_finding(PASS))} == {SLACK, *(each.channel for each in escalated)}


def test_a_problem_that_becomes_worse_is_told_again() -> None:
    """A higher severity fires again; a lower one, and the same again, do not."""
    passes = Passes(policy=policy())
    seen = [passes.see(a_finding(severity=severity)) for severity in (Severity.LOW, *Severity, Severity.LOW)]
    assert [actions(each) for each in seen] == [[FIRE], [], [FIRE], [FIRE], [FIRE], []]
    assert [each.reason for each in seen[4]] == ["its severity rose from high to critical"]
    assert {each.fired_at for each in passes.sent} == {passes.sent[0].at}


def test_what_comes_and_goes_is_held_open() -> None:
    """After so many changes, one notification says that the alert flaps; it ends once it has been quiet."""
    passes = Passes(policy=policy(flapping={"changes": 4, "within": "2h", "quiet": "1h"}))
    seen = [actions(passes.see(a_finding(s), after=10 * MINUTE)) for s in (FAIL, PASS, FAIL, PASS, FAIL, PASS, PASS)]
    assert seen == [[FIRE], [RESOLVE], [FIRE], [FIRE], [], [], []]
    assert passes.sent[-1].reason == (
        "flapping: it changed 4 times within 2 h; it stays open until it has not changed for 1 h"
    )
    assert passes.sent[-1].alert.flapping
    assert passes.see(a_finding(PASS), after=40 * MINUTE) == ()
    assert actions(passes.see(a_finding(PASS), after=10 * MINUTE)) == [RESOLVE]
    assert actions(passes.see(a_finding(FAIL), after=10 * MINUTE)) == [FIRE]


@pytest.mark.parametrize("setting", ["blind_after", "unverified_after"])
def test_a_blind_place_has_a_threshold_of_its_own(setting: str) -> None:
    """Patience with what cannot be verified does not delay the alert that nothing can be seen."""
    passes = Passes(policy=policy(**{setting: "2 passes"}))
    lost = replace(
        a_finding(UNVERIFIED), reason=Reason.UNREACHABLE, source="postgresql:main", action="connect", evidence=""
    )
    passes.sources = {pair_of(lost): "postgresql:main"}
    assert actions(passes.see(lost)) == ([] if setting == "blind_after" else [FIRE])
    assert actions(passes.see(lost)) == ([FIRE] if setting == "blind_after" else [])


def lost(action: str) -> Finding:
    """A finding of a database that does not answer: one statement, or every connection."""
    unseen = a_finding(UNVERIFIED, component="database/main")
    return replace(unseen, reason=Reason.UNREACHABLE, source="postgresql:main", action=action, evidence="")


@pytest.mark.parametrize(("route", "pages"), [({"unverified": False}, True), ({"blind": False}, False)])
def test_a_blind_watcher_pages_by_default(route: dict[str, Any], pages: bool) -> None:  # noqa: FBT001  # pytest's
    """Also where a paging channel leaves out what cannot be verified; only `blind: false` leaves it out."""
    passes = Passes(policy=policy({"channel": PAGER, **route}))
    passes.sources = {pair_of(lost("connect")): "postgresql:main"}
    assert actions(passes.see(lost("connect"))) == [FIRE] * pages


@pytest.mark.parametrize("blind", [True, False])
def test_what_becomes_part_of_a_blind_place_ends_only_where_that_is_told(blind: bool) -> None:  # noqa: FBT001  # pytest's
    """A channel that is not told of the place keeps its alert until it can be verified again."""
    passes = Passes(policy=policy({"blind": blind}))
    other = replace(a_finding(PASS, check="tenancy.rls.policies", component="database/main"), source="postgresql:main")
    passes.sources = {pair_of(each): "postgresql:main" for each in (other, lost("connect"))}
    assert actions(passes.see(lost("inventory_tables"), other)) == [FIRE]
    all_lost = [lost("connect"), replace(lost("connect"), check=other.check)]
    went_blind = passes.see(*all_lost)
    assert actions(went_blind) == ([FIRE, RESOLVE] if blind else [])
    assert all(each.reason.startswith("what still cannot be verified is reported as") for each in went_blind[1:])
    assert actions(passes.see(replace(all_lost[0], status=PASS, reason=None, source="", action=""), other)) == [RESOLVE]


def test_a_blip_does_not_make_a_problem_younger() -> None:
    """An alert that stayed open through a passing pass goes on since it began."""
    passes = Passes(policy=policy(resolve_after="2 passes"))
    for status in (FAIL, PASS, FAIL):
        passes.see(a_finding(status))
    assert [each.reason for each in passes.wait(12 * HOUR)] == ["it still fails after 1 d"]


def test_a_digest_repeats_with_a_digest() -> None:
    """The reminders of a digest are part of one, and come at no other time."""
    passes = Passes(policy=policy({"digest": "24h", "remind_every": "1h"}))
    passes.see(a_finding(FAIL))
    assert actions(passes.wait(6 * HOUR)) == [FIRE]
    assert passes.wait(23 * HOUR) == ()
    assert actions(passes.wait(HOUR)) == [REMIND]


def test_nobody_is_blamed_for_a_silence() -> None:
    """What was silenced has been open for nobody: it escalates after people were told, not with it."""
    silence = {"owner": "ana", "reason": "known", "until": "2026-03-02", "match": {"checks": ["backup.*"]}}
    passes = Passes(policy=policy({}, {"channel": PAGER, "older_than": "4h"}, silences=[silence]))
    passes.see(a_finding(FAIL))
    assert [each.channel for each in passes.wait(6 * HOUR)] == [SLACK]
    assert [each.channel for each in passes.wait(4 * HOUR)] == [PAGER]


def test_what_never_lasts_fires_once_it_flaps() -> None:
    """A problem in every second pass would never reach `fire_after`."""
    passes = Passes(policy=policy(fire_after="2 passes", flapping={"changes": 5, "within": "2h", "quiet": "1h"}))
    seen = [actions(passes.see(a_finding(s), after=10 * MINUTE)) for s in (FAIL, PASS, FAIL, PASS, FAIL, PASS)]
    assert seen == [[], [], [], [], [FIRE], []]


def test_scheduled_passes_do_not_flap_by_default() -> None:
    """A problem that comes and goes with every pass of a day is told each time."""
    passes = Passes(policy=policy())
    assert [actions(passes.see(a_finding(s))) for s in (FAIL, PASS) * 4] == [[FIRE], [RESOLVE]] * 4


@pytest.mark.parametrize(
    ("route", "arrives"),
    [
        ({"checks": ["backup.*"]}, True),
        ({"checks": ["tenancy.*"]}, False),
        ({"checks": ["tenancy.*", "backup.aurora.*"]}, True),
        ({"components": ["aurora_cluster/*"]}, True),
        ({"components": ["database/*"]}, False),
        ({"checks": ["backup.*"], "components": ["database/*"]}, False),
        ({"labels": {"team": "payments"}}, False),
    ],
)
def test_routes_match_by_check_component_and_label(route: dict[str, Any], arrives: bool) -> None:  # noqa: FBT001  # pytest's
    """Every filter of a route has to match; of several globs, one."""
    assert bool(Passes(policy=policy(route)).see(a_finding(FAIL))) is arrives


def test_a_digest_collects() -> None:
    """What a digest route alone reports waits for the day's end, is then sent at once, and also ends with a digest."""
    passes = Passes(policy=policy({"severity": "critical"}, {"digest": "24h"}))
    mild = [a_finding(FAIL, subject=name, severity=Severity.LOW) for name in ("one", "two")]
    assert passes.see(mild[0], after=MINUTE) == ()
    assert passes.see(*mild, after=HOUR) == ()
    assert actions(passes.see(*mild, a_finding(FAIL), after=HOUR)) == [FIRE]
    assert [each.alert.subject for each in passes.wait(12 * HOUR)] == ["one", "two"]
    gone = [replace(each, status=PASS) for each in mild]
    assert passes.see(*gone, a_finding(FAIL), after=HOUR) == ()
    assert actions(passes.wait(24 * HOUR)) == [REMIND, RESOLVE, RESOLVE]


CLUSTER = AuroraCluster.model_validate({"name": "other", "backup": {"retention": "35d", "rpo": "1h"}})


@pytest.mark.parametrize(("component", "reason"), [(CLUSTER.ref, NO_LONGER_CHECKED), ("", NO_LONGER_DECLARED)])
def test_what_nobody_checks_any_more_ends_at_once(component: str, reason: str) -> None:
    """Whatever `resolve_after` says: no pass will ever see it pass. The reason says what was removed."""
    component = component or "aurora_cluster/removed"
    passes = Passes(policy=policy(resolve_after="3 passes"), components={CLUSTER.ref: CLUSTER})
    passes.see(a_finding(FAIL, component=component))
    ended = passes.see(a_finding(PASS, check="backup.aurora.pitr", component=CLUSTER.ref))
    assert [(each.action, each.reason) for each in ended] == [(RESOLVE, reason)]


def test_unverified_under_another_name_is_no_news() -> None:
    """A check that cannot be verified keeps its start when it names another subject."""
    passes = Passes(policy=policy(unverified_after="2 passes"))
    assert passes.see(a_finding(UNVERIFIED, subject="invoices")) == ()
    assert actions(passes.see(a_finding(UNVERIFIED))) == [FIRE]


def test_a_lost_record_closes_what_may_be_open() -> None:
    """Once, for what passes and would have been notified to a channel that knows alerts by key; the others are told."""
    passes = Passes(policy=policy({}, {"channel": PAGER, "severity": "critical"}))
    findings: list[Finding] = [a_finding(PASS), a_finding(PASS, subject="mild", severity=Severity.LOW)]
    findings.append(a_finding(FAIL, subject="broken"))
    passes.continuous = False
    passes.sources = {pair_of(findings[0]): "aws:123456789012/us-east-1"}
    due = passes.see(*findings)
    assert [(each.channel, each.action, each.alert.subject) for each in due if not each.follows][:2] == [
        (PAGER, FIRE, "broken"),
        (SLACK, FIRE, "broken"),
    ]
    closed = [each for each in due if each.action is RESOLVE]
    assert {each.channel for each in closed} == {PAGER}
    places = {each.key for each in blind_alerts(passes.picture)}
    assert len(places) == len(("us-east-1", "the account", "AWS", "everything"))
    assert {each.key for each in closed} == {findings[0].key, *places}
    assert passes.see(*findings) == ()


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (44, "44 s"), (3600, "1 h"), (90_061, "1 d 1 h"), (86_460, "1 d")]
)
def test_ages_are_read_at_a_glance(seconds: int, text: str) -> None:
    """Two units at most, and the second only if it is the next."""
    assert age_text(timedelta(seconds=seconds)) == text
