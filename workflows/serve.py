"""`basewatch serve`: the service, its web server and its signals."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from threading import Thread

from basewatch.errors import BasewatchError
from basewatch.history.store import History
from basewatch.identifiers import parse_host_port
from basewatch.secrets import Secret, resolve
from workflows.commands import PreparedPlan
from workflows.runtime import tune_runtime
from workflows.service import Service
from workflows.signals import HangupSignal, stopping
from workflows.systemd import Systemd
from workflows.web.connections import Connections, Listener
from workflows.web.connections import listen as listen_at
from workflows.web.pages import Reloaded, app
from workflows.web.security import WebSecurity
from workflows.web.server import web_server

_RELOAD_WAIT_SECONDS = 10.0
"""How long the response to a request for a reload waits for it."""

logger = logging.getLogger(__name__)


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
    """Serves until SIGTERM or SIGINT, then waits for running jobs; a second signal ends the wait.

    Raises: BasewatchError, when the address or the web configuration cannot be used.
    """
    web, systemd = prepared.plan.config.web, Systemd(prepared.environ)
    security = WebSecurity(Path(web.config_file) if web.config_file else None, _token(prepared))
    connections = Connections(web.max_connections)
    address = listen or web.listen
    with _listening(address, connections) as listener:
        tune_runtime()
        _warn_of_open_pages(listener, address, security)
        service = Service(prepared, history, load=load)

        def reload() -> Future[str]:
            systemd.reloading()
            done = service.reload()
            done.add_done_callback(reloaded)
            return done

        def reloaded(done: Future[str]) -> None:
            if not done.result():
                _renew_token(security, prepared)
            systemd.ready()

        def every_second() -> None:
            connections.end_late()
            if server.should_exit:
                connections.end_waiting()
            systemd.sign_of_life(service.problem)

        pages = app(
            service.served,
            service.problem,
            reload=partial(_answered, reload) if web.enable_lifecycle else None,
            every_second=every_second,
        )
        server = web_server(pages, connections, security)

        def stop() -> None:
            server.should_exit = True

        try:
            with stopping(stop):
                service.start()
                # On a thread, as the signal may come while this one holds a lock of the service.
                hangup.call(lambda: Thread(target=reload, name="reload", daemon=True).start())
                systemd.ready()
                server.run(sockets=[listener])
        finally:
            systemd.stopping()
            service.stop()


async def _answered(reload: Callable[[], Future[str]]) -> Reloaded:
    """The response to POST /-/reload, in the words of Prometheus where it has some."""
    done = asyncio.wrap_future(reload())
    finished, _ = await asyncio.wait([done], timeout=_RELOAD_WAIT_SECONDS)
    if not finished:
        text = "the configuration is valid as far as it was read; it is in use when the running pass has ended\n"
        return Reloaded(status_code=202, text=text)
    if problem := done.result():
        return Reloaded(status_code=500, text=f"failed to reload config: {problem}\n")
    return Reloaded(status_code=200, text="the configuration was reloaded\n")


def _token(prepared: PreparedPlan) -> Secret | None:
    reference = prepared.plan.config.web.bearer_token
    return resolve(reference, prepared.environ, prepared.sessions.secret_store) if reference else None


def _renew_token(security: WebSecurity, prepared: PreparedPlan) -> None:
    """Reads the bearer token again. One that cannot be read is logged, and the earlier one stays in use."""
    try:
        security.use_token(_token(prepared))
    except BasewatchError as error:
        logger.error("web.bearer_token cannot be read, the earlier one stays in use: %s", error)  # noqa: TRY400  # the text says it all


def _listening(address: str, connections: Connections) -> Listener:
    """A socket that listens at host:port. Raises: BasewatchError, when the address cannot be used."""
    try:
        host, _, port = parse_host_port(address).rpartition(":")
        return listen_at(host.strip("[]"), int(port), connections)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise BasewatchError(f"cannot listen on {address}: {reason}; give another host:port with --listen") from error


def _warn_of_open_pages(listener: Listener, address: str, security: WebSecurity) -> None:
    host = str(listener.getsockname()[0]).partition("%")[0]
    if not security.protected and not ip_address(host).is_loopback:
        logger.warning(
            "%s can be reached from other machines, and everybody there may read which promises are broken: "
            "set web.config_file or web.bearer_token, or listen on 127.0.0.1",
            address,
        )
