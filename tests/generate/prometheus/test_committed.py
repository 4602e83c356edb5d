"""The files under deploy/ are generated from the committed configuration, and a stale file is reported."""

from __future__ import annotations

from pathlib import Path

import pytest

from alerts.channels import CHANNEL_TYPES
from basewatch.config.loading import load
from checks import CHECKS
from collectors import COLLECTORS
from generate.files import alertmanager_files
from generate.files import rule_files as rules_of
from tests.repository import ROOT
from workflows.cli_offline import alertmanager, rules


def test_what_is_committed_is_current(capsys: pytest.CaptureFixture[str]) -> None:
    """Rules and routes in deploy/ are those of config.yaml."""
    config = load(ROOT / "config.yaml", CHANNEL_TYPES).config
    assert rules_of(config, CHECKS, COLLECTORS).write(ROOT / "deploy", check_only=True) == 0
    assert alertmanager_files(config).write(ROOT / "deploy", check_only=True) == 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("command", "file"), [(rules, "prometheus/basewatch.rules.yml"), (alertmanager, "alertmanager/alertmanager.yml")]
)
def test_a_stale_file_is_reported(command: object, file: str, tmp_path: Path) -> None:
    """A missing or changed file makes `--check` exit with 1 and is not touched; once written, it is current."""
    assert callable(command)
    for check, status in ((True, 1), (False, 0), (True, 0)):
        with pytest.raises(Exception) as ended:  # typer ends a command by raising
            command(config=ROOT / "config.yaml", output=tmp_path, check=check)
        assert getattr(ended.value, "exit_code", None) == status
    (tmp_path / file).write_text("groups: []\n", encoding="utf-8")
    with pytest.raises(Exception) as ended:
        command(config=ROOT / "config.yaml", output=tmp_path, check=True)
    assert getattr(ended.value, "exit_code", None) == 1
    assert (tmp_path / file).read_text(encoding="utf-8") == "groups: []\n"
