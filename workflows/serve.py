"""`basewatch serve`: every job of the exporter with its schedule, and the server of the page that the jobs render."""

from __future__ import annotations

import ctypes
import gc
import logging
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

import uvicorn
from apscheduler.events import EVENT_JOB_MAX_INSTANCES, JobSubmissionEvent
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.interval import IntervalTrigger

from basewatch.components import DumpBackups
from basewatch.errors import BasewatchError
from basewatch.history.store import History
from basewatch.quantities import format_duration
from basewatch.telemetry import ExporterMetrics
from checks.engine.judge import PlannedCheck
from workflows.block_sources import MetricSources
from workflows.commands import PreparedPlan, utc_now
from workflows.exporter import Exporter
from workflows.plan import Plan
from workflows.web import app

DELIVERY_INTERVAL = timedelta(minutes=1)
"""How often pending notifications that are due are sent. A channel is called only when it has one."""
_REFRESH = "refresh"


def serve(prepared: PreparedPlan, listen: str) -> None:
    """Opens the configured history and serves until SIGTERM or SIGINT. `listen` is host:port."""
    with prepared.history() as history:
        serve_with(prepared, listen, history)


def serve_with(prepared: PreparedPlan, listen: str, history: History) -> None:
    """Serves until SIGTERM or SIGINT, then waits for running jobs; a second signal ends the wait."""
    tune_runtime()
    sources = MetricSources(prepared, history)
    exporter = Exporter(
        prepared, history, sources=sources.block_sources, targets=sources.targets, on_targets_ready=freeze_heap
    )
    fast = prepared.plan.config.collectors.fast
    pages = app(exporter.served, clock=utc_now, unhealthy_after=2 * fast)
    server = uvicorn.Server(uvicorn.Config(pages, log_level="warning", access_log=False, timeout_graceful_shutdown=5))
    scheduler = build_scheduler(exporter, prepared, discover=sources.discover)
    try:
        with _listening(listen) as listener, _signals_stop(server):
            scheduler.start()
            server.run(sockets=[listener])
    finally:
        if scheduler.running:
            scheduler.shutdown(wait=True)
        exporter.stop()
        sources.close(utc_now())


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One job of the exporter: what it does, and when."""

    name: str
    trigger: BaseTrigger
    action: Callable[[], None]


def jobs(exporter: Exporter, prepared: PreparedPlan, discover: Callable[[datetime], None]) -> Iterator[Job]:
    """Every job of the exporter. Each refresh collects only what is due of the tiers."""
    config, fast = prepared.plan.config, WallClockTrigger(prepared.plan.config.collectors.fast)
    discovery = _every(config.collectors.discover_every)
    yield Job(name="discover", trigger=discovery, action=lambda: discover(utc_now()))
    for source in exporter.sources:
        yield Job(name=f"{_REFRESH} {source.name}", trigger=fast, action=partial(exporter.refresh, source))
    yield Job(name="update age metrics", trigger=fast, action=exporter.update_age_metrics)
    yield Job(name="run full", trigger=_every(config.run.every), action=exporter.run_full)
    if backups := backup_freshness(prepared.plan):
        check_backups = partial(exporter.run_partial, backups.plan)
        yield Job(name="check backup freshness", trigger=_every(backups.every), action=check_backups)
    if config.watch:
        for watcher in exporter.watchers:
            poll = partial(exporter.poll_catalog, watcher)
            yield Job(name=f"poll {watcher.database.name}", trigger=_every(config.watch.every), action=poll)
    yield Job(name="deliver", trigger=_every(DELIVERY_INTERVAL), action=exporter.deliver)


def build_scheduler(
    exporter: Exporter, prepared: PreparedPlan, *, discover: Callable[[datetime], None]
) -> BackgroundScheduler:
    """A scheduler of every job. Each job runs on a thread of its own, at once and then when its trigger says.

    A job that is due while it still runs is skipped; skipped refreshes are counted.
    """
    scheduled = tuple(jobs(exporter, prepared, discover))
    threads = {"default": ThreadPoolExecutor(len(scheduled))}
    defaults = {"coalesce": True, "misfire_grace_time": None, "max_instances": 1}
    log = logging.getLogger("apscheduler.scheduler")
    log.addFilter(_is_not_a_skipped_job)
    scheduler = BackgroundScheduler(timezone=UTC, executors=threads, job_defaults=defaults, logger=log)
    for job in scheduled:
        scheduler.add_job(job.action, job.trigger, id=job.name, name=job.name, next_run_time=utc_now())
    scheduler.add_listener(partial(_count_overrun, prepared.sessions.telemetry), EVENT_JOB_MAX_INSTANCES)
    return scheduler


def _count_overrun(telemetry: ExporterMetrics, event: JobSubmissionEvent) -> None:
    if event.job_id.startswith(_REFRESH):
        telemetry.overruns.inc()


def _is_not_a_skipped_job(record: logging.LogRecord) -> bool:
    return "maximum number of running instances" not in record.getMessage()


class WallClockTrigger(BaseTrigger):  # type: ignore[misc]  # apscheduler ships no types
    """Fires at multiples of an interval on the wall clock, so that replicas request the same periods."""

    def __init__(self, every: timedelta) -> None:
        self._seconds = every.total_seconds()

    def get_next_fire_time(  # pyright: ignore[reportIncompatibleMethodOverride]  # the abstract one returns nothing
        self, previous_fire_time: datetime | None, now: datetime
    ) -> datetime:
        """The first multiple after `now`; the previous fire time has no influence."""
        del previous_fire_time
        return datetime.fromtimestamp((now.timestamp() // self._seconds + 1) * self._seconds, UTC)


def _every(interval: timedelta) -> IntervalTrigger:
    seconds = interval.total_seconds()
    return IntervalTrigger(seconds=seconds)  # pyright: ignore[reportArgumentType]  # a fraction is fine as well


_PROMISE = "stale_after"
_CHECKS_PER_STALE_AFTER = 4
"""How often a backup set is checked within its `stale_after`: a stale backup is reported soon after."""


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


def _listening(address: str) -> socket.socket:
    """A socket that listens at host:port. Raises: BasewatchError, when the address cannot be used."""
    host, _, port = address.rpartition(":")
    try:
        listener = socket.create_server((host, int(port)))
        # Connections inherit it. Head and body are sent separately; the body would wait 40 ms for the head's ACK.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except (OSError, ValueError, OverflowError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise BasewatchError(f"cannot listen on {address}: {reason}; give another host:port with --listen") from error
    return listener


@contextmanager
def _signals_stop(server: uvicorn.Server) -> Iterator[None]:
    """Makes SIGTERM and SIGINT stop the server only. uvicorn's own handler would also end the process."""

    def stop(_number: int, _frame: object) -> None:
        server.should_exit = True

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


SWITCH_INTERVAL_SECONDS = 0.0005
"""The thread switch interval, a tenth of Python's default: a scrape needs several switches."""

# https://man7.org/linux/man-pages/man3/mallopt.3.html
_ARENA_MAX, _MMAP_THRESHOLD = -8, -3
_LARGE_BYTES = 256 * 1024


def tune_runtime() -> None:
    """Sets the thread switch interval, and makes glibc return freed memory to the system.

    By default glibc keeps one heap for each thread and the largest buffers ever freed: at 90,000 series, a third more
    memory than is in use. Other C libraries are left as they are.
    """
    sys.setswitchinterval(SWITCH_INTERVAL_SECONDS)
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_ARENA_MAX, 1)
        mallopt(_MMAP_THRESHOLD, _LARGE_BYTES)


def freeze_heap() -> None:
    """Excludes every object that is alive now from garbage collection.

    At 90,000 series that is a million objects. A refresh would scan them several times, for 0.1 s or more each time,
    and no request is answered during a scan.
    """
    gc.collect()
    gc.freeze()
