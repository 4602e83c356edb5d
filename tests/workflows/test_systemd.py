"""Systemd learns when the service is ready, reloads, stops and is healthy, where it asks for that."""

from __future__ import annotations

import socket
from pathlib import Path

from workflows.systemd import Systemd


def test_systemd_is_told_what_it_asks_for(tmp_path: Path) -> None:
    """The watchdog gets three signs in its interval, and none while there is a problem."""
    seconds = [0.0]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(str(tmp_path / "notify"))
        receiver.settimeout(600)
        environ = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "30000000"}
        systemd = Systemd(environ, lambda: seconds[0])
        systemd.ready()
        systemd.reloading()
        for second in range(31):
            seconds[0] = float(second)
            systemd.sign_of_life(lambda: "stuck" if 10 <= second < 15 else "")  # noqa: B023  # it is called at once
        systemd.stopping()
        told = list[str]()
        while len(told) < 5:
            told.append(receiver.recv(1024).decode().partition("\n")[0])
    assert told == ["READY=1", "RELOADING=1", "WATCHDOG=1", "WATCHDOG=1", "STOPPING=1"]


def test_nothing_is_told_without_systemd() -> None:
    """Neither a missing nor a dead socket is a problem."""
    for environ in ({}, {"NOTIFY_SOCKET": "/nowhere/notify"}, {"NOTIFY_SOCKET": "@nobody", "WATCHDOG_USEC": "x"}):
        systemd = Systemd(environ)
        systemd.ready()
        systemd.sign_of_life(lambda: "")
