"""The long-running exporter: collects and checks on their cadence, and serves what it last saw."""

from __future__ import annotations

import logging
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from threading import Lock

import uvicorn
from apscheduler.schedulers.background import BackgroundScheduler

from alerts import deliver, notifiers
from basewatch import __version__
from basewatch.errors import BasewatchError
from basewatch.history.store import History
from basewatch.metrics import Collected
from basewatch.model import Run, Window
from collectors.cloudwatch.collect import collect
from reports.accumulator import Accumulator
from reports.exposition import render
from workflows.monitor import run_pass
from workflows.verbs import Prepared, now, undelivered
from workflows.web.app import Exposed, app

DELIVERY_EVERY = timedelta(minutes=1)
"""How often a running exporter looks for messages that are owed and due; a channel is asked only when one is."""

logger = logging.getLogger(__name__)


class Exporter:
    """What a running exporter knows, refreshed by its jobs and rendered whenever either has something new."""

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
        prepared = self._prepared
        try:
            passed = run_pass(prepared.plan, prepared.sessions, self._history, self._notifiers, now)
        except BasewatchError:
            logger.exception("the pass failed; the next one is due in %s", prepared.plan.config.run.every)
            return
        for line in undelivered(passed):
            logger.error(line)
        with self._lock:
            self._run = passed.run
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

    def _show(self) -> None:
        plan = self._prepared.plan
        body = render(
            collectors=plan.collectors,
            samples=self._counted.samples(now()),
            collected=self._collected,
            run=self._run,
            version=__version__,
        )
        self.exposed.show(body, waiting_for=self._waiting_for())

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
    scheduler = BackgroundScheduler(timezone=UTC, job_defaults={"coalesce": True, "misfire_grace_time": None})
    jobs = (
        (exporter.collect, config.collectors.every),
        (exporter.check, config.run.every),
        (exporter.deliver, DELIVERY_EVERY),
    )
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
