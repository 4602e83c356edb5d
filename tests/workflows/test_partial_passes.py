"""A backup that does not come is told of hours before the next pass, and only once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from basewatch.history.store import History
from demo.box import Sandbox
from demo.faults import FAULTS
from demo.receivers import Receivers
from tests.fixtures_box import CONFIG
from workflows.commands import PreparedPlan
from workflows.exporter import Exporter
from workflows.plan import Plan, load_plan
from workflows.serve import backup_freshness


def passing_every(hours: int, only: str = "*") -> Plan:
    """The committed plan, as if passes came that often."""
    plan = load_plan(CONFIG, only=only)
    run = plan.config.run.model_copy(update={"every": timedelta(hours=hours)})
    return replace(plan, config=plan.config.model_copy(update={"run": run}))


def test_a_backup_set_is_looked_at_four_times_before_it_is_stale() -> None:
    """Two hours without a dump are promised not to be; every half hour somebody looks, and at nothing else."""
    often = backup_freshness(passing_every(6))
    assert often is not None
    assert often.every == timedelta(minutes=30)
    assert [pair.check for pair in often.plan.expected] == ["backup.dump.freshness"]
    assert often.plan.scope == "backups, as every 30m"


@pytest.mark.parametrize(("hours", "only"), [(1, "*"), (2, "*"), (6, "tenancy.*")])
def test_where_passes_come_often_enough_nobody_looks_in_between(hours: int, only: str) -> None:
    """Passes that come before a backup is stale are enough, and so are they where no backup is judged."""
    assert backup_freshness(passing_every(hours, only)) is None


def test_a_stale_backup_is_told_of_between_passes(
    box: Sandbox, prepared: PreparedPlan, receivers: Receivers, history: History
) -> None:
    """One look after the dumps stopped tells it, the next tells nothing new, and one after the repair resolves it."""
    often, fault = backup_freshness(prepared.plan), next(fault for fault in FAULTS if fault.name == "dump-stale")
    assert often is not None
    exporter = Exporter(prepared, history, sources=())
    exporter.run_partial(often.plan)
    assert history.current_findings() == ()
    exporter.run_full()
    fault.apply(box)
    try:
        exporter.run_partial(often.plan)
        exporter.run_partial(often.plan)
        told = len(receivers.slack.messages)
    finally:
        fault.repair(box)
    exporter.run_partial(often.plan)
    assert (told, len(receivers.slack.messages)) == (1, 2)
    assert receivers.pagerduty.incidents == {}
