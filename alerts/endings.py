"""Whether an open alert that the picture does not have has ended, and why."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from alerts.conditions import Conditions, Seen, lasts
from alerts.messages import NO_LONGER_CHECKED, NO_LONGER_DECLARED, SEEN_AGAIN, SUBJECT_GONE, merged_reason
from alerts.problems import rests_on
from basewatch.alert import Alert, AlertKind
from basewatch.condition import Condition
from basewatch.config.streak import Streak
from basewatch.model import ExpectedCheck, Finding, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The alert has ended: because its `finding` passes or does not apply, or else for the `reason`."""

    reason: str = ""
    finding: Finding | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lasts:
    """The alert has not ended, as far as is known. `problem` is whether the problem was there when last seen."""

    problem: bool
    flapping: bool = False


def ending(alert: Alert, seen: Seen, conditions: Conditions, end: Streak, reported: Collection[str]) -> Ended | Lasts:
    """What has become of an alert. It ends once its problem has been gone for `end`.

    `reported` are the keys of the alerts that the same channel is notified of: what cannot be verified still, and is in
    another alert now, ends here only if that one is among them.
    """
    if reason := _unexpected(alert, seen):
        return Ended(reason=reason)
    found = [conditions[key] for key in rests_on(alert) if key in conditions]
    if alert.kind is AlertKind.FINDING:
        return _of_finding(alert, seen, found, end)
    return _of_unseen(alert, seen, found, end, reported)


def _of_finding(alert: Alert, seen: Seen, found: list[Condition], end: Streak) -> Ended | Lasts:
    finding = seen.findings.get(alert.key)
    unknown = finding is None and not seen.gone(_pairs(alert)[0])
    if unknown or (finding is not None and finding.status in (Status.FAIL, Status.UNVERIFIED)):
        return Lasts(problem=not found or found[0].holds)
    if held := _held(found, end):
        return held
    return Ended(finding=finding) if finding is not None else Ended(reason=SUBJECT_GONE)


def _of_unseen(
    alert: Alert, seen: Seen, found: list[Condition], end: Streak, reported: Collection[str]
) -> Ended | Lasts:
    if unverified := list(_unverified(alert, seen)):
        heirs = {seen.holders[key].key: seen.holders[key] for key in unverified if key in seen.holders}
        if heirs and heirs.keys() <= set(reported):
            return Ended(reason=merged_reason(max(heirs.values(), key=lambda each: (len(each.members), each.key))))
        return Lasts(problem=True)
    return _held(found, end) or Ended(reason=SEEN_AGAIN)


def _held(found: list[Condition], end: Streak) -> Lasts | None:
    """Why an alert whose problem is gone stays open; None when it does not."""
    if any(condition.flapping for condition in found):
        return Lasts(problem=False, flapping=True)
    return None if all(lasts(condition, end) for condition in found) else Lasts(problem=False)


def _unverified(alert: Alert, seen: Seen) -> Iterator[str]:
    """The keys of the findings that the alert is about and that cannot be verified still, maybe as another subject."""
    keys = set(alert.finding_keys)
    yield from (key for key in keys if key in seen.findings and seen.findings[key].status is Status.UNVERIFIED)
    if not keys <= seen.findings.keys():
        for pair in _pairs(alert):
            yield from (key for key in seen.unverified.get(pair, ()) if key not in keys)


def _unexpected(alert: Alert, seen: Seen) -> str:
    """Why no check judges any more what the alert is about; empty when one does."""
    pairs = _pairs(alert)
    if not pairs or any(pair in seen.picture.expected for pair in pairs):
        return ""
    undeclared = seen.picture.components and not any(pair.component in seen.picture.components for pair in pairs)
    return NO_LONGER_DECLARED if undeclared else NO_LONGER_CHECKED


def _pairs(alert: Alert) -> tuple[ExpectedCheck, ...]:
    """The checks and components that decide whether the alert ends."""
    own = ExpectedCheck(check=alert.check, component=alert.component)
    if alert.kind is AlertKind.FINDING:
        return (own,)
    members = {ExpectedCheck(check=member.check, component=member.component) for member in alert.members}
    return tuple(members | {own}) if alert.finding else tuple(members)
