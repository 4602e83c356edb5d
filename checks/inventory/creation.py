"""Whether a resource is the declared one, or was created again under its name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from basewatch.model import Reason, Status, Verdict, failed, unverified

_REMEDY = "If it was restored, switched or created again on purpose, declare that day as `since`."


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """When a resource was created, its own id, and that of the resource which last passed; empty where not known."""

    created: datetime | None
    resource_id: str = ""
    known_id: str = ""

    @property
    def is_another(self) -> bool:
        """Whether the name belonged to another resource before."""
        return bool(self.resource_id and self.known_id) and self.resource_id != self.known_id


def created_as_declared(verdict: Verdict, what: str, identity: Identity, since: date | None) -> Verdict:
    """The verdict, or in place of a PASS what is wrong with the creation.

    FAIL, when it was after the declared day. A creation on that day, in UTC, passes. UNVERIFIED, when a day is declared
    and AWS gives no time; and when none is declared, and the resource is another one than before.
    """
    created = identity.created
    if verdict.status is not Status.PASS or (since is None and not identity.is_another):
        return verdict
    observed = f"{verdict.observed}, created {created:%Y-%m-%d %H:%M} UTC" if created else verdict.observed
    if since is None:
        when = f" on {created:%Y-%m-%d}" if created else ""
        summary = f"{what} is another one than before: it was created again{when}, and earlier backups are not its own"
        observed = f"{observed}, id {identity.resource_id}"
        expected = f"{verdict.expected}, id {identity.known_id}"
        return unverified(Reason.NOT_ENOUGH_DATA, summary, observed=observed, expected=expected, remedy=_REMEDY)
    expected = f"{verdict.expected}, created by {since}"
    if created is None:
        summary = f"{what} has no creation time"
        return unverified(Reason.NOT_ENOUGH_DATA, summary, observed=observed, expected=expected)
    if created.date() > since:
        summary = f"{what} was created again on {created:%Y-%m-%d}: its earlier backups are not its own"
        return failed(summary, observed=observed, expected=expected, remedy=_REMEDY)
    return verdict
