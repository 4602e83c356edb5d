"""What a running exporter knows: refreshed by its jobs, and rendered when one of them has something new."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from threading import Lock

from prometheus_client import Gauge

from alerts import Delivery, deliver, notifiers
from basewatch.collector import MetricTarget
from basewatch.components import Slo
from basewatch.errors import BasewatchError, HistoryError
from basewatch.family import Block, BlockSource
from basewatch.history.store import History
from basewatch.metrics import CollectedMetrics
from basewatch.model import Run, Window
from exposition.own_metrics import attempt_blocks, resource_block, run_blocks, slo_blocks, watch_blocks
from exposition.page import PageRenderer
from isolation.inventory.fingerprint import fingerprint
from workflows.catalog_watcher import CatalogWatcher
from workflows.clients import LiveClients
from workflows.commands import PreparedPlan, undelivered_lines, utc_now
from workflows.monitor import deliver_recorded, merge_partial, observe_since_last, record_run
from workflows.plan import Plan
from workflows.web.app import RenderedPage, ServedPage

logger = logging.getLogger(__name__)


class Exporter:
    """The jobs of a running exporter, and the page that they keep up to date. Every method is a job or ends one."""

    def __init__(
        self,
        prepared: PreparedPlan,
        history: History,
        *,
        sources: Sequence[BlockSource],
        targets: Callable[[], Sequence[MetricTarget]] = tuple,
        on_targets_ready: Callable[[], None] = lambda: None,
    ) -> None:
        """Shows its own telemetry at first. `targets` are what AWS is asked about: one object until they change.

        `on_targets_ready` is called when what a source made of new targets is there to stay.
        """
        self.sources = tuple(sources)
        self._prepared = prepared
        self._history = history
        self._telemetry = prepared.sessions.telemetry
        self._targets = targets
        self._known = targets()
        self._resources = resource_block(self._known, prepared.plan.config.collectors.tags)
        self._notifiers = notifiers(prepared.plan.config.alerts, prepared.environ, prepared.sessions.secret_store)
        for notifier in self._notifiers:
            self._telemetry.notification_failures.labels(notifier.name)
        self._exposition = PageRenderer()
        self._attempted = set[str]()
        self._settled = on_targets_ready
        self._settled_on: dict[str, Sequence[MetricTarget]] = {}
        self._ready = False
        self._begun: datetime | None = None
        self._passed = False
        self._run: Run | None = None
        self._lock = Lock()
        # What was told of is read, compared and recorded by one pass at a time: two would both tell of one cause.
        self._settling = Lock()
        self.watchers = tuple(self._watchers())
        self.served = ServedPage(self._shown(utc_now()))

    def refresh(self, source: BlockSource) -> None:
        """Asks one source for what is due, where a sign-in failed once more, and shows what has changed."""
        self._prepared.sessions.drop_failed_sessions()
        try:
            source.refresh(utc_now())
        finally:
            self._attempted.add(source.name)
            self.render_page()
            self._settle(source)

    def update_age_metrics(self) -> None:
        """Shows what does not wait for a source: how long credentials last, and what is too old to be shown."""
        for place, expiry in self._prepared.sessions.credential_expiries().items():
            self._telemetry.credentials_expiry.labels(place.account_id, place.region).set(expiry.timestamp())
        self.render_page()

    def run_full(self) -> None:
        """Makes one pass, as `basewatch run` does, and shows its findings; after an error the next pass still comes."""
        plan = self._prepared.plan
        self._begun = utc_now()
        try:
            self._pass(plan, self.watchers)
        except BasewatchError:
            logger.exception("the pass failed; the next one is due in %s", plan.config.run.every)
        finally:
            self._passed = True
            self.render_page()

    def run_partial(self, part: Plan) -> None:
        """Makes a partial pass of its own, once there was a whole one; nothing is recorded where nothing changed."""
        if self._passed:
            try:
                self._pass(part, (), only_news=True)
                self.render_page()
            except BasewatchError:
                logger.exception("a partial pass over %s failed; it is tried again", part.scope)

    def poll_catalog(self, watcher: CatalogWatcher) -> None:
        """Polls one database's catalogue, and makes the partial pass that is due, if one is."""
        try:
            due = watcher.poll()
            if due:
                self._pass(self._prepared.plan.subset(due.scope, due.selects), (watcher,), only_news=due.only_changes)
                self.render_page()
        except BasewatchError:
            logger.exception("a partial pass over %s failed; it is tried again", watcher.database.ref)

    def deliver(self) -> None:
        """Sends what a channel did not take and what is due again by now: the next pass may be hours away."""
        try:
            delivery = deliver(self._history, self._notifiers, utc_now)
        except BasewatchError:
            logger.exception("what is owed could not be delivered; it is tried again soon")
            return
        self._count(delivery)
        for message in delivery.delivered:
            logger.info("%s was told of %s %s", message.channel, message.check, message.component)

    def stop(self) -> None:
        """Ends the watch; how far each catalogue was seen unchanged is written down."""
        for watcher in self.watchers:
            try:
                watcher.close()
            except HistoryError:
                logger.exception("how long %s was watched could not be written down", watcher.database.ref)

    def render_page(self) -> None:
        """Renders what is known now, and lets it be scraped."""
        with self._lock:
            self.served.replace(self._shown(utc_now()))

    def _settle(self, source: BlockSource) -> None:
        """Says so when a source has got to know new targets, and has made what it needs to ask about them."""
        if self._settled_on.get(source.name) is not self._known:
            self._settled_on[source.name] = self._known
            self._settled()

    def _pass(self, plan: Plan, watchers: Sequence[CatalogWatcher], *, only_news: bool = False) -> None:
        """Looks, records and tells; the watchers learn what was judged, or that nothing was."""
        try:
            looked = observe_since_last(plan, self._prepared.sessions, self._history, utc_now)
            with self._settling:
                settled = record_run(plan, looked, self._history, only_changes=only_news)
                for watcher in watchers:
                    watcher.run_recorded(settled.run)
                self._learn(settled.run)
        except BasewatchError:
            for watcher in watchers:
                watcher.run_failed()
            raise
        passed = deliver_recorded(settled, self._history, self._notifiers, utc_now)
        self._count(passed.delivery)
        for line in undelivered_lines(passed):
            logger.error(line)

    def _learn(self, run: Run) -> None:
        with self._lock:
            if not run.scope:
                self._run = run
            elif self._run:
                self._run = merge_partial(self._run, run)

    def _count(self, delivery: Delivery) -> None:
        for failed in delivery.undelivered:
            self._telemetry.notification_failures.labels(failed.notification.channel).inc()

    def _shown(self, at: datetime) -> RenderedPage:
        page = self._exposition.render(self._blocks(at), self._telemetry.registry)
        return RenderedPage(page=page, rendered_at=at, waiting_for=self._waiting_for())

    def _blocks(self, at: datetime) -> Iterator[Block]:
        config = self._prepared.plan.config
        for source in self.sources:
            yield from source.blocks(at)
        if self._known is not (targets := self._targets()):
            self._known, self._resources = targets, resource_block(targets, config.collectors.tags)
        yield self._resources
        yield from slo_blocks(component for component in config.components if isinstance(component, Slo))
        yield from watch_blocks(watcher.watch_status for watcher in self.watchers)
        if self._begun:
            yield from attempt_blocks(self._begun, config.run.every)
        if self._run:
            yield from run_blocks(self._run)

    def _waiting_for(self) -> str:
        """What is missing before anybody should rely on the page; once nothing is, the page itself tells of trouble."""
        if self._ready:
            return ""
        asked = set(_named(self._telemetry.last_attempt))
        collectors = {target.collector for target in self._known}
        awaited = {source.name for source in self.sources} - self._attempted or collectors - asked
        if awaited:
            return f"the first refresh of {', '.join(sorted(awaited))}"
        if asked and not any((*_named(self._telemetry.last_success), *_named(self._telemetry.series))):
            return "an answer to any collector"
        self._ready = self._passed
        return "" if self._passed else "the first pass"

    def _watchers(self) -> Iterator[CatalogWatcher]:
        config, nothing = self._prepared.plan.config, CollectedMetrics(window=Window(start=utc_now(), end=utc_now()))
        clients = LiveClients(self._prepared.sessions, nothing, "watch")
        if config.watch:
            for database in config.components.databases:
                yield CatalogWatcher(
                    database, config.watch, clients, self._history, read_fingerprint=fingerprint, clock=utc_now
                )


def _named(gauge: Gauge) -> Iterator[str]:
    """The collectors of which a gauge has anything but zero to tell."""
    for metric in gauge.collect():
        yield from (sample.labels["collector"] for sample in metric.samples if sample.value)
