"""A process that is killed while it records and delivers loses no alert, and hardly repeats one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
def test_a_kill_at_any_statement_loses_no_alert(tmp_path: Path) -> None:
    """The next pass tells every channel what the last one may not have told, under the same keys."""
    command = [sys.executable, "-m", "tests.alerts.killed", str(tmp_path), "131"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "kills; 0 lost" in done.stdout
