"""The files generated from the code are committed as the code generates them."""

from __future__ import annotations

from pathlib import Path

import pytest

from generate.files import GeneratedFiles, page_files, schema_files
from tests.repository import ROOT


@pytest.mark.parametrize("files", [page_files(), schema_files()], ids=lambda files: files.command)
def test_what_is_committed_is_current(files: GeneratedFiles, capsys: pytest.CaptureFixture[str]) -> None:
    """The pages and schemas in docs/ are up to date."""
    assert files.write(ROOT / "docs", check_only=True) == 0
    assert capsys.readouterr() == ("", "")


def generated(**texts: str) -> GeneratedFiles:
    """Markdown files with these texts."""
    return GeneratedFiles(
        command="basewatch generate docs",
        make_target="make docs",
        texts={f"{name}.md": lambda text=text: text for name, text in texts.items()},  # type: ignore[misc]  # mypy infers no type for a default of a lambda
    )


def test_only_stale_files_are_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A missing file is written, a current one is not touched, and the next comparison finds nothing."""
    files = generated(one="1\n", two="2\n")
    (tmp_path / "one.md").write_text("1\n", encoding="utf-8")
    assert files.write(tmp_path, check_only=False) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'two.md'}\n"
    assert files.write(tmp_path, check_only=True) == 0


def test_a_stale_file_is_reported_with_its_command_and_not_touched(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Checking changes nothing: it names the stale file and the command that repairs it, and the result is 1."""
    (tmp_path / "one.md").write_text("old\n", encoding="utf-8")
    assert generated(one="new\n").write(tmp_path, check_only=True) == 1
    assert (tmp_path / "one.md").read_text(encoding="utf-8") == "old\n"
    reported = f"{tmp_path / 'one.md'} is out of date; run `make docs` (it runs `basewatch generate docs`)\n"
    assert capsys.readouterr().err == reported
