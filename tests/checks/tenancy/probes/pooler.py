"""A real PgBouncer in front of the demo database, for one test."""

from __future__ import annotations

import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from psycopg import conninfo

from tests.programs import program

_PATIENCE = 600.0


@contextmanager
def pooled(url: str, *, mode: str, connect_query: str = "") -> Iterator[str]:
    """A URL that reaches `url` through a pool of one session, without a reset other than that of the mode."""
    bouncer = program("pgbouncer", "/usr/sbin/pgbouncer")
    where = conninfo.conninfo_to_dict(url)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    # Not the folder of pytest: as root, the pooler runs as the user `nobody`, which may not access it.
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        home.chmod(0o755)
        query = f" connect_query='{connect_query}'" if connect_query else ""
        (home / "users").write_text(f'"{where["user"]}" "{where["password"]}"\n')
        (home / "ini").write_text(
            f"[databases]\n{where['dbname']} = host={where['host']} port={where['port']}{query}\n"
            f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nauth_type = trust\n"
            f"auth_file = {home}/users\npool_mode = {mode}\ndefault_pool_size = 1\nserver_reset_query =\n"
            "unix_socket_dir =\nignore_startup_parameters = extra_float_digits\n"
        )
        account = ["-u", "nobody"] if os.geteuid() == 0 else []
        pooler = subprocess.Popen([bouncer, "-q", *account, str(home / "ini")], stderr=subprocess.DEVNULL)
        try:
            _wait(port)
            yield conninfo.make_conninfo(url, host="127.0.0.1", port=port)
        finally:
            pooler.terminate()
            pooler.wait(timeout=_PATIENCE)


def _wait(port: int) -> None:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        with socket.socket() as knock:
            if knock.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise TimeoutError("pgbouncer did not start")
