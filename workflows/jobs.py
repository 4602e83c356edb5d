"""Every job of `basewatch serve`, with its interval and the time after which a run of it is stuck."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from basewatch.components import DumpBackups
from basewatch.quantities import format_duration
from checks.engine.judge import PlannedCheck
from workflows.commands import PreparedPlan, utc_now
from workflows.exporter import Exporter
from workflows.plan import Plan
from workflows.schedule import Job
from workflows.second_looks import LOOK_EVERY

DELIVERY_INTERVAL = timedelta(minutes=1)
"""How often pending notifications that are due are sent. A channel is called only when it has one."""
REFRESH = "refresh"
RUN_FULL = "run full"
_STUCK_AFTER = timedelta(minutes=15)
"""After this time, or five intervals, a refresh or a poll does not end any more. All of its requests have timeouts."""
_STUCK_INTERVALS = 5
_PROMISE = "stale_after"
_CHECKS_PER_STALE_AFTER = 4
"""How often a backup set is checked within its `stale_after`: a stale backup is reported soon after."""


def jobs(exporter: Exporter, prepared: PreparedPlan, discover: Callable[[datetime], None]) -> Iterator[Job]:
    """Every job of the exporter. Each refresh collects only what is due of the tiers."""
    config = prepared.plan.config
    fast = config.collectors.fast
    # Beside its observations, a pass collects, records and delivers.
    stuck_pass = 2 * config.run.deadline + _STUCK_AFTER
    yield _job("discover", config.collectors.discover_every, lambda: discover(utc_now()))
    for source in exporter.sources:
        yield _job(f"{REFRESH} {source.name}", fast, partial(exporter.refresh, source), aligned=True)
    yield _job("update age metrics", fast, exporter.update_age_metrics, aligned=True)
    makes_pass = partial(Job, makes_pass=True, stuck_after=stuck_pass)
    yield makes_pass(name=RUN_FULL, every=config.run.every, action=exporter.run_full)
    yield makes_pass(name="look again", every=LOOK_EVERY, action=exporter.look_again)
    if backups := backup_freshness(prepared.plan):
        check_backups = partial(exporter.run_partial, backups.plan)
        yield makes_pass(name="check backup freshness", every=backups.every, action=check_backups)
    if config.watch:
        for watcher in exporter.watchers:
            poll = partial(exporter.poll_catalog, watcher)
            yield makes_pass(name=f"poll {watcher.database.name}", every=config.watch.every, action=poll)
    yield _job("deliver", DELIVERY_INTERVAL, exporter.deliver)


def _job(name: str, every: timedelta, action: Callable[[], None], *, aligned: bool = False) -> Job:
    stuck_after = max(_STUCK_AFTER, _STUCK_INTERVALS * every)
    return Job(name=name, every=every, action=action, stuck_after=stuck_after, aligned=aligned)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartialSchedule:
    """A part of a plan, and how often it is run."""

    every: timedelta
    plan: Plan


def backup_freshness(plan: Plan) -> PartialSchedule | None:
    """The freshness checks of every backup set; None when the full pass is frequent enough for all of them."""
    declared = (p.component for p in plan.checks if _PROMISE in p.check.promises)
    stale_after = [component.stale_after for component in declared if isinstance(component, DumpBackups)]
    if not stale_after or min(stale_after) >= plan.config.run.every:
        return None
    every = min(stale_after) / _CHECKS_PER_STALE_AFTER
    scope = f"backup freshness, every {format_duration(every)}"
    return PartialSchedule(every=every, plan=plan.subset(scope, _judges_freshness))


def _judges_freshness(planned: PlannedCheck) -> bool:
    return _PROMISE in planned.check.promises
