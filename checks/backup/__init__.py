"""Checks of backups: the oldest and the latest point that can be restored, and the age and integrity of dumps."""

from __future__ import annotations

from basewatch.check import AnyCheck
from checks.backup.aurora import restorable_over_retention, restorable_within_rpo
from checks.backup.deletion_protection import protected_from_deletion
from checks.backup.dump_freshness import newest_dump_is_fresh
from checks.backup.dump_integrity import newest_dump_is_intact
from checks.backup.dump_kept import dumps_are_kept
from checks.backup.dynamodb import restorable_over_recovery_period
from checks.backup.point_copies import copies_are_isolated
from checks.backup.recovery_points import newest_point_is_usable, points_are_kept
from checks.backup.restore_content import the_copy_holds_the_database
from checks.backup.restore_duration import objectives_are_met_over_months, restored_in_time
from checks.backup.restore_isolation import the_copy_isolates_tenants
from checks.backup.restore_jobs import restored_within_rto
from checks.backup.restore_recency import dumps_are_restored
from checks.backup.snapshot_exposure import snapshots_are_private
from checks.backup.vault_lock import vault_is_locked

CHECKS: tuple[AnyCheck, ...] = (
    restorable_over_retention,
    restorable_within_rpo,
    restorable_over_recovery_period,
    newest_dump_is_fresh,
    newest_dump_is_intact,
    dumps_are_kept,
    protected_from_deletion,
    vault_is_locked,
    restored_within_rto,
    dumps_are_restored,
    restored_in_time,
    objectives_are_met_over_months,
    the_copy_holds_the_database,
    the_copy_isolates_tenants,
    newest_point_is_usable,
    points_are_kept,
    copies_are_isolated,
    snapshots_are_private,
)
