"""A private folder for one drill, which is removed at its end; those of drills that were killed are removed too."""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from basewatch.postgres.server_account import ServerAccount
from workflows.restoring.budget import RestoreUntriedError

_PREFIX = "basewatch-drill-"
_LOCK = "in-use"


@contextmanager
def private_folder(parent: Path | None = None) -> Iterator[Path]:
    """A new folder that only this user can enter; a drill that was killed leaves none for longer than to the next.

    When root makes it, it is of the account that PostgreSQL's programs run as.
    """
    above = parent or Path(tempfile.gettempdir())
    _remove_abandoned(above)
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=above))
    try:
        # The lock ends with this process, however it ends.
        with (folder / _LOCK).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            account = ServerAccount.choose()
            account.take_ownership(folder)
            if not account.can_access(folder):
                raise RestoreUntriedError(
                    f"the account that PostgreSQL's programs run as cannot enter {above}",
                    "set TMPDIR to a folder that every account can enter",
                )
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _remove_abandoned(above: Path) -> None:
    for folder in above.glob(f"{_PREFIX}*"):
        if folder.is_symlink() or not folder.is_dir():
            continue
        try:
            with (folder / _LOCK).open("r") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            # In use, of another user, or not locked yet.
            continue
        shutil.rmtree(folder, ignore_errors=True)
