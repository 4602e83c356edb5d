"""A file is replaced as a whole, or it stays as it was."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from basewatch.atomic_files import FileNotWrittenError, replace_file


@pytest.fixture
def open_umask() -> Iterator[None]:
    """A umask that leaves every bit."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.fixture
def full_disk() -> Iterator[None]:
    """No file of this process grows beyond a kilobyte; `write` then fails as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.usefixtures("open_umask")
def test_only_the_owner_reads_a_file_unless_another_mode_is_asked_for(tmp_path: Path) -> None:
    """The mode does not depend on the umask, nor on the file that was there."""
    file = tmp_path / "missing" / "report.md"
    for mode in (0o600, 0o644, 0o600):
        replace_file(file, b"all", mode)
        assert file.stat().st_mode & 0o777 == mode
    assert [path.name for path in file.parent.iterdir()] == ["report.md"]


@pytest.mark.usefixtures("full_disk")
def test_on_a_full_disk_the_old_file_stays(tmp_path: Path) -> None:
    """What does not fit is not there in parts, and nothing is left beside it."""
    file = tmp_path / "report.md"
    replace_file(file, b"old")
    with pytest.raises(FileNotWrittenError, match=r"report\.md could not be written, and is as it was: File too large"):
        replace_file(file, b"n" * 4096)
    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file]


def test_who_reads_meanwhile_sees_one_whole_file(tmp_path: Path) -> None:
    """A collector that has opened the file goes on reading the old content."""
    file = tmp_path / "metrics.prom"
    replace_file(file, b"old")
    with file.open("rb") as reading:
        replace_file(file, b"new")
        assert reading.read() == b"old"
    assert file.read_bytes() == b"new"


def test_a_symbolic_link_stays_one(tmp_path: Path) -> None:
    """The file that it names is replaced."""
    (tmp_path / "data").mkdir()
    link = tmp_path / "report.md"
    link.symlink_to(tmp_path / "data" / "report.md")
    replace_file(link, b"all")
    assert link.is_symlink()
    assert (tmp_path / "data" / "report.md").read_bytes() == b"all"


def test_a_folder_in_the_way_is_said(tmp_path: Path) -> None:
    """A path that cannot be a file is an error in words."""
    (tmp_path / "report.md").mkdir()
    with pytest.raises(FileNotWrittenError, match="Is a directory"):
        replace_file(tmp_path / "report.md", b"all")
    assert [path.name for path in tmp_path.iterdir()] == ["report.md"]
