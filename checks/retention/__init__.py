"""Checks of an audit bucket's Object Lock: its default retention, and the locks of the object versions."""

from __future__ import annotations

from basewatch.check import AnyCheck
from checks.retention.lock_default import new_versions_are_locked
from checks.retention.lock_versions import versions_are_locked

CHECKS: tuple[AnyCheck, ...] = (new_versions_are_locked, versions_are_locked)
