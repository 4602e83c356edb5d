"""The long-running exporter: collects and checks on their cadence, and serves what it last saw."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from threading import Lock

import uvicorn
from apscheduler.schedulers.background import BackgroundScheduler

from alerts import notifiers
from basewatch.errors import BasewatchError
from basewatch.history.store import History
from basewatch.model import Window
from collectors.cloudwatch.collect import collect
from workflows.monitor import run_pass
from workflows.verbs import Prepared, now, write_down
from workflows.web.app import Exposed, app

logger = logging.getLogger(__name__)


class Exporter:
    """What a running exporter knows, refreshed by its two jobs and rendered whenever either has something new."""

    def __init__(self, prepared: Prepared, history: History) -> None:
        self.exposed = Exposed()
        self._prepared = prepared
        self._history = history
        self._notifiers = notifiers(prepared.plan.config.alerts, prepared.environ, prepared.sessions.store)
        self._collected_until: datetime | None = None
        self._lock = Lock()

    def collect(self) -> None:
        """Collects every metric since the last collection, and shows them."""
        plan, at = self._prepared.plan, now()
        start = self._collected_until or at - plan.config.run.lookback
        collected = collect(
            plan.collectors, plan.config.components, Window(start=start, end=at), self._prepared.sessions.of
        )
        self._collected_until = at

    def check(self) -> None:
        """Makes one pass, as `basewatch run` does, and shows its findings; after an error the next pass still comes."""
        try:
            passed = run_pass(self._prepared.plan, self._prepared.sessions, self._history, self._notifiers, now)
        except BasewatchError:
            logger.exception("the pass failed; the next one is in %s", self._prepared.plan.config.run.every)
            return


def serve(prepared: Prepared, listen: str) -> None:
    """Opens the configured history and serves until SIGTERM or SIGINT. `listen` is host:port."""
    with History.open(prepared.plan.config.history.url) as history:
        serve_with(prepared, listen, history)


def serve_with(prepared: Prepared, listen: str, history: History) -> None:
    """Serves until SIGTERM or SIGINT, then lets running jobs finish."""
    config = prepared.plan.config
    exporter = Exporter(prepared, history)
    scheduler = BackgroundScheduler(timezone=UTC, job_defaults={"coalesce": True, "misfire_grace_time": None})
    for job, every in ((exporter.collect, config.collectors.every), (exporter.check, config.run.every)):
        scheduler.add_job(job, "interval", seconds=every.total_seconds(), next_run_time=now(), max_instances=1)
    host, _, port = listen.rpartition(":")
    server = uvicorn.Server(uvicorn.Config(app(exporter.exposed), host=host, port=int(port), log_level="warning"))
    scheduler.start()
    try:
        server.run()
    finally:
        scheduler.shutdown(wait=True)
