"""A running service: one set of jobs at a time, which a reload or a set clock replaces by another."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from threading import Lock, Thread
from types import MappingProxyType

from alerts import notifiers
from basewatch.config import Config
from basewatch.errors import BasewatchError
from basewatch.history.store import History
from basewatch.quantities import format_duration
from workflows.block_sources import MetricSources
from workflows.clients import AwsSessions
from workflows.commands import PreparedPlan, utc_now
from workflows.exporter import Exporter
from workflows.jobs import REFRESH, RUN_FULL, jobs
from workflows.runtime import freeze_heap, thaw_heap
from workflows.schedule import Job, Scheduler, SteadyClock
from workflows.web.pages import ServedPage

_POLL_SECONDS = 0.2
"""How often a switch looks whether the running pass has ended."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Generation:
    """Everything that was built from one configuration."""

    prepared: PreparedPlan
    sources: MetricSources
    exporter: Exporter
    scheduler: Scheduler


class Service:
    """Runs the jobs of a configuration, and changes to another without two passes at once and without a lost count."""

    def __init__(
        self,
        prepared: PreparedPlan,
        history: History,
        *,
        load: Callable[[], PreparedPlan],
        wall: Callable[[], datetime] = utc_now,
        steady: Callable[[], float] | None = None,
    ) -> None:
        """`load` reads the configuration again, and may raise BasewatchError. No job runs yet."""
        self._history, self._load = history, load
        self._wall, self._steady = wall, steady or SteadyClock()
        self._telemetry = prepared.sessions.telemetry
        self._switching, self._requesting = Lock(), Lock()
        self._requested: Future[str] | None = None
        self._stopped = False
        self._standstill = ""
        self._current = self._built(prepared)
        self._note_reload(successful=True)

    @property
    def served(self) -> ServedPage:
        """The page that is served: the same object for as long as the service runs."""
        return self._current.exporter.served

    def problem(self) -> str:
        """Why the service is not healthy, by a clock that nobody sets; empty when it is."""
        current, age = self._current, self.served.age
        if age > 2 * current.prepared.plan.config.collectors.fast:
            return f"the page was not refreshed for {format_duration(timedelta(seconds=round(age.total_seconds())))}"
        return self._standstill or current.scheduler.problem()

    def start(self) -> None:
        """Starts the jobs."""
        self._current.scheduler.start()

    def stop(self) -> None:
        """Starts no job any more, waits for those that run, and saves what they remember."""
        self._stopped = True
        with self._switching:
            self._end(self._current)

    def reload(self) -> Future[str]:
        """Reads the configuration again, and changes to it when the running pass has ended; does not wait for that.

        The result is why it could not be used, and then the earlier one stays in use; empty when it is in use. Requests
        that come before the file is read have one result.
        """
        with self._requesting:
            if self._requested is None:
                self._requested = Future()
                Thread(target=self._serve_request, name="reload", daemon=True).start()
            return self._requested

    def _serve_request(self) -> None:
        with self._switching:
            with self._requesting:
                future, self._requested = self._requested or Future[str](), None
            problem = self._reloaded()
            self._note_reload(successful=not problem)
            self._current.exporter.render_page()
        future.set_result(problem)

    def _reloaded(self) -> str:
        try:
            self._switch(self._loaded())
        except BasewatchError as error:
            logger.error("the configuration was not reloaded, the earlier one stays in use: %s", error)  # noqa: TRY400  # the text says it all
            return str(error)
        except Exception:
            logger.exception("the configuration was not reloaded, the earlier one stays in use")
            return "an error of Basewatch itself, which the log describes"
        logger.warning("the configuration was reloaded")
        return ""

    def _loaded(self) -> PreparedPlan:
        """The configuration as it is now, tried as far as it can be without a request. Raises: BasewatchError."""
        prepared = self._load()
        _require_same_process(self._current.prepared.plan.config, prepared.plan.config)
        notifiers(prepared.plan.config.alerts, prepared.environ, prepared.sessions.secret_store)
        return self._with_telemetry(prepared)

    def _with_telemetry(self, prepared: PreparedPlan) -> PreparedPlan:
        """The plan with new sessions, whose requests are added to the counts so far."""
        sessions = AwsSessions(prepared.plan.config, prepared.environ, self._telemetry)
        return replace(prepared, sessions=sessions)

    def _built(self, prepared: PreparedPlan, due_in: Mapping[str, float] = MappingProxyType({})) -> _Generation:
        sources = MetricSources(prepared, self._history)
        exporter = Exporter(
            prepared,
            self._history,
            sources=sources.block_sources,
            targets=sources.targets,
            on_targets_ready=freeze_heap,
        )
        scheduler = Scheduler(
            jobs(exporter, prepared, sources.discover),
            steady=self._steady,
            wall=self._wall,
            on_overrun=self._count_overrun,
            on_clock_set=self._clock_set,
            due_in=due_in,
        )
        return _Generation(prepared=prepared, sources=sources, exporter=exporter, scheduler=scheduler)

    def _switch(self, prepared: PreparedPlan) -> None:
        """Ends the current jobs and starts those of `prepared`. If the configuration differs, a pass is due at once."""
        old = self._current
        old.scheduler.hold_passes()
        while old.scheduler.passing and not self._stopped:
            time.sleep(_POLL_SECONDS)
        if self._stopped:
            return
        same = prepared.plan.digest == old.prepared.plan.digest
        due_in = {RUN_FULL: old.scheduler.due_in()[RUN_FULL]} if same else {}
        self._end(old)
        thaw_heap()
        self._telemetry.forget_places()
        try:
            new = self._built(prepared, due_in)
        except Exception:
            self._standstill = "its jobs could be started neither with the new configuration nor with the earlier one"
            self._current = self._started(self._built(self._with_telemetry(old.prepared), due_in), old)
            self._standstill = ""
            raise
        self._current = self._started(new, old)

    def _started(self, new: _Generation, old: _Generation) -> _Generation:
        new.exporter.take_over(old.exporter)
        new.scheduler.start()
        return new

    def _end(self, generation: _Generation) -> None:
        """Ends the jobs, then saves; whatever fails there must not keep the next jobs from being started."""
        generation.scheduler.stop()
        for save in (generation.exporter.stop, lambda: generation.sources.close(self._wall())):
            try:
                save()
            except Exception:
                logger.exception("what the service remembers could not be saved")

    def _clock_set(self, by: timedelta) -> None:
        """Everything that remembers a time of the wall clock is built anew; the jobs keep their intervals."""
        way = "back" if by < timedelta() else "forward"
        logger.warning(
            "the wall clock was set %s by %s; every source starts anew",
            way,
            format_duration(timedelta(seconds=round(abs(by).total_seconds()))),
        )
        self._telemetry.clock_steps.labels(way).inc()
        Thread(target=self._rebuild, name="rebuild", daemon=True).start()

    def _rebuild(self) -> None:
        with self._switching:
            if not self._stopped:
                self._switch(self._with_telemetry(self._current.prepared))

    def _count_overrun(self, job: Job) -> None:
        if job.name.startswith(REFRESH):
            self._telemetry.overruns.inc()

    def _note_reload(self, *, successful: bool) -> None:
        self._telemetry.reload_successful.set(successful)
        if successful:
            self._telemetry.reload_success.set(self._wall().timestamp())


def _require_same_process(old: Config, new: Config) -> None:
    """Raises: BasewatchError, when a setting has changed that a running process cannot change."""
    changed = [name for name in ("history", "web") if getattr(old, name) != getattr(new, name)]
    if changed:
        names = " and ".join(f"`{name}`" for name in changed)
        raise BasewatchError(f"{names} can only be changed by a restart: restart `basewatch serve`, or undo the change")
