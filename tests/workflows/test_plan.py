"""A plan has every window, expected check and unchecked promise before the run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basewatch.errors import ConfigError
from checks import CHECKS
from checks.engine.run import unjudged_promises
from tests.fixtures_box import CONFIG
from workflows.plan import git_commit, load_plan

MOMENTS = st.integers(0, 10**9).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
PLAN = load_plan(CONFIG)


@given(st.lists(MOMENTS, min_size=2, max_size=8).map(sorted))
def test_no_moment_between_two_runs_is_missed(moments: list[datetime]) -> None:
    """Each window starts at or before the end of the previous one, and is at least one hour long."""
    windows = [PLAN.next_window(None, moments[0])]
    for moment in moments[1:]:
        windows.append(PLAN.next_window(windows[-1].end, moment))
    assert all(later.start <= earlier.end for earlier, later in pairwise(windows))
    assert all(window.length >= timedelta(hours=1) for window in windows)


def test_every_component_of_the_committed_configuration_is_checked() -> None:
    """Every declared component has an expected check or a metric."""
    looked_at = {planned.component.ref for planned in PLAN.checks}
    assert looked_at == {component.ref for component in PLAN.config.components}


def test_a_glob_that_leaves_nothing_is_an_error() -> None:
    """A plan without checks is an error, not a pass."""
    with pytest.raises(ConfigError, match="leaves no check to run"):
        load_plan(CONFIG, only="no.such.*")


@pytest.mark.parametrize("packed", [False, True])
def test_the_commit_is_read_from_the_checkout(tmp_path: Path, *, packed: bool) -> None:
    """A branch, loose or packed, is followed to its commit; a folder outside any checkout has none."""
    git, commit = tmp_path / ".git", "a" * 40
    (git / "refs/heads").mkdir(parents=True)
    (git / "HEAD").write_text("ref: refs/heads/main\n")
    if packed:
        (git / "packed-refs").write_text(f"# pack-refs\n{commit} refs/heads/main\n")
    else:
        (git / "refs/heads/main").write_text(f"{commit}\n")
    (tmp_path / "deploy").mkdir()
    assert git_commit(tmp_path / "deploy") == commit
    (git / "HEAD").write_text(f"{commit}\n")
    assert git_commit(tmp_path) == commit


def test_promises_without_a_check_are_listed() -> None:
    """Promises without a check are listed; disabling a check adds its promise, a partial plan adds none."""
    window = ("aurora_cluster/securebase-production", "backup.retention")
    assert window not in PLAN.unchecked
    assert load_plan(CONFIG, only="tenancy.*").unchecked == PLAN.unchecked
    others = [check for check in CHECKS if check.id != "backup.aurora.window"]
    assert window in unjudged_promises(others, PLAN.config.components)
