"""A running service changes its configuration without losing anything, and a bad one changes nothing."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from queue import SimpleQueue
from threading import Event
from typing import Any

import pytest

from alerts.channels import CHANNEL_TYPES
from basewatch.config import config_model
from basewatch.errors import BasewatchError, ConfigError, Problem
from basewatch.history.store import History
from tests.exposition.scraped import value_of
from tests.fakes import NOON
from tests.workflows.test_serve_exporter import ENVIRON, TREE
from workflows.clients import AwsSessions
from workflows.commands import PreparedPlan
from workflows.exporter import Exporter
from workflows.plan import Plan
from workflows.service import Service


def prepared(digest: str = "1", **changed: Any) -> PreparedPlan:
    """A configuration that declares one objective and nothing to look at."""
    tree = {**deepcopy(TREE), **changed}
    config = config_model(CHANNEL_TYPES).model_validate(tree)
    plan = Plan(config=config, digest=digest, commit="", checks=(), collectors=(), unchecked=())
    return PreparedPlan(plan=plan, sessions=AwsSessions(config, ENVIRON), environ=ENVIRON)


@dataclass
class Running:
    """A running service whose configuration file and clock a test changes."""

    file: PreparedPlan | Exception
    wall: datetime = NOON
    passes: SimpleQueue[str] = field(default_factory=SimpleQueue)
    service: Service = field(init=False)

    def load(self) -> PreparedPlan:
        """The configuration that the file has now."""
        if isinstance(self.file, Exception):
            raise self.file
        return self.file

    def metric(self, name: str, **labels: str) -> float | None:
        """A value on the page."""
        return value_of(self.service.served.rendered.page, name, **labels)

    def objective(self, slo: str) -> float | None:
        """The objective on the page."""
        return self.metric("basewatch_slo_objective_ratio", slo=slo, component="function/auth", sli="availability")


@pytest.fixture
def running(history: History, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """A service that has made its first pass; each pass is noted by the digest of its configuration."""
    one = Running(prepared())
    whole = Exporter.run_full

    def noted(exporter: Exporter) -> None:
        whole(exporter)
        one.passes.put(exporter._prepared.plan.digest)

    monkeypatch.setattr(Exporter, "run_full", noted)
    # The heap of the test runner is large, and a collection of it takes seconds.
    monkeypatch.setattr("workflows.service.freeze_heap", lambda: None)
    one.service = Service(one.load(), history, load=one.load, wall=lambda: one.wall)
    one.service.start()
    assert one.passes.get(timeout=600) == "1"
    yield one
    one.service.stop()


def test_a_changed_configuration_is_judged_at_once_and_nothing_is_lost(running: Running) -> None:
    """The new objective is on the page, with the old run until the new pass has ended; the counts go on."""
    served, run = running.service.served, running.metric("basewatch_run_last_timestamp_seconds")
    other = {"name": "other", "of": "function/auth", "sli": "availability", "objective": 0.5}
    running.file = prepared("2", components={"slos": [other]})
    assert running.service.reload().result(600) == ""
    assert running.service.served is served
    assert running.objective("other") == 0.5
    assert running.objective("auth") is None
    assert running.metric("basewatch_config_last_reload_successful") == 1
    assert running.metric("basewatch_notification_failures_total", channel="chat") == 0
    assert running.passes.get(timeout=600) == "2"
    assert (running.metric("basewatch_run_last_timestamp_seconds") or 0) >= (run or 0)
    assert served.rendered.waiting_for == ""


def test_an_unchanged_configuration_makes_no_pass(running: Running) -> None:
    """A reload may be asked for at any time; it reads secrets and files again, and passes keep their interval."""
    for _ in range(2):
        assert running.service.reload().result(600) == ""
    assert running.passes.empty()


BAD: tuple[PreparedPlan | Exception, ...] = (
    ConfigError(Problem(message="this is not a duration", file="config.yaml", line=7)),
    RuntimeError("a bug"),
    prepared("2", history={"url": "sqlite:///elsewhere.db"}),
    prepared("2", web={"listen": "127.0.0.1:1"}),
)


def test_a_bad_configuration_changes_nothing_and_says_so(running: Running, caplog: pytest.LogCaptureFixture) -> None:
    """The answer, the log and the metrics say that the earlier one stays in use; the next good one is taken."""
    since = running.metric("basewatch_config_last_reload_success_timestamp_seconds")
    good, running.wall = running.file, NOON + timedelta(seconds=10)
    for running.file in BAD:
        caplog.clear()
        assert running.service.reload().result(600)
        assert "the configuration was not reloaded, the earlier one stays in use" in caplog.text
        assert running.metric("basewatch_config_last_reload_successful") == 0
        assert running.metric("basewatch_config_last_reload_success_timestamp_seconds") == since
        assert running.objective("auth") == 0.999
        assert running.service.problem() == ""
    running.file = good
    assert running.service.reload().result(600) == ""
    assert running.metric("basewatch_config_last_reload_successful") == 1


def test_what_fails_while_it_is_built_changes_nothing(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """A configuration that is valid and cannot be built gives way to the earlier one, which is built again.

    When that is impossible too, only a restart helps, and health asks for it.
    """
    running.file = prepared("2")
    whole, failures = Service._built, 1

    def fails(service: Service, *arguments: Any) -> Any:
        nonlocal failures
        failures -= 1
        if failures >= 0:
            raise BasewatchError("no file handle is left")
        return whole(service, *arguments)

    def cannot_close(_sources: object, _at: datetime) -> None:
        raise OSError("the disk is gone")

    monkeypatch.setattr(Service, "_built", fails)
    monkeypatch.setattr("workflows.block_sources.MetricSources.close", cannot_close)
    assert running.service.reload().result(600) == "no file handle is left"
    assert running.service.problem() == ""
    assert running.objective("auth") == 0.999
    failures = 2
    assert running.service.reload().result(600) == "no file handle is left"
    assert "could be started neither" in running.service.problem()


def test_a_reload_waits_for_the_running_pass(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two passes never run at once: the jobs of the new configuration begin when the old pass has ended."""
    may_end, began = Event(), Event()

    def slow(_exporter: Exporter) -> None:
        began.set()
        may_end.wait(600)
        running.passes.put("slow")

    quick = Exporter.run_full
    monkeypatch.setattr(Exporter, "run_full", slow)
    running.file = prepared("2")
    assert running.service.reload().result(600) == ""
    assert began.wait(600)
    monkeypatch.setattr(Exporter, "run_full", quick)
    running.file = prepared("3")
    done = running.service.reload()
    again = running.service.reload()
    assert running.passes.empty()
    may_end.set()
    assert (done.result(600), again.result(600)) == ("", "")
    assert [running.passes.get(timeout=600) for _ in range(2)] == ["slow", "3"]


def test_a_clock_that_is_set_makes_every_source_start_anew(
    running: Running, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What remembers a time of the wall clock is built again, no pass is made twice, and the page says so."""
    rebuilt, whole = Event(), Service._started

    def started(service: Service, *arguments: Any) -> Any:
        generation = whole(service, *arguments)
        rebuilt.set()
        return generation

    monkeypatch.setattr(Service, "_started", started)
    with caplog.at_level(logging.WARNING):
        running.wall -= timedelta(hours=1)
        assert rebuilt.wait(600)
    assert "the wall clock was set back by 1h" in caplog.text
    assert running.passes.empty()
    assert running.service.problem() == ""
