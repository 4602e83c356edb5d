"""The long-running exporter: collects and checks on their cadence, and serves what it last saw."""

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
from workflows.web.app import app

DELIVERY_INTERVAL = timedelta(minutes=1)
"""How often a running exporter looks for messages that are owed and due; a channel is asked only when one is."""
_REFRESH = "refresh"


class WallClockTrigger(BaseTrigger):  # type: ignore[misc]  # apscheduler ships no types
    """Fires when the wall clock is at a multiple of a span, so that replicas ask for the same periods."""

    def __init__(self, every: timedelta) -> None:
        self._seconds = every.total_seconds()

    def get_next_fire_time(  # pyright: ignore[reportIncompatibleMethodOverride]  # the abstract one returns nothing
        self, previous_fire_time: datetime | None, now: datetime
    ) -> datetime:
        """The first multiple after `now`, whenever it last fired."""
        del previous_fire_time
        return datetime.fromtimestamp((now.timestamp() // self._seconds + 1) * self._seconds, UTC)


def build_scheduler(
    exporter: Exporter, prepared: PreparedPlan, *, discover: Callable[[datetime], None]
) -> BackgroundScheduler:
    """Every job on its clock, the first time at once, each on a thread of its own: a slow one holds nobody up."""
    config = prepared.plan.config
    fast = WallClockTrigger(config.collectors.fast)
    jobs: list[tuple[str, Callable[[], None], BaseTrigger]] = [
        ("beat", exporter.update_age_metrics, fast),
        ("check", exporter.run_full, _every(config.run.every)),
        ("deliver", exporter.deliver, _every(DELIVERY_INTERVAL)),
        ("discover", lambda: discover(utc_now()), _every(config.collectors.discover_every)),
    ]
    jobs += [(f"{_REFRESH} {source.name}", partial(exporter.refresh, source), fast) for source in exporter.sources]
    if often := backup_freshness(prepared.plan):
        jobs.append(("backups", partial(exporter.run_partial, often.plan), _every(often.every)))
    if config.watch:
        watch = _every(config.watch.every)
        jobs += [
            (f"watch {each.database.name}", partial(exporter.poll_catalog, each), watch) for each in exporter.watchers
        ]
    threads = {"default": ThreadPoolExecutor(len(jobs))}
    once = {"coalesce": True, "misfire_grace_time": None, "max_instances": 1}
    scheduling = logging.getLogger("apscheduler.scheduler")
    scheduling.addFilter(_is_news)
    scheduler = BackgroundScheduler(timezone=UTC, executors=threads, job_defaults=once, logger=scheduling)
    for name, job, trigger in jobs:
        scheduler.add_job(job, trigger, id=name, next_run_time=utc_now())
    scheduler.add_listener(partial(_overrun, prepared.sessions.telemetry), EVENT_JOB_MAX_INSTANCES)
    return scheduler


def _every(span: timedelta) -> IntervalTrigger:
    seconds = span.total_seconds()
    return IntervalTrigger(seconds=seconds)  # pyright: ignore[reportArgumentType]  # a fraction is fine as well


def _overrun(telemetry: ExporterMetrics, event: JobSubmissionEvent) -> None:
    if event.job_id.startswith(_REFRESH):
        telemetry.overruns.inc()


def _is_news(record: logging.LogRecord) -> bool:
    """What is due while it still runs is left out, and that is nothing to tell anybody: refreshes are counted."""
    return "maximum number of running instances" not in record.getMessage()


_LOOKS = 4
"""How often it is looked within the time after which a backup set is stale, so that this is told soon after."""
_PROMISE = "stale_after"


@dataclass(frozen=True, slots=True, kw_only=True)
class PartialSchedule:
    """A part of a plan, and how often it is looked at."""

    every: timedelta
    plan: Plan


def backup_freshness(plan: Plan) -> PartialSchedule | None:
    """The freshness of every backup set, where a pass would be too late for one of them; None where none would."""
    declared = (p.component for p in plan.checks if _PROMISE in p.check.promises)
    after = [component.stale_after for component in declared if isinstance(component, DumpBackups)]
    if not after or min(after) >= plan.config.run.every:
        return None
    every = min(after) / _LOOKS
    return PartialSchedule(every=every, plan=plan.subset(f"backups, as every {format_duration(every)}", _judges))


def _judges(planned: PlannedCheck) -> bool:
    return _PROMISE in planned.check.promises


def serve(prepared: PreparedPlan, listen: str) -> None:
    """Opens the configured history and serves until SIGTERM or SIGINT. `listen` is host:port."""
    with prepared.history() as history:
        serve_with(prepared, listen, history)


def serve_with(prepared: PreparedPlan, listen: str, history: History) -> None:
    """Serves until SIGTERM or SIGINT, then lets running jobs finish; a second signal does not wait for them."""
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
        with _listening(listen) as door, _told_to_stop(server):
            scheduler.start()
            server.run(sockets=[door])
    finally:
        if scheduler.running:
            scheduler.shutdown(wait=True)
        exporter.stop()
        sources.close(utc_now())


def _listening(address: str) -> socket.socket:
    """A socket that listens at host:port. Raises: BasewatchError, when that cannot be."""
    host, _, port = address.rpartition(":")
    try:
        door = socket.create_server((host, int(port)))
        # Connections inherit it. Head and body are written apart: the body would wait 40 ms for the head's ACK.
        door.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except (OSError, ValueError, OverflowError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise BasewatchError(f"cannot listen on {address}: {reason}; give another host:port with --listen") from error
    return door


@contextmanager
def _told_to_stop(server: uvicorn.Server) -> Iterator[None]:
    """Lets a signal end the server and no more: uvicorn raises it again when done, which would end the process."""

    def stop(_number: int, _frame: object) -> None:
        server.should_exit = True

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


SWITCH_INTERVAL_SECONDS = 0.0005
"""How long a thread computes before another gets its turn: a scrape takes several turns, a tenth of Python's own."""

# https://man7.org/linux/man-pages/man3/mallopt.3.html
_ARENA_MAX, _MMAP_THRESHOLD = -8, -3
_LARGE_BYTES = 256 * 1024


def tune_runtime() -> None:
    """Shortens the threads' turns, and has what is freed go back to the system, where the C library is glibc.

    By itself it keeps a heap for every thread, and the largest buffers that were ever freed: a third more memory than
    is in use at 90,000 series.
    """
    sys.setswitchinterval(SWITCH_INTERVAL_SECONDS)
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_ARENA_MAX, 1)
        mallopt(_MMAP_THRESHOLD, _LARGE_BYTES)


def freeze_heap() -> None:
    """Keeps the garbage collector from looking through all that lives now.

    That is a million objects at 90,000 series, which it would look through several times in a refresh, for 0.1 s and
    more: nobody is answered meanwhile.
    """
    gc.collect()
    gc.freeze()
