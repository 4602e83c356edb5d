"""Checks that audit records are kept: the bucket's rule, and the locks on the versions themselves."""

from __future__ import annotations

from basewatch.check import AnyCheck
from checks.retention.lock_default import new_versions_are_locked
from checks.retention.lock_versions import versions_are_locked

CHECKS: tuple[AnyCheck, ...] = (new_versions_are_locked, versions_are_locked)
