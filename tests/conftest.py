"""The fixtures that tests of every room share, one plugin for each part of the box."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.fixtures_box", "tests.fixtures_cloud", "tests.fixtures_database"]

# How long an example takes says something of the machine, not of the promise.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")
