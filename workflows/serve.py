"""The long-running exporter: collects and checks on their cadence, and serves what it last saw."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from basewatch.errors import BasewatchError
from basewatch.history.store import History
from workflows.exporter import Exporter
from workflows.jobs import scheduled
from workflows.process import leave_alone, settle_in
from workflows.sources import Sources
from workflows.verbs import Prepared, now
from workflows.web.app import app


def serve(prepared: Prepared, listen: str) -> None:
    """Opens the configured history and serves until SIGTERM or SIGINT. `listen` is host:port."""
    with prepared.history() as history:
        serve_with(prepared, listen, history)


def serve_with(prepared: Prepared, listen: str, history: History) -> None:
    """Serves until SIGTERM or SIGINT, then lets running jobs finish; a second signal does not wait for them."""
    settle_in()
    sources = Sources(prepared, history)
    exporter = Exporter(prepared, history, sources=sources.blocks, targets=sources.targets, settled=leave_alone)
    fast = prepared.plan.config.collectors.fast
    pages = app(exporter.exposed, clock=now, patience=2 * fast)
    server = uvicorn.Server(uvicorn.Config(pages, log_level="warning", access_log=False, timeout_graceful_shutdown=5))
    scheduler = scheduled(exporter, prepared, discover=sources.discover)
    try:
        with _listening(listen) as door, _told_to_stop(server):
            scheduler.start()
            server.run(sockets=[door])
    finally:
        if scheduler.running:
            scheduler.shutdown(wait=True)
        exporter.stop()
        sources.close(now())


def _listening(address: str) -> socket.socket:
    """A socket that listens at host:port. Raises: BasewatchError, when that cannot be."""
    host, _, port = address.rpartition(":")
    try:
        door = socket.create_server((host, int(port)))
        # Connections inherit it. Head and body are written apart: the body would wait 40 ms for the head's ACK.
        door.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except (OSError, ValueError, OverflowError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise BasewatchError(f"cannot listen on {address}: {reason}; give another host:port with --listen") from error
    return door


@contextmanager
def _told_to_stop(server: uvicorn.Server) -> Iterator[None]:
    """Lets a signal end the server and no more: uvicorn raises it again when done, which would end the process."""

    def stop(_number: int, _frame: object) -> None:
        server.should_exit = True

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
