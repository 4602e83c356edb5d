"""The files under deploy/ are what the committed configuration makes, and a stale one is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from basewatch.config.loading import load
from checks import CHECKS
from collectors import COLLECTORS
from generate.files import alertmanager_files, write_or_compare
from generate.files import rule_files as rules_of
from tests.repository import ROOT
from workflows.cli_offline import alertmanager, rules


def test_what_is_committed_is_current(capsys: pytest.CaptureFixture[str]) -> None:
    """Rules and routes in deploy/ are those of config.yaml."""
    config = load(ROOT / "config.yaml").config
    files = {**rules_of(config, CHECKS, COLLECTORS), **alertmanager_files(config)}
    assert write_or_compare(ROOT / "deploy", files, compare=True) == 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("verb", "file"), [(rules, "prometheus/basewatch.rules.yml"), (alertmanager, "alertmanager/alertmanager.yml")]
)
def test_a_stale_file_is_found(verb: object, file: str, tmp_path: Path) -> None:
    """A file that is missing or changed makes `--check` end with 1 and stays as it is; written, it is current."""
    assert callable(verb)
    for check, status in ((True, 1), (False, 0), (True, 0)):
        with pytest.raises(Exception) as ended:  # typer ends a verb by raising
            verb(config=ROOT / "config.yaml", output=tmp_path, check=check)
        assert getattr(ended.value, "exit_code", None) == status
    (tmp_path / file).write_text("groups: []\n", encoding="utf-8")
    with pytest.raises(Exception) as ended:
        verb(config=ROOT / "config.yaml", output=tmp_path, check=True)
    assert getattr(ended.value, "exit_code", None) == 1
    assert (tmp_path / file).read_text(encoding="utf-8") == "groups: []\n"
