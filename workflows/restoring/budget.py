"""How much time and disk space a drill may use."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from basewatch.quantities import format_duration
from basewatch.restore_settings import RestoreDrill
from basewatch.time_limit import TimeLimit

GIGABYTE = 1 << 30
_RESERVE_BYTES = 256 << 20
"""So much of the disk is left free: other programs use it."""
_LATE = 1.25
"""A drill goes on for so much longer than promised, to say how long it takes, and is ended then."""
_LONGEST = timedelta(hours=24)


class RestoreFailedError(Exception):
    """The dump cannot be restored: a fact about it."""


class RestoreUntriedError(Exception):
    """Something other than the dump was missing; `remedy` says what to do."""

    def __init__(self, problem: str, remedy: str) -> None:
        self.remedy = remedy
        super().__init__(problem)


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """The limits of one drill: until when it runs, and how many bytes each of its files and the copy may have."""

    limit: TimeLimit
    within: timedelta
    max_bytes: int

    @classmethod
    def of(cls, drill: RestoreDrill) -> Budget:
        """The limits of a drill that begins now."""
        longest = min(drill.within * _LATE, max(drill.within, _LONGEST))
        return cls(
            limit=TimeLimit.after(longest.total_seconds()),
            within=drill.within,
            max_bytes=drill.max_gigabytes * GIGABYTE,
        )

    def require_space(self, folder: Path, needed_bytes: int) -> None:
        """Raises: RestoreUntriedError, when the disk of `folder` has not so many bytes to spare."""
        free = shutil.disk_usage(folder).free - _RESERVE_BYTES
        if free < needed_bytes:
            raise RestoreUntriedError(
                f"{needed_bytes / GIGABYTE:.1f} GiB are needed in {folder}, and {max(free, 0) / GIGABYTE:.1f} are free",
                "free disk space, set TMPDIR to a larger disk, or declare restore_drill.target",
            )

    def check(self, folder: Path, used_bytes: int) -> None:
        """Raises: RestoreFailedError over the time or the size; RestoreUntriedError when the disk is full."""
        if not self.limit.remaining_seconds:
            raise RestoreFailedError(f"it was not restored when {format_duration(self.within)} were long over")
        if used_bytes > self.max_bytes:
            raise RestoreFailedError(
                f"it is larger than max_gigabytes: {self.max_bytes // GIGABYTE} when it is opened or restored"
            )
        self.require_space(folder, 0)
