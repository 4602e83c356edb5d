"""The long-running exporter: collects and checks on their cadence, and serves what it last saw."""

from __future__ import annotations

import logging
import signal
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Lock

import uvicorn
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from alerts import deliver, notifiers
from basewatch import __version__
from basewatch.errors import BasewatchError, HistoryError
from basewatch.history.store import History
from basewatch.metrics import Collected
from basewatch.model import Run, Window
from checks.tenancy.inventory.fingerprint import fingerprint
from collectors.cloudwatch.collect import collect
from reports.accumulator import Accumulator
from reports.exposition import render
from workflows.live import LiveClients
from workflows.monitor import look_since, settle, told, updated
from workflows.plan import Plan
from workflows.verbs import Prepared, now, undelivered
from workflows.watching import Watcher
from workflows.web.app import Exposed, app

DELIVERY_EVERY = timedelta(minutes=1)
"""How often a running exporter looks for messages that are owed and due; a channel is asked only when one is."""

logger = logging.getLogger(__name__)


class Exporter:
    """What a running exporter knows, refreshed by its jobs and rendered whenever one of them has something new."""

    def __init__(self, prepared: Prepared, history: History) -> None:
        self.exposed = Exposed()
        self._prepared = prepared
        self._history = history
        self._notifiers = notifiers(prepared.plan.config.alerts, prepared.environ, prepared.sessions.store)
        self._counted = Accumulator(prepared.plan.specs)
        self._collected: Collected | None = None
        self._collected_until: datetime | None = None
        self._run: Run | None = None
        self._lock = Lock()
        # What was told of is read, compared and recorded by one pass at a time: two would both tell of one cause.
        self._settling = Lock()
        self.watchers = tuple(self._watchers())

    def collect(self) -> None:
        """Collects every metric since the last collection, and shows them."""
        plan, sessions, at = self._prepared.plan, self._prepared.sessions, now()
        # After a gap the same span is asked for again, so that counters catch up; what lasts is not chased for ever.
        start = max(self._collected_until or at - plan.config.run.lookback, at - plan.config.run.every)
        sessions.begin_pass()
        collected = collect(plan.collectors, plan.config.components, Window(start=start, end=at), sessions.of)
        with self._lock:
            self._collected = collected
            self._counted.add(collected.series)
            self._show()
        if not collected.gaps:
            self._collected_until = at

    def check(self) -> None:
        """Makes one pass, as `basewatch run` does, and shows its findings; after an error the next pass still comes."""
        plan = self._prepared.plan
        try:
            self._pass(plan, self.watchers)
        except BasewatchError:
            logger.exception("the pass failed; the next one is due in %s", plan.config.run.every)

    def watch(self, watcher: Watcher) -> None:
        """Polls one database's catalogue, and makes the partial pass that is due, if one is."""
        try:
            due = watcher.poll()
            if due:
                self._pass(self._prepared.plan.narrowed(due.scope, due.wanted), (watcher,), only_news=due.routine)
        except BasewatchError:
            logger.exception("a partial pass over %s failed; it is tried again", watcher.database.ref)
        with self._lock:
            self._show()

    def _pass(self, plan: Plan, watchers: Sequence[Watcher], *, only_news: bool = False) -> None:
        """Looks, records, shows and tells; the watchers learn what was judged, or that nothing was."""
        try:
            looked = look_since(plan, self._prepared.sessions, self._history, now)
            with self._settling:
                settled = settle(plan, looked, self._history, only_news=only_news)
                for watcher in watchers:
                    watcher.seen(settled.run)
                self._learn(settled.run)
        except BasewatchError:
            for watcher in watchers:
                watcher.unseen()
            raise
        for line in undelivered(told(settled, self._history, self._notifiers, now)):
            logger.error(line)

    def _learn(self, run: Run) -> None:
        with self._lock:
            if not run.scope:
                self._run = run
            elif self._run:
                self._run = updated(self._run, run)
            self._show()

    def deliver(self) -> None:
        """Sends what a channel did not take and what is due again by now: the next pass may be hours away."""
        try:
            delivery = deliver(self._history, self._notifiers, now)
        except BasewatchError:
            logger.exception("what is owed could not be delivered; it is tried again in %s", DELIVERY_EVERY)
            return
        for message in delivery.delivered:
            logger.info("%s was told of %s %s", message.channel, message.check, message.component)

    def stop(self) -> None:
        """Ends the watch; how far each catalogue was seen unchanged is written down."""
        for watcher in self.watchers:
            try:
                watcher.close()
            except HistoryError:
                logger.exception("how long %s was watched could not be written down", watcher.database.ref)

    def _show(self) -> None:
        plan = self._prepared.plan
        body = render(
            collectors=plan.collectors,
            samples=self._counted.samples(now()),
            collected=self._collected,
            run=self._run,
            version=__version__,
            watched=[watcher.counted for watcher in self.watchers],
        )
        self.exposed.show(body, waiting_for=self._waiting_for())

    def _watchers(self) -> Iterator[Watcher]:
        config, nothing = self._prepared.plan.config, Collected(window=Window(start=now(), end=now()))
        clients = LiveClients(self._prepared.sessions, nothing, "watch")
        if config.watch:
            for database in config.components.databases:
                yield Watcher(database, config.watch, clients, self._history, read=fingerprint, clock=now)

    def _waiting_for(self) -> str:
        """What is missing before anybody should rely on the page; empty when nothing is."""
        if self._collected is None:
            return "the first collection"
        if not self._collected.readings:
            return "a collection that gets an answer"
        return "" if self._run else "the first pass"


