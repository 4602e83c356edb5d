"""The folder of a drill is private, and never left for long."""

from __future__ import annotations

import fcntl
import stat
from pathlib import Path

import pytest

from basewatch.postgres.server_account import ServerAccount
from workflows.restoring.budget import RestoreUntriedError
from workflows.restoring.private_folder import private_folder


@pytest.fixture(autouse=True)
def own_account(monkeypatch: pytest.MonkeyPatch) -> None:
    """The folders of tests are entered by this process alone."""
    monkeypatch.setattr(ServerAccount, "choose", classmethod(lambda _: ServerAccount()))


def test_nobody_else_enters_it_and_it_is_gone_at_the_end(tmp_path: Path) -> None:
    """Its files go with it."""
    with private_folder(tmp_path) as folder:
        (folder / "fetched").write_text("rows of tenants", encoding="utf-8")
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_drill_left_is_removed_and_one_under_way_is_not(tmp_path: Path) -> None:
    """The lock of a process that was killed is free; a link is not followed."""
    for name in ("dead", "alive"):
        (tmp_path / f"basewatch-drill-{name}").mkdir()
        (tmp_path / f"basewatch-drill-{name}" / "in-use").touch()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "in-use").touch()
    (tmp_path / "basewatch-drill-link").symlink_to(tmp_path / "elsewhere")
    with (tmp_path / "basewatch-drill-alive" / "in-use").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with private_folder(tmp_path):
            pass
    assert {each.name for each in tmp_path.iterdir()} == {"basewatch-drill-alive", "basewatch-drill-link", "elsewhere"}


def test_a_folder_that_the_server_cannot_enter_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Instead of a restore that fails for a reason of its own."""
    monkeypatch.setattr(ServerAccount, "can_access", lambda *_: False)
    with pytest.raises(RestoreUntriedError, match="cannot enter"), private_folder(tmp_path):
        pass
