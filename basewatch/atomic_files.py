"""Replaces a file as a whole: a reader sees the old content or the new, and a full disk leaves the old."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from basewatch.errors import BasewatchError

PRIVATE = 0o600
"""The mode of a file that only its owner reads."""
READ_BY_ALL = 0o644


class FileNotWrittenError(BasewatchError):
    """A file that could not be written; if it existed, it is as it was."""


def replace_file(path: Path, content: bytes, mode: int = PRIVATE) -> None:
    """Writes `content` beside `path`, on the disk, and renames it to `path`. `mode` does not depend on the umask.

    A missing folder is created, and a symbolic link is followed. Raises: FileNotWrittenError.
    """
    try:
        _replace(path, content, mode)
    except OSError as error:
        raise FileNotWrittenError(f"{path} could not be written, and is as it was: {error.strerror}") from error


def _replace(path: Path, content: bytes, mode: int) -> None:
    target = Path(os.path.realpath(path))
    target.parent.mkdir(parents=True, exist_ok=True)
    # mkstemp creates the file with mode 0600, so that no other user opens it before its mode is set.
    handle, written = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:64]}.", suffix=".tmp")
    try:
        with open(handle, "wb") as file:  # noqa: PTH123  # the file is open already
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        Path(written).replace(target)
    except BaseException:
        with suppress(OSError):
            Path(written).unlink()
        raise
    _save_folder(target.parent)


def _save_folder(folder: Path) -> None:
    """Makes the rename survive a power failure, where folders can be synchronized."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
