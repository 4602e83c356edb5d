"""Every alert that reached a channel is resolved there, whatever happened in between."""

from __future__ import annotations

from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from basewatch.history.store import History
from tests.alerts.lifecycle import Lifecycle


def test_every_notified_channel_gets_the_resolve(tmp_path: Path) -> None:
    """Over any runs, crashes, edits of the routes and failing channels: no state twice, no false end, none missing."""
    template = tmp_path / "template.db"
    History.open(f"sqlite:///{template}").close()
    machine = type("LifecycleHere", (Lifecycle,), {"template": template})

    run_state_machine_as_test(
        machine,
        settings=settings(max_examples=20, stateful_step_count=12, suppress_health_check=[HealthCheck.too_slow]),
    )
