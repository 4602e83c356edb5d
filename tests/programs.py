"""The programs of others that end-to-end tests drive, such as promtool."""

from __future__ import annotations

import os
import shutil

import pytest


def measured() -> dict[str, str]:
    """What a program needs in its environment so that coverage sees it too; nothing when coverage is off."""
    return {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_PROCESS")}


def program(*names: str) -> str:
    """The path of the first of these programs that is installed.

    Where none is, the test is skipped; but in CI, which installs them (`.ci/parts`), it fails.
    """
    for name in names:
        if found := shutil.which(name):
            return found
    if os.environ.get("CI"):
        pytest.fail(f"{' or '.join(names)} is missing in CI: see .ci/parts")
    pytest.skip(f"needs {' or '.join(names)}: `make parts` installs it on Debian and Ubuntu")
