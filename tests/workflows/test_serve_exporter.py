"""The exporter refreshes each source on its own, shows what it has as soon as it has it, and says what is missing."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Event

import pytest

from alerts.channels import CHANNEL_TYPES
from basewatch.collector import MetricTarget, Resource
from basewatch.config import config_model
from basewatch.config.collection import CollectorSettings
from basewatch.errors import HistoryError
from basewatch.family import Block
from basewatch.history.store import History
from basewatch.telemetry import ExporterMetrics
from exposition.page import ExpositionFormat
from tests.exposition.scraped import block, gauge, text_in, value_of
from tests.fakes import NOON, a_finding, a_run, messages_due, picture_of
from workflows.clients import AwsSessions
from workflows.commands import PreparedPlan, utc_now
from workflows.exporter import Exporter
from workflows.jobs import jobs
from workflows.plan import Plan
from workflows.schedule import Job, Scheduler, SteadyClock

TREE = {
    "version": 1,
    "platform": {"name": "securebase", "environment": "production"},
    "components": {
        "slos": [{"name": "auth", "of": "function/auth", "sli": "availability", "objective": 0.999}],
    },
    "watch": False,
    "alerts": {
        "channels": [{"name": "chat", "kind": "slack", "webhook": "env:WEBHOOK"}],
        "routes": [{"channel": "chat"}],
    },
}
# No server listens on this port.
ENVIRON = {"WEBHOOK": "http://127.0.0.1:9/hook"}


class FakeSource:
    """A source that shows how often it was refreshed, once it may go on."""

    def __init__(self, name: str, telemetry: ExporterMetrics, *, answers: bool = True, asks: bool = True) -> None:
        self.name = name
        self._asks = asks
        self.refreshed = 0
        self.may_go_on, self.second = Event(), Event()
        self.may_go_on.set()
        self.trouble: Exception | None = None
        self._telemetry = telemetry
        self._answers = answers

    def refresh(self, at: datetime) -> None:
        """Counts, unless there is trouble."""
        self.may_go_on.wait(600)
        if self._asks:
            self._telemetry.last_attempt.labels(self.name, "", "").set(at.timestamp())
        if self.trouble:
            raise self.trouble
        self.refreshed += 1
        if self._answers:
            self._telemetry.last_success.labels(self.name, "", "").set(at.timestamp())
        if self.refreshed > 1:
            self.second.set()

    def blocks(self, at: datetime) -> Iterable[Block]:
        """One gauge."""
        return [block(gauge(f"refreshed_{self.name}"), ({}, float(self.refreshed)))]


@pytest.fixture
def plain() -> PreparedPlan:
    """A configuration that declares one objective and nothing to look at."""
    config = config_model(CHANNEL_TYPES).model_validate(TREE)
    plan = Plan(config=config, digest="", commit="", checks=(), collectors=(), unchecked=())
    return PreparedPlan(plan=plan, sessions=AwsSessions(config, ENVIRON), environ=ENVIRON)


def a_target(collector: str) -> MetricTarget:
    """A function that is measured."""
    resource = Resource(component="", dimensions=(), labels=(("function_name", "auth"),))
    return MetricTarget(collector=collector, account_id="1" * 12, region="us-east-1", resource=resource, specs=())


def waits_for(exporter: Exporter) -> str:
    """What the exporter says it is waiting for."""
    return exporter.served.rendered.waiting_for


def test_the_first_page_tells_what_is_known_without_asking(plain: PreparedPlan, history: History) -> None:
    """Before anything was refreshed there is a page: what is declared, and Basewatch's own metrics."""
    page = Exporter(plain, history, sources=()).served.rendered.page
    assert value_of(page, "basewatch_slo_objective_ratio", slo="auth", component="function/auth", sli="availability")
    assert value_of(page, "basewatch_notification_failures_total", channel="chat") == 0
    assert "basewatch_run" not in text_in(page[ExpositionFormat.TEXT])


def test_a_refresh_is_shown_at_once(plain: PreparedPlan, history: History) -> None:
    """What one source has is on the page, whatever the others do."""
    one, other = (FakeSource(name, plain.sessions.telemetry) for name in ("one", "other"))
    exporter = Exporter(plain, history, sources=(one, other))
    exporter.refresh(one)
    assert value_of(exporter.served.rendered.page, "refreshed_one") == 1
    assert value_of(exporter.served.rendered.page, "refreshed_other") == 0


