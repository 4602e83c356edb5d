"""The processes of a measurement: the fake, and what is measured against it; each is ended when its block is left."""

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
_PATIENCE_SECONDS = 15


class FakeProcess:
    """The fake CloudWatch in a process of its own."""

    def __init__(self, knobs: FakeSettings) -> None:
        self._knobs = knobs

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "benchmarks.cloudwatch.fake", "0", *self._knobs.arguments()]
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
        """What it was asked so far."""
        return self._ask("/__stats")

    def reset(self) -> None:
        """Sets its counts to zero."""
        self._ask("/__reset")

    def configure(self, **knobs: float | str) -> None:
        """Turns knobs while it runs."""
        self._ask("/__control", knobs)

    def environ(self, account_id: str = ACCOUNT) -> dict[str, str]:
        """What a client needs in its environment to ask here as that account's user."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": user_key(account_id),
            "AWS_SECRET_ACCESS_KEY": "fake",
            "AWS_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def _ask(self, path: str, content: Mapping[str, Any] | None = None) -> dict[str, Any]:
        told = None if content is None else json.dumps(content).encode()
        with urlopen(Request(self.url + path, data=told), timeout=_PATIENCE_SECONDS) as answer:  # noqa: S310  # http
            said: dict[str, Any] = json.loads(answer.read())
            return said


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessUsage:
    """What a process has used since it began: seconds of a core, and the most memory it ever held, in bytes."""

    cpu_seconds: float
    peak_bytes: int
    open_files: int


class ExporterProcess:
    """An exporter under measurement: any program that serves /metrics at `port`."""

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
            self.process.wait(_PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def page(self) -> bytes:
        """What /metrics says now, uncompressed. Raises: URLError, while it does not listen."""
        with urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=_PATIENCE_SECONDS) as answer:
            content: bytes = answer.read()
            return content

    def wait_for(self, text: bytes, seconds: float) -> bytes:
        """The first page that has `text`. Raises: RuntimeError, when none has within that time or the program ends."""
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
            f"no {text.decode()} on the page within {seconds:g} s; it said: {self.log.read_text()[-2000:]}"
        )

    def usage(self) -> ProcessUsage:
        """What it has used so far, as Linux counts it."""
        return process_usage(self.process.pid)


def process_usage(process_id: int) -> ProcessUsage:
    """What a process has used so far, from /proc."""
    proc = Path(f"/proc/{process_id}")
    fields = proc.joinpath("stat").read_text().rpartition(")")[2].split()
    peak = next(line for line in proc.joinpath("status").read_text().splitlines() if line.startswith("VmHWM"))
    return ProcessUsage(
        cpu_seconds=(int(fields[11]) + int(fields[12])) / _TICKS,
        peak_bytes=int(peak.split()[1]) * 1024,
        open_files=len(list(proc.joinpath("fd").iterdir())),
    )


def free_port() -> int:
    """A port that nobody listens at now."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        return int(door.getsockname()[1])


def basewatch_command(*arguments: str) -> list[str]:
    """The command line of Basewatch as it is installed beside this Python."""
    return [str(Path(sys.executable).parent / "basewatch"), *arguments]
