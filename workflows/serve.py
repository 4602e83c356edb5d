"""`basewatch serve`: the service, its web server and its signals."""

from __future__ import annotations

import socket
from collections.abc import Callable
from threading import Thread

import uvicorn

from basewatch.errors import BasewatchError
from basewatch.history.store import History
from workflows.commands import PreparedPlan
from workflows.runtime import tune_runtime
from workflows.service import Service
from workflows.signals import HangupSignal, stopping
from workflows.web.pages import app


def serve(load: Callable[[], PreparedPlan], listen: str) -> None:
    """Serves the configuration that `load` reads until SIGTERM or SIGINT. `listen` replaces its `web.listen`."""
    hangup = HangupSignal()
    prepared = load()
    with prepared.history() as history:
        serve_with(prepared, listen, history, load=load, hangup=hangup)


def serve_with(
    prepared: PreparedPlan,
    listen: str,
    history: History,
    *,
    load: Callable[[], PreparedPlan],
    hangup: HangupSignal,
) -> None:
    """Serves until SIGTERM or SIGINT, then waits for running jobs; a second signal ends the wait."""
    tune_runtime()
    service = Service(prepared, history, load=load)
    pages = app(service.served, service.problem)
    server = uvicorn.Server(uvicorn.Config(pages, log_level="warning", access_log=False, timeout_graceful_shutdown=5))

    def stop() -> None:
        server.should_exit = True

    try:
        with _listening(listen or prepared.plan.config.web.listen) as listener, stopping(stop):
            service.start()
            hangup.call(lambda: Thread(target=service.reload, name="reload", daemon=True).start())
            server.run(sockets=[listener])
    finally:
        service.stop()


def _listening(address: str) -> socket.socket:
    """A socket that listens at host:port. Raises: BasewatchError, when the address cannot be used."""
    host, _, port = address.rpartition(":")
    try:
        listener = socket.create_server((host, int(port)))
        # Connections inherit it. Head and body are sent separately; the body would wait 40 ms for the head's ACK.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except (OSError, ValueError, OverflowError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise BasewatchError(f"cannot listen on {address}: {reason}; give another host:port with --listen") from error
    return listener