def test_it_is_ready_when_every_source_was_attempted_and_one_answered(plain: PreparedPlan, history: History) -> None:
    """And the first pass has come to an end; until then it says what is missing first."""
    telemetry = plain.sessions.telemetry
    silent, talking = FakeSource("silent", telemetry, answers=False), FakeSource("talking", telemetry)
    exporter = Exporter(plain, history, sources=(silent, talking))
    assert waits_for(exporter) == "the first refresh of silent, talking"
    exporter.refresh(silent)
    assert waits_for(exporter) == "the first refresh of talking"
    talking.trouble = RuntimeError("a bug")
    with pytest.raises(RuntimeError):
        exporter.refresh(talking)
    assert waits_for(exporter) == "an answer to any collector"
    talking.trouble = None
    exporter.refresh(talking)
    assert waits_for(exporter) == "the first pass"
    exporter.run_full()
    assert waits_for(exporter) == ""


def test_it_waits_for_every_collector_of_a_source(plain: PreparedPlan, history: History) -> None:
    """A source that was refreshed may still wait for the answers of one account; the collectors there are missing."""
    telemetry = plain.sessions.telemetry
    source = FakeSource("cloudwatch", telemetry)
    known = tuple(a_target(collector) for collector in ("lambda", "dynamodb"))
    exporter = Exporter(plain, history, sources=(source,), targets=lambda: known)
    telemetry.last_attempt.labels("lambda", "1" * 12, "us-east-1").set(NOON.timestamp())
    exporter.refresh(source)
    assert waits_for(exporter) == "the first refresh of dynamodb"
    telemetry.last_attempt.labels("dynamodb", "1" * 12, "us-east-1").set(NOON.timestamp())
    exporter.update_age_metrics()
    assert waits_for(exporter) == "the first pass"


def test_once_ready_it_stays_ready(plain: PreparedPlan, history: History) -> None:
    """Collectors that fail later, or are new, show on the page; the exporter stays ready, so that it is scraped."""
    known: tuple[MetricTarget, ...] = ()
    exporter = Exporter(plain, history, sources=(), targets=lambda: known)
    exporter.run_full()
    known = (a_target("dax"),)
    exporter.update_age_metrics()
    assert waits_for(exporter) == ""


def test_an_exporter_of_verdicts_alone_is_ready_after_its_pass(plain: PreparedPlan, history: History) -> None:
    """Where no metrics are collected, readiness needs none: without sources, or with one that queries nothing."""
    idle = FakeSource("database", plain.sessions.telemetry, answers=False, asks=False)
    exporter = Exporter(plain, history, sources=(idle,))
    exporter.refresh(idle)
    assert waits_for(exporter) == "the first pass"
    exporter.run_full()
    assert waits_for(exporter) == ""


def test_a_source_that_breaks_was_attempted(plain: PreparedPlan, history: History) -> None:
    """A bug in one source is logged by the scheduler, and removes nothing from the page."""
    source = FakeSource("one", plain.sessions.telemetry)
    exporter = Exporter(plain, history, sources=(source,))
    exporter.refresh(source)
    source.trouble = RuntimeError("a bug")
    with pytest.raises(RuntimeError):
        exporter.refresh(source)
    assert value_of(exporter.served.rendered.page, "refreshed_one") == 1


def test_a_pass_shows_on_the_page(plain: PreparedPlan, history: History) -> None:
    """When it began, when the next is due, and what it found are on the page."""
    exporter = Exporter(plain, history, sources=())
    exporter.run_full()
    page = exporter.served.rendered.page
    last = value_of(page, "basewatch_run_last_timestamp_seconds")
    assert last
    assert value_of(page, "basewatch_run_next_expected_timestamp_seconds") == last + 6 * 3600
    assert (value_of(page, "basewatch_run_last_success_timestamp_seconds") or 0) >= last
    assert value_of(page, "basewatch_findings", status="FAIL") == 0


