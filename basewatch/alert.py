"""An alert: what is wrong, as people are notified of it. It is one finding, or several with one cause."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from basewatch.model import Proof, Reason, Severity, Status


class AlertKind(StrEnum):
    """FINDING is one finding with the findings that it explains.

    UNSEEN are findings that could not be verified for the same reason, at the same source and action. BLIND is a source
    of which nothing could be observed: a database, a region, an account, or everything.
    """

    FINDING = "finding"
    UNSEEN = "unseen"
    BLIND = "blind"


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A finding within an alert, besides the one that the alert is named after."""

    key: str
    check: str
    component: str
    subject: str
    status: Status
    severity: Severity
    summary: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One problem, under a key that stays the same while it lasts.

    `key` is the key of the finding, or is made of the source that could not be observed; wording, routes and members
    do not change it. `finding` is the key of the finding that the alert is named after; empty when there is none.
    `severity` is the highest of all members. `title` is the check's promise as one sentence, or empty. `since` is when
    the problem began as far as is known. `proof`, `source` and `observed_at` say how it is known. `labels` are those of
    the component. A `flapping` alert changes so often that it stays open until it has been quiet for a while.
    """

    key: str
    kind: AlertKind
    check: str
    component: str
    subject: str
    status: Status
    severity: Severity
    summary: str
    since: datetime
    finding: str = ""
    title: str = ""
    reason: Reason | None = None
    observed: str = ""
    expected: str = ""
    remedy: str = ""
    proof: Proof | None = None
    source: str = ""
    observed_at: datetime | None = None
    labels: tuple[tuple[str, str], ...] = ()
    members: tuple[Member, ...] = ()
    flapping: bool = False

    @property
    def finding_keys(self) -> tuple[str, ...]:
        """The keys of the findings in it, the one that it is named after first."""
        return tuple(key for key in (self.finding, *(member.key for member in self.members)) if key)
