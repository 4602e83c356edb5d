"""The silences of the configuration as the watcher declares them, and those that match nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from basewatch.components import Component
from basewatch.components.watcher import DeclaredSilence
from basewatch.config import Alerts
from basewatch.config.silences import FindingMatch, Maintenance, QuietPeriod, Silence, any_glob, has_labels
from basewatch.model import ExpectedCheck, Finding


def declared_silences(alerts: Alerts) -> tuple[DeclaredSilence, ...]:
    """Every silence and maintenance window, in the order of the configuration."""
    return tuple(
        DeclaredSilence(name=name, owner=each.owner, reason=each.reason, start=each.start, until=each.until)
        for name, each in _named(alerts)
    )


def unused_silences(
    alerts: Alerts, expected: Iterable[ExpectedCheck], components: Iterable[Component], known: Sequence[Finding]
) -> tuple[str, ...]:
    """The names of the silences that match no expected check, and no finding that is known if there is any."""
    labels = {component.ref: getattr(component, "labels", {}) for component in components}
    pairs = tuple(expected)
    return tuple(name for name, each in _named(alerts) if not _is_used(each.match, pairs, labels, known))


def accepted_findings(
    alerts: Alerts, findings: Iterable[Finding], components: Iterable[Component], at: datetime
) -> Mapping[str, str]:
    """Until when, by whom and why each finding that is silenced now is accepted, by the key of the finding."""
    labels = {component.ref: getattr(component, "labels", {}) for component in components}
    active = [period for period in alerts.quiet_periods(at, at) if period.contains(at)]
    return {
        finding.key: accepted_until(period)
        for finding in findings
        for period in active
        if period.match.covers(finding, labels.get(finding.component, {}))
    }


def accepted_until(period: QuietPeriod) -> str:
    """The words of a silence for reports."""
    ticket = f" ({period.ticket})" if period.ticket else ""
    return f"Accepted until {period.end:%Y-%m-%d %H:%M} UTC by {period.owner}{ticket}: {period.reason}"


def _named(alerts: Alerts) -> Iterator[tuple[str, Silence | Maintenance]]:
    """Each silence with a name of its own, which its dates do not change."""
    seen = Counter[str]()
    declared: tuple[Silence | Maintenance, ...] = (*alerts.silences, *alerts.maintenance)
    for each in declared:
        name = _name(each.match)
        seen[name] += 1
        yield f"{name} ({seen[name]})" if seen[name] > 1 else name, each


def _name(match: FindingMatch) -> str:
    labels = (f"{name}={value}" for name, value in match.labels.items())
    parts = (*match.checks, *match.components, *match.subjects, *labels, *(each.value for each in match.severity))
    return " ".join(parts)


def _is_used(
    match: FindingMatch,
    pairs: Sequence[ExpectedCheck],
    labels: Mapping[str, Mapping[str, str]],
    known: Sequence[Finding],
) -> bool:
    possible = any(
        any_glob(match.checks, pair.check)
        and any_glob(match.components, pair.component)
        and has_labels(match.labels, labels.get(pair.component, {}))
        for pair in pairs
    )
    if not possible or not known or not (match.subjects or match.severity):
        return possible
    return any(match.covers(finding, labels.get(finding.component, {})) for finding in known)
