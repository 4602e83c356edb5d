"""A process that is killed at any statement leaves a history that can be copied and opened."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
def test_the_file_alone_holds_what_was_recorded_wherever_the_process_is_killed(tmp_path: Path) -> None:
    """Without the write-ahead log, each run that `record` returned is there, and so is each delivery that was noted."""
    command = [sys.executable, "-m", "tests.basewatch.history.killed", str(tmp_path)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "killed" in done.stdout
