"""A PostgreSQL server of our own: made, started, stopped and removed, and never left behind."""

from __future__ import annotations

import os
import pwd
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

from demo.postgres_binaries import Binaries, PostgresUnavailable

HOST = "127.0.0.1"
SUPERUSER = "postgres"

_PATIENCE = timedelta(seconds=20)
_PORT_TRIES = 5
# Below the ports that a system hands out by itself (Linux from 32768, macOS from 49152): a stopped server comes back to
# its port, and nobody was given it meanwhile.
_PORTS = range(20_000, 32_768)
# Faster, and as good for a server that is thrown away; sockets in the file system would hit the 104 bytes of macOS.
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
# When this process ends, however it ends, its end of the guard's pipe closes: the guard then cleans up in its place.
_GUARD = 'read -r _; kill -INT "$1"; while kill -0 "$1"; do sleep 0.1; done; rm -rf "$2"'


@dataclass(frozen=True, slots=True, kw_only=True)
class _Account:
    """Who the server runs as: PostgreSQL refuses to run as root, so root hands it to `nobody`."""

    uid: int | None = None
    gid: int | None = None

    @classmethod
    def fitting(cls) -> _Account:
        if os.geteuid() != 0:
            return cls()
        nobody = pwd.getpwnam("nobody")
        return cls(uid=nobody.pw_uid, gid=nobody.pw_gid)

    def can_reach(self, path: Path) -> bool:
        return self.uid is None or all(parent.stat().st_mode & 0o001 for parent in path.resolve().parents)

    def own(self, path: Path) -> None:
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)

    @property
    def groups(self) -> list[int] | None:
        return None if self.uid is None else []


@dataclass(slots=True, kw_only=True)
class PostgresServer:
    """A server on a free port of the loopback, which asks everybody for a password.

    It can be stopped and started again on the same port with its data; `remove` ends it for good.
    """

    binaries: Binaries
    home: Path
    port: int
    password: str = field(repr=False)
    _account: _Account
    _server: subprocess.Popen[bytes] | None = None
    _guard: subprocess.Popen[bytes] | None = None

    @classmethod
    def create(cls, directory: Path, *, binaries: Binaries, password: str) -> Self:
        """A running server with its data below `directory`, or in a temporary folder if it may not go there.

        Raises: PostgresUnavailable with the server's own words; nothing is left behind then.
        """
        account = _Account.fitting()
        directory.mkdir(parents=True, exist_ok=True)
        within = directory if account.can_reach(directory / "home") else None
        with ExitStack() as undo:
            home = Path(tempfile.mkdtemp(prefix="postgres-", dir=within))
            undo.callback(shutil.rmtree, home, ignore_errors=True)
            account.own(home)
            reachable = binaries if account.can_reach(binaries.folder / "initdb") else binaries.copied_to(home)
            server = cls(binaries=reachable, home=home, port=0, password=password, _account=account)
            undo.callback(server.stop)
            server._initialise()
            server._start_on_a_free_port()
            undo.pop_all()
            return server

    def url(self, database: str, user: str, password: str) -> str:
        """The libpq URL of one database for one user."""
        return f"postgresql://{user}:{password}@{HOST}:{self.port}/{database}"

    def start(self) -> None:
        """Start again on the same port, with the data it was stopped with. Raises: PostgresUnavailable."""
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
        """Stop at once and orderly: sessions are ended, data is kept. Does nothing when it is stopped."""
        server, guard, self._server, self._guard = self._server, self._guard, None, None
        if server is not None:
            server.send_signal(signal.SIGINT)
            try:
                server.wait(timeout=_PATIENCE.total_seconds())
            except subprocess.TimeoutExpired:
                server.send_signal(signal.SIGQUIT)
                server.wait()
        if guard is not None:
            guard.kill()
            guard.communicate()

    def remove(self) -> None:
        """Stop, and remove everything the server wrote."""
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
            user=self._account.uid,
            group=self._account.gid,
            extra_groups=self._account.groups,
            # A session of its own: Ctrl-C in the terminal is for us, and we stop the server.
            start_new_session=True,
        )

    def _initialise(self) -> None:
        secret = self.home / "password"
        secret.touch(mode=0o600)
        secret.write_text(self.password)
        self._account.own(secret)
        options = ["--auth=scram-sha-256", "--locale=C", "--encoding=UTF8", "--no-sync", "--no-instructions"]
        with (self.home / "log").open("wb") as log:
            command = [self.binaries.program("initdb"), "-D", str(self._data), "-U", SUPERUSER, f"--pwfile={secret}"]
            failed = self._spawn([*command, *options], output=log).wait() != 0
        secret.unlink()
        if failed:
            raise PostgresUnavailable(f"a database could not be made by {self.binaries.folder}: {self._last_words()}")
        with (self._data / "postgresql.conf").open("a") as settings:
            settings.writelines(f"{name} = '{value}'\n" for name, value in _SETTINGS.items())

    def _start_on_a_free_port(self) -> None:
        # A port that is free now may be taken a moment later, so a few are tried.
        for attempt in range(1, _PORT_TRIES + 1):
            self.port = _free_port()
            try:
                self.start()
            except PostgresUnavailable:
                if attempt == _PORT_TRIES or "could not bind" not in self._last_words():
                    raise
            else:
                return

    def _wait_until_ready(self, server: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + _PATIENCE.total_seconds()
        while not self._is_ready(server.pid):
            if server.poll() is not None:
                raise PostgresUnavailable(f"the database server did not start: {self._last_words()}")
            if time.monotonic() > deadline:
                raise PostgresUnavailable(f"the database server was not ready after {_PATIENCE}: {self._last_words()}")
            time.sleep(0.01)

    def _is_ready(self, pid: int) -> bool:
        # What `pg_ctl --wait` does: line 1 of the file is the process, line 8 its state.
        # https://www.postgresql.org/docs/current/storage-file-layout.html
        try:
            lines = (self._data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return bool(lines) and lines[0] == str(pid) and lines[-1].strip() == "ready"

    def _last_words(self) -> str:
        lines = (self.home / "log").read_text(errors="replace").splitlines()
        return " | ".join(line.strip() for line in lines[-5:])


def _free_port() -> int:
    while True:
        port = random.choice(_PORTS)
        with socket.socket() as knock:
            if knock.connect_ex((HOST, port)) != 0:
                return port
