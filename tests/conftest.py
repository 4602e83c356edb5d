"""The fixtures that all tests share, the profile of generated examples, and a summary of what a run left out."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.fixtures_box", "tests.fixtures_cloud", "tests.fixtures_database"]

# The time that an example takes depends on the machine, not on the promise.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("fast", settings.get_profile("unhurried"), max_examples=25)
settings.load_profile("unhurried")

_DESELECTED = pytest.StashKey[int]()


def pytest_collection_finish() -> None:
    """Exempt what imports and collection made from garbage collection: it lives as long as the run."""
    gc.collect()
    gc.freeze()


def pytest_deselected(items: Sequence[pytest.Item]) -> None:
    """Count the tests that `-m` and `-k` leave out."""
    if items:
        stash = items[0].config.stash
        stash[_DESELECTED] = stash.get(_DESELECTED, 0) + len(items)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Report the count from a worker of pytest-xdist to its controller, which collects nothing itself."""
    output: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["deselected"] = session.config.stash.get(_DESELECTED, 0)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take the count of a worker that ends: each has collected every test, so that one count is enough."""
    stash = node.config.stash
    stash[_DESELECTED] = max(getattr(node, "workeroutput", {}).get("deselected", 0), stash.get(_DESELECTED, 0))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say which tests were left out or skipped, and which command runs them."""
    for line in _left_out(config.stash.get(_DESELECTED, 0), len(terminalreporter.stats.get("skipped", ()))):
        terminalreporter.write_line(line)


def _left_out(deselected: int, skipped: int) -> Iterator[str]:
    if deselected:
        yield f"Left out: {deselected}. `make test-all` runs every test, as CI does."
    if skipped:
        yield f"Skipped: {skipped}, for the reasons below. `make parts` installs the programs that tests need."
