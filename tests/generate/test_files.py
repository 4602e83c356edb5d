"""The files made from the code are committed as the code makes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from generate.files import PAGES, SCHEMAS, write_or_compare
from tests.repository import ROOT


def test_what_is_committed_is_current(capsys: pytest.CaptureFixture[str]) -> None:
    """The pages and schemas in docs/ say what the code says."""
    assert write_or_compare(ROOT / "docs", {**PAGES, **SCHEMAS}, compare=True) == 0
    assert capsys.readouterr() == ("", "")


def test_only_what_is_stale_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A missing file is written, a current one is left as it is, and the next comparison is content."""
    files = {"one.md": lambda: "1\n", "two.md": lambda: "2\n"}
    (tmp_path / "one.md").write_text("1\n", encoding="utf-8")
    assert write_or_compare(tmp_path, files, compare=False) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'two.md'}\n"
    assert write_or_compare(tmp_path, files, compare=True) == 0


def test_a_stale_file_is_named_and_not_touched(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Comparing changes nothing: it names what is stale on standard error and is 1."""
    (tmp_path / "one.md").write_text("old\n", encoding="utf-8")
    assert write_or_compare(tmp_path, {"one.md": lambda: "new\n"}, compare=True) == 1
    assert (tmp_path / "one.md").read_text(encoding="utf-8") == "old\n"
    assert "one.md is not what the code says" in capsys.readouterr().err
