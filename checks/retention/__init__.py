"""Checks of an audit bucket: its default retention, the locks of its object versions, and its delete markers."""

from __future__ import annotations

from basewatch.check import AnyCheck
from checks.retention.delete_markers import no_record_is_hidden
from checks.retention.lock_default import new_versions_are_locked
from checks.retention.lock_versions import versions_are_locked

CHECKS: tuple[AnyCheck, ...] = (new_versions_are_locked, versions_are_locked, no_record_is_hidden)
