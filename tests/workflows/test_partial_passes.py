"""A missing backup is reported hours before the next full pass, and once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from basewatch.history.store import History
from basewatch.model import Reason
from demo.faults import FAULTS
from demo.receivers import Receivers
from demo.sandbox import Sandbox
from tests.fixtures_box import CONFIG
from workflows.commands import PreparedPlan
from workflows.exporter import Exporter
from workflows.jobs import backup_freshness
from workflows.plan import Plan, load_plan
from workflows.second_looks import SecondLooks

BY_NAME = {fault.name: fault for fault in FAULTS}


def passing_every(hours: int, only: str = "*") -> Plan:
    """The committed plan with another interval between full passes."""
    plan = load_plan(CONFIG, only=only)
    run = plan.config.run.model_copy(update={"every": timedelta(hours=hours)})
    return replace(plan, config=plan.config.model_copy(update={"run": run}))


def test_a_backup_set_is_checked_four_times_before_it_is_stale() -> None:
    """With `stale_after: 2h`, freshness is checked every half hour, and nothing else."""
    schedule = backup_freshness(passing_every(6))
    assert schedule is not None
    assert schedule.every == timedelta(minutes=30)
    assert [pair.check for pair in schedule.plan.expected] == ["backup.dump.freshness"]
    assert schedule.plan.scope == "backup freshness, every 30m"


@pytest.mark.parametrize(("hours", "only"), [(1, "*"), (2, "*"), (6, "tenancy.*")])
def test_frequent_full_passes_need_no_partial_pass(hours: int, only: str) -> None:
    """There is no partial pass if the full pass comes before a backup is stale, or if no backup is judged."""
    assert backup_freshness(passing_every(hours, only)) is None


def test_between_full_passes_a_stale_backup_is_reported_and_what_was_not_seen_is_seen(
    box: Sandbox,
    prepared: PreparedPlan,
    receivers: Receivers,
    history: History,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first partial pass after the dumps stop notifies, the second does not, and one after the repair resolves.

    What AWS denied in the full pass is verified minutes after it is allowed.
    """
    schedule, fault, denied = backup_freshness(prepared.plan), BY_NAME["dump-stale"], BY_NAME["aws-denied"]
    assert schedule is not None
    seconds = [0.0]
    monkeypatch.setattr("workflows.exporter.SecondLooks", lambda: SecondLooks(lambda: seconds[0]))
    exporter = Exporter(prepared, history, sources=())
    exporter.run_partial(schedule.plan)
    exporter.look_again()
    assert history.current_findings() == ()
    denied.apply(box)
    try:
        exporter.run_full()
        exporter.look_again()
    finally:
        denied.repair(box)
    assert unseen(history) == {expected.check for expected in denied.expected_findings}
    seconds[0] = 60.0
    exporter.look_again()
    assert unseen(history) == set()
    told = len(receivers.slack.messages)
    fault.apply(box)
    try:
        exporter.run_partial(schedule.plan)
        exporter.run_partial(schedule.plan)
        fired = len(receivers.slack.messages) - told
    finally:
        fault.repair(box)
    exporter.run_partial(schedule.plan)
    assert (fired, len(receivers.slack.messages) - told) == (1, 2)
    assert receivers.pagerduty.incidents == {}


def unseen(history: History) -> set[str]:
    """The checks that AWS or a database denied."""
    return {finding.check for finding in history.current_findings() if finding.reason is Reason.DENIED}
