"""Whether an alert is silenced now, or was until a short time ago."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.picture import Picture
from alerts.routing import Labels
from basewatch.alert import Alert, AlertKind
from basewatch.config import Alerts
from basewatch.config.silences import FindingNames, QuietPeriod
from basewatch.model import Finding

_REMEMBERED = timedelta(days=14)


@dataclass(frozen=True, slots=True, kw_only=True)
class Silencing:
    """The silences and maintenance windows at one time: those in force, and those that ended shortly before."""

    at: datetime
    periods: tuple[QuietPeriod, ...]
    findings: Mapping[str, Finding]
    labels: Labels

    @classmethod
    def of(cls, policy: Alerts, picture: Picture, findings: Mapping[str, Finding], labels: Labels) -> Silencing:
        """The silences of the policy at the time of the picture."""
        periods = policy.quiet_periods(picture.at - _REMEMBERED, picture.at)
        return cls(at=picture.at, periods=periods, findings=findings, labels=labels)

    def silences(self, alert: Alert) -> bool:
        """Whether nobody is to be notified of the alert now.

        An alert about a failure is silenced with the finding that it is named after, unless it explains one that is
        more severe and not silenced. An alert about what cannot be verified is silenced if every finding in it is.
        """
        active = [period for period in self.periods if period.contains(self.at)]
        return bool(active) and all(
            any(self._covers(period, finding) for period in active) for finding in self._decisive(alert)
        )

    def ended(self, alert: Alert, since: datetime) -> datetime | None:
        """When the last silence of the alert ended, if that was after `since`."""
        ends = [
            period.end
            for period in self.periods
            if since < period.end <= self.at and all(self._covers(period, finding) for finding in self._decisive(alert))
        ]
        return max(ends, default=None)

    def _decisive(self, alert: Alert) -> Iterator[FindingNames]:
        lead = self.findings.get(alert.finding)
        severity = lead.severity if lead else alert.severity
        if lead or alert.finding or not alert.members:
            yield lead or alert
        for member in alert.members:
            if alert.kind is not AlertKind.FINDING or member.severity.rank > severity.rank:
                yield member

    def _covers(self, period: QuietPeriod, finding: FindingNames) -> bool:
        return period.match.covers(finding, self.labels.get(finding.component, {}))
