"""The schema that editors complete by says what loading says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from generate.files import schema

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    """A validator of the schema, which is itself a valid schema."""
    Draft202012Validator.check_schema(schema())
    return Draft202012Validator(schema())


def _config() -> Any:
    # A date is a text to an editor's YAML.
    return json.loads(json.dumps(yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8")), default=str))


def test_the_committed_configuration_is_valid(validator: Draft202012Validator) -> None:
    """What `basewatch validate` accepts, an editor does not underline."""
    assert list(validator.iter_errors(_config())) == []


@pytest.mark.parametrize(
    ("section", "name", "value"),
    [
        ("functions", "errors_below", "five percent"),
        ("functions", "p95_below", "100"),
        ("tables", "pitr", "35 days"),
        ("tables", "pitrr", "35d"),
        ("databases", "url", "postgresql://app:secret@db/securebase"),
    ],
)
def test_a_wrong_value_is_underlined(validator: Draft202012Validator, section: str, name: str, value: str) -> None:
    """Quantities, references and keys are checked while one types."""
    config = _config()
    config["components"][section][0][name] = value
    assert [list(error.absolute_path)[:2] for error in validator.iter_errors(config)] == [["components", section]]
