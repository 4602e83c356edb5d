"""What a notifier is: something that takes a notification to people, or says why it could not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from basewatch.model import Severity, Status


class Action(StrEnum):
    """What a notification does to an alert: FIRE opens it, RESOLVE closes it."""

    FIRE = "fire"
    RESOLVE = "resolve"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """One message owed to one channel about one finding's transition.

    `key` is the finding's key: the same for the fire and the resolve, whatever the wording or the routes. `fired_at` is
    when the alert first fired; `reason` says why this notification is due, in a few words. `symptoms` says what else
    was found that has its cause here, and is told with it alone; empty when there is nothing.
    """

    id: str
    channel: str
    action: Action
    key: str
    check: str
    component: str
    subject: str
    status: Status
    severity: Severity
    summary: str
    observed: str
    expected: str
    remedy: str
    reason: str
    fired_at: datetime
    at: datetime
    platform: str
    environment: str
    run: str
    symptoms: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A channel's word that it took a notification; `reference` is its own id for it, if it gives one."""

    channel: str
    reference: str = ""


class Notifier(Protocol):
    """A channel to people."""

    @property
    def name(self) -> str:
        """The channel's name in the configuration."""
        ...

    def send(self, notification: Notification) -> Receipt:
        """Deliver one notification within the channel's own timeout. Raises: DeliveryError."""
        ...
