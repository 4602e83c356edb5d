"""The system account that PostgreSQL's programs run as."""

from __future__ import annotations

import os
import pwd
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerAccount:
    """The system account of the server: `nobody` if this process runs as root, which PostgreSQL refuses."""

    uid: int | None = None
    gid: int | None = None

    @classmethod
    def choose(cls) -> ServerAccount:
        """The account of this process, or `nobody`."""
        if os.geteuid() != 0:
            return cls()
        nobody = pwd.getpwnam("nobody")
        return cls(uid=nobody.pw_uid, gid=nobody.pw_gid)

    def can_access(self, path: Path) -> bool:
        """Whether the account may enter every folder above `path`."""
        return self.uid is None or all(parent.stat().st_mode & 0o001 for parent in path.resolve().parents)

    def take_ownership(self, path: Path) -> None:
        """Give one file or folder to the account."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)

    @property
    def groups(self) -> list[int] | None:
        """The further groups of its programs: none for `nobody`, those of this process otherwise."""
        return None if self.uid is None else []
