"""A change that breaks the isolation between two passes is found and notified within seconds."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import pytest
import yaml

from demo.receivers import Receivers
from demo.sandbox import Sandbox
from tests.fixtures_box import CONFIG
from tests.programs import measured
from tests.workflows.scraping import free_address, get

OPEN = "ALTER POLICY tenant_isolation ON invoices USING (true)"
HELD = (
    "ALTER POLICY tenant_isolation ON invoices USING "
    "(customer_id = nullif(current_setting('app.current_customer_id', true), '')::uuid)"
)


@contextmanager
def serving(box: Sandbox, folder: Path, receivers: Receivers) -> Iterator[str]:
    """The URL of a real `basewatch serve` over the demo, which notifies these receivers."""
    declared = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    declared["history"] = {"url": f"sqlite:///{folder}/history.db"}
    (folder / "config.yaml").write_text(yaml.safe_dump(declared), encoding="utf-8")
    address = free_address()
    command = [sys.executable, "-m", "workflows", "serve", "--config", str(folder / "config.yaml"), "--listen", address]
    environ = {**box.environment, **receivers.environment, **measured(), "PYTHONPATH": str(CONFIG.parent)}
    with subprocess.Popen(command, env=environ, cwd=folder, stderr=subprocess.PIPE) as process:
        yield f"http://{address}"
        process.kill()


def until(condition: Callable[[], object]) -> float:
    """How long it took, in seconds, until the condition held; ten minutes at most."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < 600, "it never came"
        Event().wait(0.02)
    return time.monotonic() - began


@pytest.mark.slow
def test_a_broken_policy_is_paged_within_ten_seconds_of_the_change(
    box: Sandbox, tmp_path: Path, receivers: Receivers
) -> None:
    """From ALTER POLICY to the page received at PagerDuty, and from its repair to the page resolved.

    On a busy machine it may take as long as the exporter took to start: both are work of the same processes.
    """
    began = time.monotonic()
    with serving(box, tmp_path, receivers) as url:
        assert get(f"{url}/-/ready").status == 200
        allowed = max(10, time.monotonic() - began)
        assert receivers.pagerduty.incidents == {}
        box.database.execute(OPEN)
        try:
            paged = until(lambda: receivers.pagerduty.incidents)
        finally:
            box.database.execute(HELD)
        resolved = until(lambda: not receivers.pagerduty.incidents)
    assert paged < allowed
    assert resolved < allowed