def test_a_pass_that_fails_is_seen(
    plain: PreparedPlan, history: History, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It was attempted and did not succeed: the page says both, has no findings any more, and the exporter goes on."""
    exporter = Exporter(plain, history, sources=())
    exporter.run_full()
    assert value_of(exporter.served.rendered.page, "basewatch_findings", status="PASS") == 0

    def broken(*_: object) -> None:
        raise HistoryError("the disk is full")

    monkeypatch.setattr(history, "record", broken)
    with caplog.at_level(logging.ERROR):
        exporter.run_full()
    page = exporter.served.rendered.page
    assert "the disk is full" in caplog.text
    assert value_of(page, "basewatch_run_last_timestamp_seconds")
    assert value_of(page, "basewatch_run_last_success_timestamp_seconds") is None
    assert value_of(page, "basewatch_findings", status="PASS") is None
    assert waits_for(exporter) == ""


def test_a_message_that_is_not_taken_is_counted(plain: PreparedPlan, history: History) -> None:
    """The page says that notifications fail."""
    config = plain.plan.config
    run = a_run(a_finding())
    history.record(run, messages_due(picture_of(run), policy=config.alerts))
    exporter = Exporter(plain, history, sources=())
    exporter.deliver()
    exporter.update_age_metrics()
    page = exporter.served.rendered.page
    assert value_of(page, "basewatch_notification_failures_total", channel="chat") == 1
    assert value_of(page, "basewatch_notifications_total", channel="chat", outcome="retried") == 1
    assert value_of(page, "basewatch_notifications_total", channel="chat", outcome="delivered") == 0
    assert value_of(page, "basewatch_notifications_pending", channel="chat") == 1
    oldest = value_of(page, "basewatch_notifications_oldest_pending_timestamp_seconds", channel="chat")
    assert oldest == run.finished.timestamp()


def test_what_is_pending_shows_while_a_delivery_hangs(
    plain: PreparedPlan, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page says so during the delivery and after it failed: no failure is counted then."""
    run = a_run(a_finding())
    history.record(run, messages_due(picture_of(run), policy=plain.plan.config.alerts))
    exporter = Exporter(plain, history, sources=())
    assert value_of(exporter.served.rendered.page, "basewatch_notifications_pending", channel="chat") == 0
    during = list[float | None]()

    def hanging(*_: object, **__: object) -> None:
        exporter.render_page()
        during.append(value_of(exporter.served.rendered.page, "basewatch_notifications_pending", channel="chat"))
        raise HistoryError("the lock is never released")

    monkeypatch.setattr("workflows.exporter.deliver_due", hanging)
    exporter.deliver()
    monkeypatch.setattr(history, "backlogs", hanging)
    exporter.deliver()
    assert during[0] == 1
    assert value_of(exporter.served.rendered.page, "basewatch_notifications_pending", channel="chat") == 1


def test_resources_show_as_they_become_known(plain: PreparedPlan, history: History) -> None:
    """What is asked about now is on the next page, with the labels that its series have."""
    known: tuple[MetricTarget, ...] = ()
    exporter = Exporter(plain, history, sources=(), targets=lambda: known)
    known = (a_target("lambda"),)
    exporter.update_age_metrics()
    labels = {"aws_account_id": "1" * 12, "aws_region": "us-east-1", "service": "lambda", "resource": "auth"}
    assert value_of(exporter.served.rendered.page, "aws_resource_info", function_name="auth", **labels) == 1


def test_it_says_when_a_source_has_settled_on_its_targets(plain: PreparedPlan, history: History) -> None:
    """Once for each source, and again when the targets have changed: what is made of them lives long."""
    sources = [FakeSource(name, plain.sessions.telemetry) for name in ("one", "other")]
    settled: list[str] = []
    known: tuple[MetricTarget, ...] = (a_target("lambda"),)
    exporter = Exporter(
        plain,
        history,
        sources=sources,
        targets=lambda: known,
        on_targets_ready=lambda: settled.append(known[0].collector),
    )
    for collector in ("lambda", "dax"):
        known = (a_target(collector),)
        for source in (*sources, *sources):
            exporter.refresh(source)
    assert settled == ["lambda", "lambda", "dax", "dax"]


def test_a_beat_shows_that_it_lives(plain: PreparedPlan, history: History) -> None:
    """Each beat is a new page, so that one that is old means that the jobs stand still."""
    exporter = Exporter(plain, history, sources=())
    before = exporter.served.rendered.rendered_at
    exporter.update_age_metrics()
    assert exporter.served.rendered.rendered_at > before


@contextmanager
def running(
    exporter: Exporter, prepared: PreparedPlan, discover: Callable[[datetime], None], overrun: Callable[[Job], None]
) -> Iterator[None]:
    """The exporter's jobs, every 50 ms."""
    quick = CollectorSettings.model_construct(
        fast=timedelta(milliseconds=50), discover_every=timedelta(milliseconds=50)
    )
    config = prepared.plan.config.model_copy(update={"collectors": quick})
    prepared = replace(prepared, plan=replace(prepared.plan, config=config))
    scheduler = Scheduler(jobs(exporter, prepared, discover), steady=SteadyClock(), wall=utc_now, on_overrun=overrun)
    scheduler.start()
    try:
        yield
    finally:
        scheduler.stop()


def test_a_slow_source_delays_no_other(plain: PreparedPlan, history: History) -> None:
    """While one refresh hangs the other sources, discovery and the page go on, and what it misses is reported."""
    telemetry = plain.sessions.telemetry
    slow, quick = (FakeSource(name, telemetry) for name in ("slow", "quick"))
    slow.may_go_on.clear()
    exporter, discovered, overrun = Exporter(plain, history, sources=(slow, quick)), Event(), Event()

    def note(job: Job) -> None:
        assert job.name == "refresh slow"
        overrun.set()

    with running(exporter, plain, lambda _at: discovered.set(), note):
        try:
            assert quick.second.wait(600)
            assert discovered.wait(600)
            assert overrun.wait(600)
            assert slow.refreshed == 0
        finally:
            slow.may_go_on.set()
    assert slow.refreshed >= 1
