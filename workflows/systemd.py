"""Tells systemd about the state of the service, where it asks for that (Type=notify or notify-reload, WatchdogSec)."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Mapping
from contextlib import suppress

_MICROSECONDS = 1_000_000


class Systemd:
    """sd_notify(3) and sd_watchdog_enabled(3); does nothing where the service was not started by systemd."""

    def __init__(self, environ: Mapping[str, str], clock: Callable[[], float] = time.monotonic) -> None:
        address = environ.get("NOTIFY_SOCKET", "")
        # A leading @ is an address in the abstract namespace.
        self._address = "\0" + address[1:] if address.startswith("@") else address
        timeout = environ.get("WATCHDOG_USEC", "")
        self._watchdog_seconds = int(timeout) / _MICROSECONDS / 3 if timeout.isdecimal() else None
        self._clock = clock
        self._last_sign = clock()

    def ready(self) -> None:
        """The service has started, or goes on after a reload."""
        self._send("READY=1")

    def reloading(self) -> None:
        """The configuration is being read again; `ready` ends it."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """The service ends."""
        self._send("STOPPING=1")

    def sign_of_life(self, problem: Callable[[], str]) -> None:
        """Tells the watchdog that the service is healthy, three times in its interval. Call it every second."""
        now = self._clock()
        if self._watchdog_seconds is not None and now - self._last_sign >= self._watchdog_seconds and not problem():
            self._last_sign = now
            self._send("WATCHDOG=1")

    def _send(self, state: str) -> None:
        if self._address:
            with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
                notify.sendto(state.encode(), self._address)
