"""Checks of what is kept: an audit bucket's locks and delete markers, log events, and items that have to expire."""

from __future__ import annotations

from basewatch.check import AnyCheck
from checks.retention.bucket_expiry import objects_expire, versions_are_kept
from checks.retention.bypass_principals import only_guardians_touch_records
from checks.retention.delete_markers import no_record_is_hidden
from checks.retention.lifecycle_versioning import no_rule_expires_records, records_are_archived
from checks.retention.lock_default import new_versions_are_locked
from checks.retention.lock_versions import versions_are_locked
from checks.retention.log_groups import logs_are_kept
from checks.retention.table_expiry import items_expire

CHECKS: tuple[AnyCheck, ...] = (
    new_versions_are_locked,
    versions_are_locked,
    no_record_is_hidden,
    items_expire,
    logs_are_kept,
    no_rule_expires_records,
    records_are_archived,
    objects_expire,
    versions_are_kept,
    only_guardians_touch_records,
)