def serve(prepared: Prepared, listen: str) -> None:
    """Opens the configured history and serves until SIGTERM or SIGINT. `listen` is host:port."""
    with prepared.history() as history:
        serve_with(prepared, listen, history)


def serve_with(prepared: Prepared, listen: str, history: History) -> None:
    """Serves until SIGTERM or SIGINT, then lets running jobs finish; a second signal does not wait for them."""
    config = prepared.plan.config
    exporter = Exporter(prepared, history)
    jobs = [
        (exporter.collect, config.collectors.every),
        (exporter.check, config.run.every),
        (exporter.deliver, DELIVERY_EVERY),
    ]
    if config.watch:
        jobs += [(partial(exporter.watch, watcher), config.watch.every) for watcher in exporter.watchers]
    # One thread for each job: a database that does not answer holds nobody up.
    threads = {"default": ThreadPoolExecutor(len(jobs))}
    once = {"coalesce": True, "misfire_grace_time": None}
    scheduling = logging.getLogger("apscheduler.scheduler")
    scheduling.addFilter(_is_news)
    scheduler = BackgroundScheduler(timezone=UTC, executors=threads, job_defaults=once, logger=scheduling)
    for job, every in jobs:
        scheduler.add_job(job, "interval", seconds=every.total_seconds(), next_run_time=now(), max_instances=1)
    server = uvicorn.Server(uvicorn.Config(app(exporter.exposed), log_level="warning"))
    try:
        with _listening(listen) as door, _told_to_stop(server):
            scheduler.start()
            server.run(sockets=[door])
    finally:
        if scheduler.running:
            scheduler.shutdown(wait=True)
        exporter.stop()


def _is_news(record: logging.LogRecord) -> bool:
    """A poll that is due while the pass before it still looks is left out, and that is nothing to tell anybody."""
    return "maximum number of running instances" not in record.getMessage()


def _listening(address: str) -> socket.socket:
    """A socket that listens at host:port. Raises: BasewatchError, when that cannot be."""
    host, _, port = address.rpartition(":")
    try:
        return socket.create_server((host, int(port)))
    except (OSError, ValueError, OverflowError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise BasewatchError(f"cannot listen on {address}: {reason}; give another host:port with --listen") from error


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
