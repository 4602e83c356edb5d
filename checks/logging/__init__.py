"""Checks of what records and watches the platform: its alarms, and the trails of CloudTrail."""

from __future__ import annotations

from basewatch.check import AnyCheck
from checks.logging import alarms, config_recorder, guardduty, requests, security_hub, trail

CHECKS: tuple[AnyCheck, ...] = (
    alarms.alarms_are_quiet,
    requests.stage_logs_requests,
    requests.function_is_traced,
    guardduty.threats_are_detected,
    guardduty.threats_are_triaged,
    security_hub.standards_are_assessed,
    config_recorder.changes_are_recorded,
    trail.trail_records_and_delivers,
    trail.log_files_can_be_validated,
    trail.data_events_are_recorded,
)
