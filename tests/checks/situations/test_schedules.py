"""Rules that trigger, and vaults whose jobs succeed: what stops without a word, and what CloudWatch no longer keeps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from functools import partial

from basewatch.components import BackupVault, EventRule
from basewatch.model import Status, Verdict
from tests.checks.situations.metrics import HOURS, Curve, always, but, every, verdicts
from tests.checks.situations.situation import Situation, each

FAIL, UNVERIFIED, PASS = (Status.FAIL,), (Status.UNVERIFIED,), (Status.PASS,)
IDLE = (Status.NOT_APPLICABLE,)
VAULT = BackupVault.model_validate({"name": "vault", "no_failed_jobs": True})
TRIGGERED, INVOKED = "aws_events_triggered_rules_total", "aws_events_invocations_total"
UNDELIVERED = "aws_events_failed_invocations_total"
NONE, DAY = always(None), 1440
Judged = Callable[[], Iterator[Verdict]]


def rule(
    interval: str, triggered: Curve, invoked: Curve | None = None, undelivered: Curve = NONE, past: Curve | None = None
) -> Judged:
    """A rule with this interval; every trigger invokes its target where nothing else is said; its past is by hour."""
    component = EventRule.model_validate({"name": "often", "every": interval})
    curves = {TRIGGERED: triggered, INVOKED: invoked or triggered, UNDELIVERED: undelivered}
    return partial(verdicts, "service.rule.triggers", component, curves, past={TRIGGERED: past} if past else None)


def vault(curves: Mapping[str, Curve], past: Curve | None = None) -> Judged:
    """A vault whose jobs end as these curves say, in periods of five minutes; its past are the completed jobs."""
    names = (
        "jobs_completed",
        "jobs_failed",
        "jobs_expired",
        "jobs_aborted",
        "copy_jobs_completed",
        "copy_jobs_failed",
        "recovery_points_partial",
    )
    families = {f"aws_backup_{name}_total": curves.get(name, NONE) for name in names}
    others = ("jobs_failed", "copy_jobs_completed", "copy_jobs_failed")
    earlier = {"aws_backup_jobs_completed_total": past, **{f"aws_backup_{name}_total": NONE for name in others}}
    read = {name: curve for name, curve in earlier.items() if curve} if past else None
    return partial(verdicts, "service.vault.jobs", VAULT, families, step=timedelta(minutes=5), past=read)


def once(*minutes: int) -> Curve:
    """One in each of these minutes, and no datapoint at other times."""
    return lambda minute: 1.0 if minute in minutes else None


def hour_of(*minutes: int) -> Curve:
    """One in each hour that has one of these minutes."""
    return lambda minute: 1.0 if any(minute <= at < minute + 60 for at in minutes) else None


def row(number: str, what: str, right: tuple[Status, ...], why: str, judged: Judged, *says: str) -> Situation:
    """A row of the tables below."""
    return Situation(number=number, what=what, right=right, why=why, judged=judged, says="".join(says))


HOURLY = once(-30, 30, 91, 150, 210, 271, 330)
RULES = [
    row("rule-1", "hourly, with a jitter of a minute", PASS, "no gap is certainly longer", rule("1h", HOURLY)),
    row(
        "rule-2",
        "one trigger of an hourly rule missing",
        FAIL,
        "two hours",
        rule("1h", once(-30, 30, 90, 210, 270, 330)),
    ),
    row(
        "rule-3",
        "its targets were deleted",
        FAIL,
        "no trigger invoked anything",
        rule("1h", HOURLY, NONE),
        "no invocation",
    ),
    row(
        "rule-4",
        "its targets were deleted in the middle",
        UNVERIFIED,
        "some triggers invoked nothing",
        rule("1h", HOURLY, once(-30, 30, 91, 150)),
    ),
    row(
        "rule-5",
        "two targets for each trigger",
        PASS,
        "each was invoked",
        rule("1h", HOURLY, lambda m: 2 if HOURLY(m) else None),
    ),
    row(
        "rule-6", "invoked a minute after the trigger", PASS, "soon enough", rule("1h", HOURLY, lambda m: HOURLY(m - 1))
    ),
    row(
        "rule-7",
        "triggered in the last minute, not invoked yet",
        PASS,
        "that may be late",
        rule("1h", once(-30, 30, 90, 150, 210, 270, 330, 359), HOURLY),
    ),
    row("rule-8", "an invocation failed", FAIL, "it failed", rule("1h", HOURLY, None, once(91))),
    row("rule-9", "never triggered", FAIL, "seven hours", rule("1h", NONE)),
    row(
        "rule-10",
        "every 5 minutes, the last two minutes late",
        UNVERIFIED,
        "they may hold a trigger",
        rule("5m", but(every(5, 1, None, 3), HOURS - 3, 3, None)),
    ),
    row(
        "rule-11",
        "every 5 minutes, none in the last 20",
        FAIL,
        "lateness is two minutes",
        rule("5m", but(every(5, 1), HOURS - 20, 20, None)),
    ),
    row(
        "rule-12",
        "monthly, triggered 20 days ago",
        PASS,
        "hours are kept for 455 days",
        rule("31d", NONE, past=hour_of(-20 * DAY)),
    ),
    row(
        "rule-13",
        "monthly, triggered 20 days ago, hours not read",
        UNVERIFIED,
        "minutes are kept for 15 days",
        rule("31d", NONE),
        "was not requested",
    ),
    row("rule-14", "weekly, triggered 8 days ago", FAIL, "a day late", rule("7d", NONE, past=hour_of(-8 * DAY))),
    row("rule-15", "weekly, triggered 3 days ago", PASS, "on time", rule("7d", NONE, past=hour_of(-3 * DAY))),
    row(
        "rule-16",
        "weekly, triggered in this window, after 6 days",
        PASS,
        "on time",
        rule("7d", once(100), past=hour_of(-6 * DAY, 100)),
    ),
    row(
        "rule-17",
        "every 5 minutes, one datapoint lost, its invocation is there",
        PASS,
        "it was triggered",
        rule("5m", but(every(5, 1), 100, 1, None), every(5, 1)),
    ),
    row(
        "rule-18",
        "weekly, on time, no target",
        FAIL,
        "nothing was invoked",
        rule("7d", once(100), NONE, past=hour_of(-6 * DAY, 100)),
    ),
    row("rule-19", "daily, last triggered 30 hours ago", FAIL, "six hours late", rule("1d", once(-1439))),
    row(
        "rule-20", "every two days, last triggered 26 hours ago", PASS, "on time", rule("2d", NONE, past=hour_of(-1200))
    ),
    row(
        "rule-21", "disabled for three hours", FAIL, "it stopped", rule("1h", lambda m: HOURLY(m) if m < 180 else None)
    ),
]
VAULTS = [
    row(
        "vault-12",
        "hourly until 2 days ago",
        UNVERIFIED,
        "the plan may be gone",
        vault({}, lambda m: 1 if m < -2 * DAY else None),
    ),
    row(
        "vault-1",
        "5 expired and 3 aborted, none completed",
        FAIL,
        "none ran",
        vault({"jobs_expired": once(30), "jobs_aborted": once(60)}),
    ),
    row(
        "vault-2",
        "every copy failed",
        FAIL,
        "the second region has nothing",
        vault({"jobs_completed": once(30), "copy_jobs_failed": once(45)}),
    ),
    row(
        "vault-3",
        "one failed, was repeated and completed",
        FAIL,
        "one failed",
        vault({"jobs_completed": once(60), "jobs_failed": once(30)}),
    ),
    row(
        "vault-4",
        "a partial recovery point",
        FAIL,
        "it cannot be restored whole",
        vault({"jobs_completed": once(60), "recovery_points_partial": once(30)}),
    ),
    row(
        "vault-5",
        "all completed",
        PASS,
        "none failed",
        vault({"jobs_completed": once(30), "copy_jobs_completed": once(45)}),
    ),
    row("vault-6", "only copies arrive", PASS, "they are its jobs", vault({"copy_jobs_completed": once(45)})),
    row("vault-7", "no job, and the past was not read", UNVERIFIED, "the plan may be gone", vault({})),
    row("vault-8", "no job for weeks", UNVERIFIED, "the plan may be gone", vault({}, NONE), "35d"),
    row(
        "vault-9",
        "daily, the last one 8 hours ago",
        IDLE,
        "none is due",
        vault({}, lambda m: 1 if (m + 720) % DAY < 360 else None),
    ),
    row(
        "vault-10",
        "daily until 10 days ago",
        UNVERIFIED,
        "the plan may be gone",
        vault({}, lambda m: 1 if m < -10 * DAY and m % DAY < 360 else None),
        "may be gone",
    ),
    row(
        "vault-11",
        "weekly, the last one 5 days ago",
        IDLE,
        "none is due",
        vault({}, lambda m: 1 if (m + 5 * DAY) % (7 * DAY) < 360 and m < -4 * DAY else None),
    ),
]


@each([*RULES, *VAULTS])
def test_a_situation_has_its_right_verdict(situation: Situation) -> None:
    """Each row of the tables has its right verdict."""
    situation.test()
