"""A private PostgreSQL server: it is created, started, stopped and removed, and never left running."""

from __future__ import annotations

import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO, Self

from basewatch.postgres.binaries import Binaries, PostgresUnavailable
from basewatch.postgres.server_account import ServerAccount

HOST = "127.0.0.1"
SUPERUSER = "postgres"

_TIMEOUT = timedelta(seconds=20)
_MAX_PORT_ATTEMPTS = 5
# Below the ephemeral ports (Linux from 32768, macOS from 49152), so no other process gets the port of a stopped server.
_PORTS = range(20_000, 32_768)
# Durability is off, which is faster for a temporary server. There is no Unix socket, because the path could exceed the
# 104 bytes that macOS allows.
_SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
}
_ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
# When this process ends in any way, its end of the guard's pipe closes; then the guard stops and removes the server.
_GUARD = 'read -r _; kill -INT "$1"; while kill -0 "$1"; do sleep 0.1; done; rm -rf "$2"'


@dataclass(slots=True, kw_only=True)
class PostgresServer:
    """A server on a free port of the loopback interface, which requires a password for every connection.

    It can be stopped and started again on the same port with its data; `remove` deletes it.
    """

    binaries: Binaries
    home: Path
    port: int
    password: str = field(repr=False)
    account: ServerAccount
    superuser: str = SUPERUSER
    _server: subprocess.Popen[bytes] | None = None
    _guard: subprocess.Popen[bytes] | None = None

    @classmethod
    def create(cls, directory: Path, *, binaries: Binaries, password: str, superuser: str = SUPERUSER) -> Self:
        """A running server with its data below `directory`, or in a temporary folder if its account has no access.

        Raises: PostgresUnavailable, with the server's own message; then nothing is left.
        """
        account = ServerAccount.choose()
        directory.mkdir(parents=True, exist_ok=True)
        parent = directory if account.can_access(directory / "home") else None
        with ExitStack() as undo:
            home = Path(tempfile.mkdtemp(prefix="postgres-", dir=parent))
            undo.callback(shutil.rmtree, home, ignore_errors=True)
            account.take_ownership(home)
            accessible = binaries if account.can_access(binaries.folder / "initdb") else binaries.copied_to(home)
            server = cls(
                binaries=accessible, home=home, port=0, password=password, account=account, superuser=superuser
            )
            undo.callback(server.stop)
            server._initialise()
            server._start_on_a_free_port()
            undo.pop_all()
            return server

    def url(self, database: str, user: str, password: str) -> str:
        """The connection URL of one database for one user."""
        return f"postgresql://{user}:{password}@{HOST}:{self.port}/{database}"

    def start(self) -> None:
        """Start the server again on the same port with its data. Raises: PostgresUnavailable."""
        if self._server is not None:
            return
        with (self.home / "log").open("ab") as log:
            command = [self.binaries.program("postgres"), "-D", str(self._data), "-p", str(self.port)]
            self._server = self._spawn(command, output=log)
        command = ["/bin/sh", "-c", _GUARD, "guard", str(self._server.pid), str(self.home)]
        self._guard = self._spawn(command, stdin=subprocess.PIPE)
        try:
            self._wait_until_ready(self._server)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the server in fast mode: sessions end, data is kept. A stopped server stays stopped."""
        server, guard, self._server, self._guard = self._server, self._guard, None, None
        if server is not None:
            server.send_signal(signal.SIGINT)
            try:
                server.wait(timeout=_TIMEOUT.total_seconds())
            except subprocess.TimeoutExpired:
                server.send_signal(signal.SIGQUIT)
                server.wait()
        if guard is not None:
            guard.kill()
            guard.communicate()

    def remove(self) -> None:
        """Stop the server, and remove all of its files."""
        self.stop()
        shutil.rmtree(self.home, ignore_errors=True)

    @property
    def _data(self) -> Path:
        return self.home / "data"

    def _spawn(
        self, command: list[str], *, stdin: int = subprocess.DEVNULL, output: BinaryIO | int = subprocess.DEVNULL
    ) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            command,
            cwd=self.home,
            env=_ENVIRONMENT,
            stdin=stdin,
            stdout=output,
            stderr=subprocess.STDOUT,
            user=self.account.uid,
            group=self.account.gid,
            extra_groups=self.account.groups,
            # A new session, so that Ctrl-C in the terminal reaches this process only, which then stops the server.
            start_new_session=True,
        )

    def _initialise(self) -> None:
        secret = self.home / "password"
        secret.touch(mode=0o600)
        secret.write_text(self.password)
        self.account.take_ownership(secret)
        options = ["--auth=scram-sha-256", "--locale=C", "--encoding=UTF8", "--no-sync", "--no-instructions"]
        with (self.home / "log").open("wb") as log:
            command = [
                self.binaries.program("initdb"),
                "-D",
                str(self._data),
                "-U",
                self.superuser,
                f"--pwfile={secret}",
            ]
            failed = self._spawn([*command, *options], output=log).wait() != 0
        secret.unlink()
        if failed:
            raise PostgresUnavailable(f"initdb of {self.binaries.folder} failed: {self._end_of_log()}")
        with (self._data / "postgresql.conf").open("a") as settings:
            settings.writelines(f"{name} = '{value}'\n" for name, value in _SETTINGS.items())

    def _start_on_a_free_port(self) -> None:
        # Another process can take a free port before the server starts, so several ports are tried.
        for attempt in range(1, _MAX_PORT_ATTEMPTS + 1):
            self.port = _free_port()
            try:
                self.start()
            except PostgresUnavailable:
                if attempt == _MAX_PORT_ATTEMPTS or "could not bind" not in self._end_of_log():
                    raise
            else:
                return

    def _wait_until_ready(self, server: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + _TIMEOUT.total_seconds()
        while not self._is_ready(server.pid):
            if server.poll() is not None:
                raise PostgresUnavailable(f"the database server did not start: {self._end_of_log()}")
            if time.monotonic() > deadline:
                raise PostgresUnavailable(f"the database server was not ready after {_TIMEOUT}: {self._end_of_log()}")
            time.sleep(0.01)

    def _is_ready(self, pid: int) -> bool:
        # As `pg_ctl --wait` does: line 1 of the file is the process id, line 8 the state.
        # https://www.postgresql.org/docs/current/storage-file-layout.html
        try:
            lines = (self._data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return bool(lines) and lines[0] == str(pid) and lines[-1].strip() == "ready"

    def _end_of_log(self) -> str:
        lines = (self.home / "log").read_text(errors="replace").splitlines()
        return " | ".join(line.strip() for line in lines[-5:])


def _free_port() -> int:
    while True:
        port = random.choice(_PORTS)
        with socket.socket() as attempt:
            if attempt.connect_ex((HOST, port)) != 0:
                return port
