"""Signals reach the service, also those that come before it is ready."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from workflows.signals import HangupSignal, stopping


@pytest.fixture
def handlers() -> Iterator[None]:
    """The handlers of the test runner are put back."""
    before = {number: signal.getsignal(number) for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("handlers")
def test_a_hangup_before_the_service_is_ready_is_kept() -> None:
    """The file may have changed after it was read: one reload makes up for all that came."""
    hangup, calls = HangupSignal(), list[str]()
    signal.raise_signal(signal.SIGHUP)
    signal.raise_signal(signal.SIGHUP)
    hangup.call(lambda: calls.append("reload"))
    assert calls == ["reload"]
    signal.raise_signal(signal.SIGHUP)
    assert calls == ["reload", "reload"]


@pytest.mark.usefixtures("handlers")
def test_no_hangup_means_no_reload() -> None:
    """A start is no reload."""
    calls = list[str]()
    HangupSignal().call(lambda: calls.append("reload"))
    assert calls == []


@pytest.mark.usefixtures("handlers")
def test_sigterm_and_sigint_stop_only_while_it_serves() -> None:
    """Afterwards, while jobs are waited for, a second signal ends the process as it always does."""
    calls, before = list[str](), signal.getsignal(signal.SIGTERM)
    with stopping(lambda: calls.append("stop")):
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGINT)
    assert calls == ["stop", "stop"]
    assert signal.getsignal(signal.SIGTERM) is before
