"""The jobs of a running exporter, each on its clock."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial

from apscheduler.events import EVENT_JOB_MAX_INSTANCES, JobSubmissionEvent
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.interval import IntervalTrigger

from basewatch.telemetry import Telemetry
from workflows.cadence import backups
from workflows.exporter import Exporter
from workflows.verbs import Prepared, now

DELIVERY_EVERY = timedelta(minutes=1)
"""How often a running exporter looks for messages that are owed and due; a channel is asked only when one is."""
_REFRESH = "refresh"


class WallClock(BaseTrigger):  # type: ignore[misc]  # apscheduler ships no types
    """Fires when the wall clock is at a multiple of a span, so that replicas ask for the same periods."""

    def __init__(self, every: timedelta) -> None:
        self._seconds = every.total_seconds()

    def get_next_fire_time(  # pyright: ignore[reportIncompatibleMethodOverride]  # the abstract one returns nothing
        self, previous_fire_time: datetime | None, now: datetime
    ) -> datetime:
        """The first multiple after `now`, whenever it last fired."""
        del previous_fire_time
        return datetime.fromtimestamp((now.timestamp() // self._seconds + 1) * self._seconds, UTC)


def scheduled(exporter: Exporter, prepared: Prepared, *, discover: Callable[[datetime], None]) -> BackgroundScheduler:
    """Every job on its clock, the first time at once, each on a thread of its own: a slow one holds nobody up."""
    config = prepared.plan.config
    fast = WallClock(config.collectors.fast)
    jobs: list[tuple[str, Callable[[], None], BaseTrigger]] = [
        ("beat", exporter.beat, fast),
        ("check", exporter.check, _every(config.run.every)),
        ("deliver", exporter.deliver, _every(DELIVERY_EVERY)),
        ("discover", lambda: discover(now()), _every(config.collectors.discover_every)),
    ]
    jobs += [(f"{_REFRESH} {source.name}", partial(exporter.refresh, source), fast) for source in exporter.sources]
    if often := backups(prepared.plan):
        jobs.append(("backups", partial(exporter.look, often.plan), _every(often.every)))
    if config.watch:
        watch = _every(config.watch.every)
        jobs += [(f"watch {each.database.name}", partial(exporter.watch, each), watch) for each in exporter.watchers]
    threads = {"default": ThreadPoolExecutor(len(jobs))}
    once = {"coalesce": True, "misfire_grace_time": None, "max_instances": 1}
    scheduling = logging.getLogger("apscheduler.scheduler")
    scheduling.addFilter(_is_news)
    scheduler = BackgroundScheduler(timezone=UTC, executors=threads, job_defaults=once, logger=scheduling)
    for name, job, trigger in jobs:
        scheduler.add_job(job, trigger, id=name, next_run_time=now())
    scheduler.add_listener(partial(_overrun, prepared.sessions.telemetry), EVENT_JOB_MAX_INSTANCES)
    return scheduler


def _every(span: timedelta) -> IntervalTrigger:
    seconds = span.total_seconds()
    return IntervalTrigger(seconds=seconds)  # pyright: ignore[reportArgumentType]  # a fraction is fine as well


def _overrun(telemetry: Telemetry, event: JobSubmissionEvent) -> None:
    if event.job_id.startswith(_REFRESH):
        telemetry.overruns.inc()


def _is_news(record: logging.LogRecord) -> bool:
    """What is due while it still runs is left out, and that is nothing to tell anybody: refreshes are counted."""
    return "maximum number of running instances" not in record.getMessage()
