"""A configuration is loaded from a file or a folder, and names itself by its text."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest

from alerts.channels import CHANNEL_TYPES
from basewatch.config import config_model
from basewatch.config.loading import load
from basewatch.errors import ConfigError

ROOT = Path(__file__).parents[2]
COMMITTED = ROOT / "config.yaml"


def _split(path: Path, folder: Path) -> None:
    """Write each section of a configuration to a file of its own."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    starts = [number for number, line in enumerate(lines) if line[0].isalpha()]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        (folder / f"{lines[start].partition(':')[0]}.yaml").write_text("".join(lines[start:end]), encoding="utf-8")


def test_the_committed_configuration_loads() -> None:
    """What the repository promises is valid."""
    loaded = load(COMMITTED, CHANNEL_TYPES)
    assert loaded.files == (COMMITTED,)
    assert {component.ref for component in loaded.config.components} > {
        "database/securebase",
        "api/securebase-production",
    }


def test_the_digest_is_the_sha256_of_the_text() -> None:
    """`sha256sum config.yaml` says the same."""
    assert load(COMMITTED, CHANNEL_TYPES).digest == hashlib.sha256(COMMITTED.read_bytes()).hexdigest()


def test_a_folder_is_merged(tmp_path: Path) -> None:
    """One file or many: the configuration is the same, and every file is named."""
    _split(COMMITTED, tmp_path)
    loaded = load(tmp_path, CHANNEL_TYPES)
    assert loaded.config == load(COMMITTED, CHANNEL_TYPES).config
    assert [file.name for file in loaded.files] == sorted(file.name for file in tmp_path.iterdir())


def test_mappings_are_merged_at_every_depth(tmp_path: Path) -> None:
    """Each kind of component may have a file of its own."""
    shutil.copy(COMMITTED, tmp_path / "config.yaml")
    text = COMMITTED.read_text(encoding="utf-8")
    start, end = text.index("  tables:\n    -"), text.index("  audit_buckets:")
    (tmp_path / "config.yaml").write_text(text[:start] + text[end:], encoding="utf-8")
    (tmp_path / "tables.yaml").write_text("components:\n" + text[start:end], encoding="utf-8")
    assert load(tmp_path, CHANNEL_TYPES).config == load(COMMITTED, CHANNEL_TYPES).config


def test_the_digest_of_a_folder_changes_with_any_of_its_files(tmp_path: Path) -> None:
    """A comment is part of what was reviewed."""
    _split(COMMITTED, tmp_path)
    before = load(tmp_path, CHANNEL_TYPES).digest
    with (tmp_path / "web.yaml").open("a", encoding="utf-8") as file:
        file.write("# one more line\n")
    assert load(tmp_path, CHANNEL_TYPES).digest != before


def test_hidden_files_are_not_configuration(tmp_path: Path) -> None:
    """What an editor leaves behind is not read."""
    shutil.copy(COMMITTED, tmp_path / "config.yaml")
    (tmp_path / ".#config.yaml").write_text("garbage: [", encoding="utf-8")
    assert load(tmp_path, CHANNEL_TYPES).files == (tmp_path / "config.yaml",)


def test_known_checks_may_be_set(tmp_path: Path) -> None:
    """A check that exists is accepted, whatever its id."""
    path = tmp_path / "config.yaml"
    path.write_text(COMMITTED.read_text(encoding="utf-8") + "\nchecks:\n  a.b.c: {enabled: false}\n", encoding="utf-8")
    assert not load(path, CHANNEL_TYPES, frozenset({"a.b.c"})).config.checks["a.b.c"].enabled
    with pytest.raises(ConfigError, match=r"there is no check 'a\.b\.c'"):
        load(path, CHANNEL_TYPES, frozenset())


def test_a_configuration_survives_its_json() -> None:
    """A run records its components as JSON, and judges them again from it."""
    config = load(COMMITTED, CHANNEL_TYPES).config
    assert config_model(CHANNEL_TYPES).model_validate_json(config.model_dump_json(), strict=True) == config


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    """The error names the file and the option."""
    with pytest.raises(ConfigError) as missing:
        load(tmp_path / "none.yaml", CHANNEL_TYPES)
    assert str(missing.value) == (
        f"{tmp_path / 'none.yaml'}: there is no such file\n    write it, or name another with --config"
    )


def test_a_file_that_is_not_text_is_said(tmp_path: Path) -> None:
    """Bytes of another encoding are not guessed at."""
    (tmp_path / "config.yaml").write_bytes(b"platform: \xff\xfe")
    with pytest.raises(ConfigError, match="this is not UTF-8 text\n    save it as UTF-8"):
        load(tmp_path / "config.yaml", CHANNEL_TYPES)


def test_a_control_character_is_placed(tmp_path: Path) -> None:
    """Even where YAML itself has no line to name."""
    (tmp_path / "config.yaml").write_text("version: 1\nplatform: \x07\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"config\.yaml:2:11: a control character"):
        load(tmp_path / "config.yaml", CHANNEL_TYPES)


def test_a_bottomless_file_is_refused(tmp_path: Path) -> None:
    """Brackets without end are an error like another."""
    (tmp_path / "config.yaml").write_text("a: " + "[" * 100_000, encoding="utf-8")
    with pytest.raises(ConfigError, match="nested too deep"):
        load(tmp_path / "config.yaml", CHANNEL_TYPES)
