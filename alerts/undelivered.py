"""What became of the notifications of a delivery."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from basewatch.notifier import Notification


class Outlook(StrEnum):
    """What happens to a notification that its channel did not accept.

    PENDING is sent by the next delivery. REFUSED is not sent again as it is; the next run sends what is true then.
    DROPPED is for a channel that is no longer configured.
    """

    PENDING = "pending"
    REFUSED = "refused"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Undelivered:
    """A notification that its channel did not accept, and why."""

    notification: Notification
    error: str
    outlook: Outlook


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """The result for every notification that was pending."""

    delivered: tuple[Notification, ...]
    undelivered: tuple[Undelivered, ...]

    @property
    def complete(self) -> bool:
        """Whether everything was delivered; if not, the exit code of the program says so."""
        return not self.undelivered

    def and_then(self, later: Delivery) -> Delivery:
        """Both deliveries as one. What the first left pending, the second has tried again or left pending too."""
        if not later.delivered and not later.undelivered:
            return self
        tried_again = {each.notification.id for each in later.undelivered} | {each.id for each in later.delivered}
        kept = (each for each in self.undelivered if each.notification.id not in tried_again)
        return Delivery(delivered=(*self.delivered, *later.delivered), undelivered=(*kept, *later.undelivered))
