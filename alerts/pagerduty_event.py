"""A notification as a PagerDuty event, Events API v2."""

from __future__ import annotations

from typing import Any, assert_never

from basewatch.model import Severity, Status
from basewatch.notifier import Action, Notification

# https://developer.pagerduty.com/docs/send-alert-event: a summary has 1024 characters at most. An event has 512 KB at
# most: https://developer.pagerduty.com/docs/events-api-v2-overview.
SUMMARY_MAX_CHARS = 1024
DETAIL_MAX_CHARS = 4096

# UNVERIFIED is nobody's outage yet: someone must look why nobody could.
_UNVERIFIED = "warning"


def event(notification: Notification) -> dict[str, Any]:
    """The event for one notification, without the routing key; the finding's key is what pairs fire and resolve."""
    match notification.action:
        case Action.FIRE:
            return {"event_action": "trigger", "dedup_key": notification.key, "payload": _payload(notification)}
        case Action.RESOLVE:
            return {"event_action": "resolve", "dedup_key": notification.key}
        case _:
            assert_never(notification.action)


def _payload(notification: Notification) -> dict[str, Any]:
    where = f"{notification.platform} {notification.environment}"
    return {
        "summary": _cut(f"{notification.status} in {where}: {notification.summary}", SUMMARY_MAX_CHARS),
        "source": notification.component,
        "severity": _severity(notification),
        "timestamp": notification.at.isoformat(),
        "component": notification.component,
        "group": where,
        "class": notification.check,
        "custom_details": {
            "status": notification.status.value,
            "severity": notification.severity.value,
            "subject": notification.subject,
            "observed": _cut(notification.observed, DETAIL_MAX_CHARS),
            "expected": _cut(notification.expected, DETAIL_MAX_CHARS),
            "fix": _cut(notification.remedy, DETAIL_MAX_CHARS),
            **({"seen": _cut(notification.symptoms, DETAIL_MAX_CHARS)} if notification.symptoms else {}),
            "reason": notification.reason,
            "since": notification.fired_at.isoformat(),
            "run": notification.run,
        },
    }


def _severity(notification: Notification) -> str:
    """PagerDuty's word for how bad it is: critical, error, warning or info."""
    if notification.status is Status.UNVERIFIED:
        return _UNVERIFIED
    match notification.severity:
        case Severity.CRITICAL:
            return "critical"
        case Severity.HIGH:
            return "error"
        case Severity.MEDIUM:
            return "warning"
        case Severity.LOW:
            return "info"
        case _:
            assert_never(notification.severity)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
