"""Runs a program of a drill: without a shell, with an empty environment, until a deadline, with bounded messages."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any, BinaryIO

from basewatch.postgres.server_account import ServerAccount
from workflows.restoring.budget import Budget, RestoreUntriedError

_CHUNK = 1 << 20
_MAX_MESSAGES = 1 << 18
_LOOK_SECONDS = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A program to run: its arguments, its environment, and what it reads: `header`, then the file `source`."""

    arguments: Sequence[str]
    folder: Path
    environment: Mapping[str, str]
    header: bytes = b""
    source: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a program ended: its status, and the beginning of its messages."""

    status: int
    messages: str


def run(
    program: Program, budget: Budget, *, used_bytes: Callable[[], int] = lambda: 0, output: BinaryIO | None = None
) -> Ended:
    """Runs the program to its end; its output goes to `output`, if that is given. `used_bytes` is asked meanwhile.

    Raises: RestoreUntriedError, when it cannot be started; RestoreFailedError or RestoreUntriedError, when it leaves
    its budget, and then it is killed.
    """
    account = ServerAccount.choose()
    try:
        process = subprocess.Popen(  # noqa: S603  # without a shell; the configuration declares it
            list(program.arguments),
            cwd=program.folder,
            env={
                "PATH": f"/usr/local/bin:{os.defpath}",
                "LC_ALL": "C.UTF-8",
                "HOME": str(program.folder),
                **program.environment,
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL if output is None else subprocess.PIPE,
            stderr=subprocess.PIPE,
            user=account.uid,
            group=account.gid,
            extra_groups=account.groups,
            start_new_session=True,
        )
    except OSError as error:
        name = program.arguments[0]
        raise RestoreUntriedError(
            f"{name} cannot be started: {error.strerror}", f"install {name}, or give its whole path"
        ) from error
    messages, written = bytearray(), [0]
    threads = [
        Thread(target=_feed, args=(process.stdin, program), daemon=True),
        Thread(target=_drain, args=(process.stderr, messages), daemon=True),
    ]
    if output is not None:
        threads.append(Thread(target=_copy, args=(process.stdout, output, written), daemon=True))
    try:
        for thread in threads:
            thread.start()
        while not _has_ended(process):
            budget.check(program.folder, written[0] + used_bytes())
        for thread in threads:
            thread.join(budget.limit.remaining_seconds)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    return Ended(status=process.returncode, messages=bytes(messages).decode("utf-8", "replace"))


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    try:
        process.wait(_LOOK_SECONDS)
    except subprocess.TimeoutExpired:
        return False
    return True


def _feed(stdin: Any, program: Program) -> None:
    # A program that ends early reads no more.
    with suppress(BrokenPipeError, ValueError), stdin:
        stdin.write(program.header)
        if program.source is not None:
            with program.source.open("rb") as source:
                shutil.copyfileobj(source, stdin, _CHUNK)


def _drain(stderr: Any, messages: bytearray) -> None:
    with suppress(ValueError), stderr:
        while chunk := stderr.read1(_CHUNK):
            messages += chunk[: _MAX_MESSAGES - len(messages)]


def _copy(stdout: Any, output: BinaryIO, written: list[int]) -> None:
    with suppress(ValueError), stdout:
        while chunk := stdout.read1(_CHUNK):
            output.write(chunk)
            written[0] += len(chunk)
