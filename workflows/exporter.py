"""The jobs of a running exporter, and the metrics page that they keep current."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from threading import Lock

from alerts import Picture, notifiers
from alerts.heartbeat import heartbeat_senders
from basewatch.collector import MetricTarget
from basewatch.components import Slo
from basewatch.errors import BasewatchError, HistoryError
from basewatch.family import Block, BlockSource
from basewatch.history.store import History
from basewatch.model import Run
from exposition.history_metrics import history_blocks
from exposition.own_metrics import attempt_blocks, resource_block, run_blocks, slo_blocks, watch_blocks
from exposition.page import PageRenderer
from workflows.catalog_watcher import CatalogWatcher
from workflows.catalog_watchers import catalog_watchers
from workflows.commands import PreparedPlan, undelivered_lines, utc_now
from workflows.heartbeat import beat
from workflows.history_log import HistoryLog
from workflows.later import deliver_due
from workflows.monitor import deliver_recorded, observe_since_last, record_run
from workflows.notification_status import NotificationStatus
from workflows.partial_runs import merge_partial
from workflows.plan import Plan
from workflows.readiness import waiting_for_metrics
from workflows.second_looks import SecondLooks
from workflows.web.pages import RenderedPage, ServedPage

logger = logging.getLogger(__name__)


class Exporter:
    """The state of a running exporter. Every public method is a job of `workflows.jobs`, or begins or ends them."""

    def __init__(
        self,
        prepared: PreparedPlan,
        history: History,
        *,
        sources: Sequence[BlockSource],
        targets: Callable[[], Sequence[MetricTarget]] = tuple,
        on_targets_ready: Callable[[], None] = lambda: None,
    ) -> None:
        """Serves a page of its own telemetry at first.

        `targets` returns the resources that AWS is asked about: the same object until they change. `on_targets_ready`
        is called when a source has finished its first refresh of new targets, so what it built for them will stay.
        """
        self.sources = tuple(sources)
        self._prepared = prepared
        self._history = history
        self._telemetry = prepared.sessions.telemetry
        self._targets = targets
        self._known_targets = targets()
        self._resources = resource_block(self._known_targets, prepared.plan.config.collectors.exported_tags)
        store, config = prepared.sessions.secret_store, prepared.plan.config
        self._notifiers = notifiers(config.alerts, prepared.environ, store)
        self._heartbeats = heartbeat_senders(config.heartbeats, prepared.environ, store)
        self._notifications = NotificationStatus(history, self._telemetry, [each.name for each in self._notifiers])
        self._renderer, self._history_log = PageRenderer(), HistoryLog()
        self._attempted = set[str]()
        self._on_targets_ready = on_targets_ready
        self._refreshed_targets: dict[str, Sequence[MetricTarget]] = {}
        self._ready = False
        self._run_started: datetime | None = None
        self._full_run_attempted = False
        self._run: Run | None = None
        self._picture: Picture | None = None
        self._full_runs = 0
        self._lock = Lock()
        # Open alerts are read, compared and recorded by one pass at a time: two passes would notify of one cause twice.
        self._recording = Lock()
        self._full_pass = Lock()
        self._second_looks = SecondLooks()
        self.watchers = tuple(catalog_watchers(prepared, history, utc_now))
        self.served = ServedPage(self._rendered(utc_now()))

    def take_over(self, earlier: Exporter) -> None:
        """Goes on where an exporter of an earlier configuration stopped: with its page, its run and its readiness."""
        self._run, self._run_started, self._picture = earlier._run, earlier._run_started, earlier._picture
        self._ready, self._full_run_attempted = earlier._ready, earlier._full_run_attempted
        self.served = earlier.served
        if self._run:
            for watcher in self.watchers:
                watcher.run_recorded(self._run)
        self.render_page()

    def refresh(self, source: BlockSource) -> None:
        """Collects what is due of one source and renders the page. Failed sign-ins are tried again."""
        self._prepared.sessions.drop_failed_sessions()
        try:
            source.refresh(utc_now())
        finally:
            self._attempted.add(source.name)
            self.render_page()
            self._report_new_targets(source)

    def update_age_metrics(self) -> None:
        """Updates what changes without a refresh: the expiry of credentials, and series that are now stale.

        Credentials are renewed before they expire, also in an account that is asked once an hour or less.
        """
        self._prepared.sessions.renew_credentials(utc_now())
        for location, expiry in self._prepared.sessions.credential_expiries().items():
            self._telemetry.credentials_expiry.labels(location.account_id, location.region).set(expiry.timestamp())
        self.render_page()

    def run_full(self) -> bool:
        """Makes one full pass. False after an error: then the page has no findings, as an old PASS says nothing."""
        plan, kept = self._prepared.plan, self._full_runs
        self._run_started = utc_now()
        try:
            with self._full_pass:
                self._pass(plan, self.watchers)
        except BasewatchError:
            logger.exception("the pass failed; it is made again within minutes")
        finally:
            self._full_run_attempted = True
            if self._full_runs == kept:
                self._keep(None)
            self.render_page()
        return self._full_runs > kept

    def run_partial(self, part: Plan) -> None:
        """Makes one pass over a part of the plan, after the first full pass; it is recorded only if it has changes."""
        if self._full_run_attempted:
            try:
                self._pass(part, (), only_changes=True)
                self.render_page()
            except BasewatchError:
                logger.exception("the partial pass over %s failed; it is retried", part.scope)

    def look_again(self) -> None:
        """Looks again at what could not be seen, where that is due. A full pass that runs looks anyway."""
        if not self._full_pass.locked():
            with self._full_pass:
                for part in self._second_looks.due(self._prepared.plan, self._run) if self._run else ():
                    self.run_partial(part)

    def poll_catalog(self, watcher: CatalogWatcher) -> None:
        """Polls the catalogue of one database, and makes the partial pass that is due, if any."""
        try:
            due = watcher.poll()
            if due:
                part = self._prepared.plan.subset(due.scope, due.selects)
                self._pass(part, (watcher,), only_changes=due.only_changes)
                self.render_page()
        except BasewatchError:
            logger.exception("the partial pass over %s failed; it is retried", watcher.database.ref)

    def deliver(self) -> None:
        """Sends the notifications that are due: pending ones, and those that time brings. The next pass is far away."""
        self._notifications.read()
        try:
            plan = self._prepared.plan
            delivery = deliver_due(plan, self._picture, self._history, self._notifiers, utc_now, lock=self._recording)
        except BasewatchError:
            logger.exception("pending notifications could not be delivered; they are retried")
            return
        self._notifications.count(delivery)
        for message in delivery.delivered:
            logger.info("%s was notified of %s %s", message.channel, message.alert.check, message.alert.component)

    def stop(self) -> None:
        """Stops the catalogue watches and saves their intervals."""
        for watcher in self.watchers:
            try:
                watcher.close()
            except HistoryError:
                logger.exception("the watch interval of %s could not be saved", watcher.database.ref)

    def render_page(self) -> None:
        """Renders the current state and serves it from now on."""
        with self._lock:
            self.served.replace(self._rendered(utc_now()))

    def _report_new_targets(self, source: BlockSource) -> None:
        if self._refreshed_targets.get(source.name) is not self._known_targets:
            self._refreshed_targets[source.name] = self._known_targets
            self._on_targets_ready()

    def _pass(self, plan: Plan, watchers: Sequence[CatalogWatcher], *, only_changes: bool = False) -> None:
        """Observes, records and delivers; the watchers learn which catalogue was judged, or that the pass failed."""
        try:
            observed = observe_since_last(plan, self._prepared.sessions, self._history, utc_now)
            with self._recording:
                recorded = record_run(plan, observed, self._history, self._notifiers, only_changes=only_changes)
                for watcher in watchers:
                    watcher.run_recorded(recorded.run)
                self._keep(recorded.run)
                self._picture = recorded.picture
        except BasewatchError:
            for watcher in watchers:
                watcher.run_failed()
            raise
        delivered = deliver_recorded(plan, recorded, self._history, self._notifiers, utc_now)
        self._notifications.count(delivered.delivery)
        problems = undelivered_lines(delivered)
        if not plan.scope:
            problems = (*problems, *filter(None, [self._history.status.problem]))
            problems = beat(self._heartbeats, plan, delivered.run, problems, utc_now())
        for line in problems:
            logger.error(line)

    def _keep(self, run: Run | None) -> None:
        """Keeps the run that the page shows: the latest full run, with the partial runs since; or none."""
        with self._lock:
            if run is None or not run.scope:
                self._run, self._full_runs = run, self._full_runs + bool(run)
            elif self._run:
                self._run = merge_partial(self._run, run)

    def _rendered(self, at: datetime) -> RenderedPage:
        page = self._renderer.render(self._blocks(at), self._telemetry.registry)
        remark = self._history_log.note(self._history.status)
        return RenderedPage(page=page, rendered_at=at, waiting_for=self._waiting_for(), remark=remark)

    def _blocks(self, at: datetime) -> Iterator[Block]:
        config = self._prepared.plan.config
        for source in self.sources:
            yield from source.blocks(at)
        if self._known_targets is not (targets := self._targets()):
            self._known_targets, self._resources = targets, resource_block(targets, config.collectors.exported_tags)
        yield self._resources
        yield from slo_blocks(component for component in config.components if isinstance(component, Slo))
        yield from watch_blocks(watcher.watch_status for watcher in self.watchers)
        yield from history_blocks(self._history.status)
        yield from self._notifications.blocks()
        if self._run_started:
            yield from attempt_blocks(self._run_started, config.run.every)
        if self._run:
            yield from run_blocks(self._run)

    def _waiting_for(self) -> str:
        """Why the page is not ready; empty when it is. Once ready, it stays ready: metrics report later problems."""
        if self._ready:
            return ""
        missing = {source.name for source in self.sources} - self._attempted
        collectors = {target.collector for target in self._known_targets}
        waiting = waiting_for_metrics(self._telemetry, missing, collectors)
        self._ready = not waiting and self._full_run_attempted
        return waiting or ("" if self._full_run_attempted else "the first pass")
