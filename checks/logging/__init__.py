"""Checks of what records and watches the platform: its alarms, and the trails of CloudTrail."""

from __future__ import annotations

from basewatch.check import AnyCheck
from checks.logging import alarms, requests, trail

CHECKS: tuple[AnyCheck, ...] = (
    alarms.alarms_are_quiet,
    requests.stage_logs_requests,
    requests.function_is_traced,
    trail.trail_records_and_delivers,
    trail.log_files_can_be_validated,
    trail.data_events_are_recorded,
)
