"""Whether a resource is the declared one, or was created again under its name."""

from __future__ import annotations

from datetime import date, datetime

from basewatch.model import Reason, Status, Verdict, failed, unverified


def created_as_declared(verdict: Verdict, what: str, created: datetime | None, since: date | None) -> Verdict:
    """The verdict, or in place of a PASS: FAIL for a creation after the declared day, UNVERIFIED without a time.

    A creation on that day, in UTC, passes.
    """
    if since is None or verdict.status is not Status.PASS:
        return verdict
    observed = f"{verdict.observed}, created {created:%Y-%m-%d %H:%M} UTC" if created else verdict.observed
    expected = f"{verdict.expected}, created by {since}"
    if created is None:
        summary = f"{what} has no creation time"
        return unverified(Reason.NOT_ENOUGH_DATA, summary, observed=observed, expected=expected)
    if created.date() > since:
        summary = f"{what} was created again on {created:%Y-%m-%d}: its earlier backups are not its own"
        remedy = "If it was restored or created again on purpose, declare that day as `since`."
        return failed(summary, observed=observed, expected=expected, remedy=remedy)
    return verdict
