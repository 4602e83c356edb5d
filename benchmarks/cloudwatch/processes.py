"""The processes of a measurement: the fake and the measured exporter; each ends with its `with` block."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.error import URLError
from urllib.request import Request, urlopen

from benchmarks.cloudwatch.fake_settings import FakeSettings
from benchmarks.cloudwatch.identities import user_key

ACCOUNT = "123456789012"
_TICKS = os.sysconf("SC_CLK_TCK")
_ROOT = Path(__file__).parents[2]
_TIMEOUT_SECONDS = 15


class FakeProcess:
    """The fake CloudWatch in a process of its own."""

    def __init__(self, settings: FakeSettings) -> None:
        self._settings = settings

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "benchmarks.cloudwatch.fake", "0", *self._settings.arguments()]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=_ROOT)  # noqa: S603  # ours
        assert self.process.stdout is not None  # noqa: S101  # it was asked for
        self.url = f"http://127.0.0.1:{int(self.process.stdout.readline())}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.communicate()

    def stats(self) -> dict[str, Any]:
        """Its request counts."""
        return self._request("/__stats")

    def reset(self) -> None:
        """Resets its counts."""
        self._request("/__reset")

    def configure(self, **settings: float | str) -> None:
        """Changes settings while it runs."""
        self._request("/__control", settings)

    def environ(self, account_id: str = ACCOUNT) -> dict[str, str]:
        """The environment of a client that sends requests to the fake as that account's user."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": user_key(account_id),
            "AWS_SECRET_ACCESS_KEY": "fake",
            "AWS_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def _request(self, path: str, content: Mapping[str, Any] | None = None) -> dict[str, Any]:
        body = None if content is None else json.dumps(content).encode()
        with urlopen(Request(self.url + path, data=body), timeout=_TIMEOUT_SECONDS) as response:  # noqa: S310  # http
            parsed: dict[str, Any] = json.loads(response.read())
            return parsed


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessUsage:
    """CPU seconds and peak memory in bytes of a process since its start."""

    cpu_seconds: float
    peak_bytes: int
    open_files: int


class ExporterProcess:
    """An exporter under measurement: any program that serves /metrics on `port`."""

    def __init__(self, command: Sequence[str], environ: Mapping[str, str], port: int, log: Path) -> None:
        self._command = command
        self._environ = {**os.environ, **environ}
        self.port = port
        self.log = log

    def __enter__(self) -> Self:
        with self.log.open("w") as log:
            self.started_at = time.time()
            self.process = subprocess.Popen(  # noqa: S603  # the program that is measured
                self._command, env=self._environ, stdout=log, stderr=subprocess.STDOUT, cwd=_ROOT
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def page(self) -> bytes:
        """The uncompressed /metrics page. Raises: URLError, while the port is closed."""
        with urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=_TIMEOUT_SECONDS) as response:
            content: bytes = response.read()
            return content

    def wait_for(self, text: bytes, seconds: float) -> bytes:
        """The first page that contains `text`. Raises: RuntimeError, after the timeout or when the program ends."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and self.process.poll() is None:
            try:
                page = self.page()
            except (URLError, ConnectionError):
                page = b""
            if text in page:
                return page
            time.sleep(0.2)
        raise RuntimeError(
            f"no {text.decode()} on the page within {seconds:g} s; its output: {self.log.read_text()[-2000:]}"
        )

    def usage(self) -> ProcessUsage:
        """Its usage so far, from /proc."""
        return process_usage(self.process.pid)


def process_usage(process_id: int) -> ProcessUsage:
    """The usage of a process so far, from /proc."""
    proc = Path(f"/proc/{process_id}")
    fields = proc.joinpath("stat").read_text().rpartition(")")[2].split()
    peak = next(line for line in proc.joinpath("status").read_text().splitlines() if line.startswith("VmHWM"))
    return ProcessUsage(
        cpu_seconds=(int(fields[11]) + int(fields[12])) / _TICKS,
        peak_bytes=int(peak.split()[1]) * 1024,
        open_files=len(list(proc.joinpath("fd").iterdir())),
    )


def free_port() -> int:
    """A free TCP port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def basewatch_command(*arguments: str) -> list[str]:
    """The command line of the Basewatch installed beside this Python."""
    return [str(Path(sys.executable).parent / "basewatch"), *arguments]
