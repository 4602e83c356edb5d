"""What a running exporter knows: refreshed by its jobs, and rendered when one of them has something new."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from threading import Lock

from prometheus_client import Gauge

from alerts import Delivery, deliver, notifiers
from basewatch.collector import Target
from basewatch.components import Slo
from basewatch.errors import BasewatchError, HistoryError
from basewatch.family import Block, BlockSource
from basewatch.history.store import History
from basewatch.metrics import Collected
from basewatch.model import Run, Window
from exposition.finding_metrics import of_attempt, of_run
from exposition.page import Exposition
from exposition.resource_metrics import of_targets
from exposition.slo_metrics import of_slos
from exposition.watch_metrics import of_watched
from isolation.inventory.fingerprint import fingerprint
from workflows.catalog_watcher import Watcher
from workflows.clients import LiveClients
from workflows.commands import Prepared, now, undelivered
from workflows.monitor import look_since, settle, told, updated
from workflows.plan import Plan
from workflows.web.app import Exposed, Shown

logger = logging.getLogger(__name__)


class Exporter:
    """The jobs of a running exporter, and the page that they keep up to date. Every method is a job or ends one."""

    def __init__(
        self,
        prepared: Prepared,
        history: History,
        *,
        sources: Sequence[BlockSource],
        targets: Callable[[], Sequence[Target]] = tuple,
        settled: Callable[[], None] = lambda: None,
    ) -> None:
        """Shows its own telemetry at first. `targets` are what AWS is asked about: one object until they change.

        `settled` is called when what a source made of new targets is there to stay.
        """
        self.sources = tuple(sources)
        self._prepared = prepared
        self._history = history
        self._telemetry = prepared.sessions.telemetry
        self._targets = targets
        self._known = targets()
        self._resources = of_targets(self._known, prepared.plan.config.collectors.tags)
        self._notifiers = notifiers(prepared.plan.config.alerts, prepared.environ, prepared.sessions.store)
        for notifier in self._notifiers:
            self._telemetry.notification_failures.labels(notifier.name)
        self._exposition = Exposition()
        self._attempted = set[str]()
        self._settled = settled
        self._settled_on: dict[str, Sequence[Target]] = {}
        self._ready = False
        self._begun: datetime | None = None
        self._passed = False
        self._run: Run | None = None
        self._lock = Lock()
        # What was told of is read, compared and recorded by one pass at a time: two would both tell of one cause.
        self._settling = Lock()
        self.watchers = tuple(self._watchers())
        self.exposed = Exposed(self._shown(now()))

    def refresh(self, source: BlockSource) -> None:
        """Asks one source for what is due, where a sign-in failed once more, and shows what has changed."""
        self._prepared.sessions.begin_pass()
        try:
            source.refresh(now())
        finally:
            self._attempted.add(source.name)
            self.show()
            self._settle(source)

    def beat(self) -> None:
        """Shows what does not wait for a source: how long credentials last, and what is too old to be shown."""
        for place, expiry in self._prepared.sessions.expiries().items():
            self._telemetry.credentials_expiry.labels(place.account_id, place.region).set(expiry.timestamp())
        self.show()

    def check(self) -> None:
        """Makes one pass, as `basewatch run` does, and shows its findings; after an error the next pass still comes."""
        plan = self._prepared.plan
        self._begun = now()
        try:
            self._pass(plan, self.watchers)
        except BasewatchError:
            logger.exception("the pass failed; the next one is due in %s", plan.config.run.every)
        finally:
            self._passed = True
            self.show()

    def look(self, part: Plan) -> None:
        """Makes a partial pass of its own, once there was a whole one; nothing is recorded where nothing changed."""
        if self._passed:
            try:
                self._pass(part, (), only_news=True)
                self.show()
            except BasewatchError:
                logger.exception("a partial pass over %s failed; it is tried again", part.scope)

    def watch(self, watcher: Watcher) -> None:
        """Polls one database's catalogue, and makes the partial pass that is due, if one is."""
        try:
            due = watcher.poll()
            if due:
                self._pass(self._prepared.plan.narrowed(due.scope, due.wanted), (watcher,), only_news=due.routine)
                self.show()
        except BasewatchError:
            logger.exception("a partial pass over %s failed; it is tried again", watcher.database.ref)

    def deliver(self) -> None:
        """Sends what a channel did not take and what is due again by now: the next pass may be hours away."""
        try:
            delivery = deliver(self._history, self._notifiers, now)
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

    def show(self) -> None:
        """Renders what is known now, and lets it be scraped."""
        with self._lock:
            self.exposed.show(self._shown(now()))

    def _settle(self, source: BlockSource) -> None:
        """Says so when a source has got to know new targets, and has made what it needs to ask about them."""
        if self._settled_on.get(source.name) is not self._known:
            self._settled_on[source.name] = self._known
            self._settled()

    def _pass(self, plan: Plan, watchers: Sequence[Watcher], *, only_news: bool = False) -> None:
        """Looks, records and tells; the watchers learn what was judged, or that nothing was."""
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
        passed = told(settled, self._history, self._notifiers, now)
        self._count(passed.delivery)
        for line in undelivered(passed):
            logger.error(line)

    def _learn(self, run: Run) -> None:
        with self._lock:
            if not run.scope:
                self._run = run
            elif self._run:
                self._run = updated(self._run, run)

    def _count(self, delivery: Delivery) -> None:
        for failed in delivery.failed:
            self._telemetry.notification_failures.labels(failed.notification.channel).inc()

    def _shown(self, at: datetime) -> Shown:
        page = self._exposition.page(self._blocks(at), self._telemetry.registry)
        return Shown(page=page, at=at, waiting_for=self._waiting_for())

    def _blocks(self, at: datetime) -> Iterator[Block]:
        config = self._prepared.plan.config
        for source in self.sources:
            yield from source.blocks(at)
        if self._known is not (targets := self._targets()):
            self._known, self._resources = targets, of_targets(targets, config.collectors.tags)
        yield self._resources
        yield from of_slos(component for component in config.components if isinstance(component, Slo))
        yield from of_watched(watcher.counted for watcher in self.watchers)
        if self._begun:
            yield from of_attempt(self._begun, config.run.every)
        if self._run:
            yield from of_run(self._run)

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

    def _watchers(self) -> Iterator[Watcher]:
        config, nothing = self._prepared.plan.config, Collected(window=Window(start=now(), end=now()))
        clients = LiveClients(self._prepared.sessions, nothing, "watch")
        if config.watch:
            for database in config.components.databases:
                yield Watcher(database, config.watch, clients, self._history, read=fingerprint, clock=now)


def _named(gauge: Gauge) -> Iterator[str]:
    """The collectors of which a gauge has anything but zero to tell."""
    for metric in gauge.collect():
        yield from (sample.labels["collector"] for sample in metric.samples if sample.value)
