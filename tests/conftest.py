"""The fixtures that tests of every room share, one plugin for each part of the box."""

from __future__ import annotations

pytest_plugins = ["tests.fixtures_box", "tests.fixtures_cloud", "tests.fixtures_database"]
