"""Every mistake in a configuration is reported with its location, its key, what is wrong, and a remedy."""

from __future__ import annotations

import json
import random
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from syrupy.assertion import SnapshotAssertion

from alerts.channels import CHANNEL_TYPES
from basewatch.config.loading import load
from basewatch.errors import ConfigError

BROKEN = Path(__file__).parent / "broken_configs"
COMMITTED = Path(__file__).parents[2] / "config.yaml"
CHECKS = frozenset({"backup.aurora.rpo", "backup.dynamodb.pitr"})
COLLECTORS = {
    "lambda": frozenset({"list", "tags", "describe"}),
    "rds_proxy": frozenset({"list", "describe"}),
    "in_house": frozenset[str](),
}
JUNK: list[Any] = [
    None,
    True,
    0,
    -1,
    2.5,
    float("inf"),
    "",
    "words",
    "5% for 5m",
    [],
    [1],
    {},
    {"a": 1},
    [[]],
    "9" * 400,
    10**400,
    float("nan"),
]


@pytest.mark.parametrize("name", sorted(path.name for path in BROKEN.iterdir()))
def test_a_broken_configuration_is_explained(
    name: str, snapshot: SnapshotAssertion, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each file is explained by location, key, error and remedy, and no secret in it is repeated."""
    monkeypatch.chdir(BROKEN)
    with pytest.raises(ConfigError) as broken:
        load(Path(name), CHANNEL_TYPES, CHECKS, COLLECTORS)
    assert str(broken.value) == snapshot
    assert "hunter2" not in str(broken.value)


def _places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return (
        [at, *(place for key, inner in items for place in _places(inner, (*at, key)))]
        if at
        else [place for key, inner in items for place in _places(inner, (key,))]
    )


def _damage(config: Any, chance: random.Random) -> None:
    """Replace, remove or rename one thing somewhere."""
    place = chance.choice(_places(config))
    inside = config
    for key in place[:-1]:
        inside = inside[key]
    how = chance.choice(["replace", "replace", "remove", "rename"])
    if how == "replace" or isinstance(inside, list):
        inside[place[-1]] = chance.choice(JUNK)
    elif how == "remove":
        del inside[place[-1]]
    else:
        inside[f"{place[-1]}x"] = inside.pop(place[-1])


@cache
def _committed() -> Any:
    return yaml.safe_load(COMMITTED.read_text(encoding="utf-8"))


@given(st.randoms(use_true_random=False), st.integers(min_value=1, max_value=4))
def test_no_damage_speaks_pydantic(
    tmp_path_factory: pytest.TempPathFactory, chance: random.Random, wounds: int
) -> None:
    """Whatever is wrong, it has a place, a message and a remedy of ours, or the configuration is valid after all."""
    config = deepcopy(_committed())
    for _ in range(wounds):
        if _places(config):
            _damage(config, chance)
    path = tmp_path_factory.mktemp("damaged") / "config.yaml"
    # JSON is YAML too, but for its infinity.
    path.write_text(json.dumps(config, default=str).replace("Infinity", ".inf"), encoding="utf-8")
    try:
        load(path, CHANNEL_TYPES, CHECKS, COLLECTORS)
    except ConfigError as broken:
        for problem in broken.problems:
            assert problem.line == 1
            assert problem.remedy
            assert "is not valid here" not in problem.message, problem
            assert "nput should" not in problem.message
