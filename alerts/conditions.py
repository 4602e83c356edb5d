"""Carries the conditions of findings from pass to pass. Pure: what a pass saw, and nothing that only time brought."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeAlias

from alerts.grouping import alerts_of, findings_by_key
from alerts.picture import Picture
from basewatch.alert import Alert
from basewatch.condition import Condition
from basewatch.config.alerting import Flapping
from basewatch.config.streak import Streak
from basewatch.model import ExpectedCheck, Finding, Status

ConditionKey: TypeAlias = tuple[str, Status]
Conditions: TypeAlias = Mapping[ConditionKey, Condition]
PROBLEMS = (Status.FAIL, Status.UNVERIFIED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A picture with its findings by key, and by pair of check and component.

    `observed` are the pairs that have a finding; `unverified` are the keys of those findings that could not be
    verified. `alerts` are those that the picture shows, and `holders` says in which of them a finding is, by its key.
    """

    picture: Picture
    alerts: tuple[Alert, ...]
    holders: Mapping[str, Alert]
    findings: Mapping[str, Finding]
    observed: frozenset[ExpectedCheck]
    unverified: Mapping[ExpectedCheck, tuple[str, ...]]

    @classmethod
    def of(cls, picture: Picture) -> Seen:
        """Reads a picture once."""
        findings, alerts = findings_by_key(picture), alerts_of(picture)
        unverified: dict[ExpectedCheck, list[str]] = {}
        for key, finding in findings.items():
            if finding.status is Status.UNVERIFIED:
                unverified.setdefault(pair_of(finding), []).append(key)
        return cls(
            picture=picture,
            alerts=alerts,
            holders={key: alert for alert in alerts for key in alert.finding_keys},
            findings=findings,
            observed=frozenset(map(pair_of, findings.values())),
            unverified={pair: tuple(keys) for pair, keys in unverified.items()},
        )

    def gone(self, pair: ExpectedCheck) -> bool:
        """Whether what the pair has no finding for is no longer there: a check that saw everything did not see it."""
        # A check that could not observe everything does not prove that a subject is gone.
        return pair in self.observed and pair not in self.unverified


def lasts(condition: Condition, streak: Streak) -> bool:
    """Whether what the condition says has been seen for so many passes, or for so long."""
    return condition.passes >= streak.passes and condition.confirmed_at - condition.since >= streak.duration


def updated(
    previous: Conditions, seen: Seen, tracked: frozenset[ConditionKey], flapping: Flapping | None
) -> dict[ConditionKey, Condition]:
    """The conditions after a pass: one for each problem, and for each that was one and may count still.

    `tracked` are those that an open alert rests on; they are kept although they have passed. A time at which nothing
    was judged changes nothing.
    """
    step = _Step(seen=seen, flapping=flapping)
    after: dict[ConditionKey, Condition] = {}
    ended_unverified: dict[ExpectedCheck, Condition] = {}
    for key, condition in previous.items():
        if condition.key in seen.findings:
            continue
        kept = step.absent(condition)
        if kept is not None and (key in tracked or step.counts(kept)):
            after[key] = kept
        elif kept is None and condition.holds and condition.status is Status.UNVERIFIED:
            ended_unverified[pair_of(condition)] = condition
    for finding_key, finding in seen.findings.items():
        for condition in step.present(finding_key, finding, previous, tracked):
            key = (condition.key, condition.status)
            elder = ended_unverified.get(pair_of(finding)) if condition.status is Status.UNVERIFIED else None
            # The same check is still unverified, under the name of another subject.
            known = condition if elder is None or key in previous else _joined(condition, elder)
            if key in tracked or step.counts(known):
                after[key] = known
    return after


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    seen: Seen
    flapping: Flapping | None

    def present(
        self, finding_key: str, finding: Finding, previous: Conditions, tracked: frozenset[ConditionKey]
    ) -> Iterator[Condition]:
        """The conditions of a finding that the picture has."""
        judged = pair_of(finding) in self.seen.picture.judged
        for status in PROBLEMS:
            key, holds = (finding_key, status), finding.status is status
            before = previous.get(key)
            if finding.status is Status.UNVERIFIED and not holds:
                if before is not None:
                    yield before
            elif before is not None:
                yield self._confirmed(before, holds=holds) if judged or before.holds is not holds else before
            elif holds or key in tracked:
                yield self._first(finding, status, holds=holds)

    def absent(self, condition: Condition) -> Condition | None:
        """The condition of a finding that the picture does not have; None when it has ended."""
        pair = pair_of(condition)
        if pair not in self.seen.picture.expected:
            return None
        if self.seen.gone(pair):
            judged = pair in self.seen.picture.judged
            return self._confirmed(condition, holds=False) if judged or condition.holds else condition
        if condition.status is Status.UNVERIFIED and pair in self.seen.observed:
            return None
        return condition

    def counts(self, condition: Condition) -> bool:
        """Whether a condition says something about the future: it holds, or it changed not long ago."""
        return condition.holds or condition.flapping or bool(self._recent(condition))

    def _first(self, finding: Finding, status: Status, *, holds: bool) -> Condition:
        at = self.seen.picture.at
        return Condition(
            key=finding.key,
            status=status,
            check=finding.check,
            component=finding.component,
            holds=holds,
            since=at,
            confirmed_at=at,
            run=self.seen.picture.run,
            changes=(at,) if holds else (),
        )

    def _confirmed(self, before: Condition, *, holds: bool) -> Condition:
        picture = self.seen.picture
        if before.holds is not holds:
            changed = replace(before, holds=holds, since=picture.at, confirmed_at=picture.at, run=picture.run, passes=1)
            return self._judged_for_flapping(replace(changed, changes=(*self._recent(before), picture.at)))
        if before.run == picture.run:
            return before
        full = picture.expected <= picture.judged
        return self._judged_for_flapping(
            replace(
                before,
                # A clock that was set back: what lasts cannot have begun later than now.
                since=min(before.since, picture.at),
                confirmed_at=picture.at,
                run=picture.run,
                passes=before.passes + full,
                changes=self._recent(before),
            )
        )

    def _judged_for_flapping(self, condition: Condition) -> Condition:
        if self.flapping is None:
            return replace(condition, flapping=False)
        if condition.flapping and condition.confirmed_at - condition.since >= self.flapping.quiet:
            return replace(condition, flapping=False, changes=())
        return replace(condition, flapping=condition.flapping or len(condition.changes) >= self.flapping.changes)

    def _recent(self, condition: Condition) -> tuple[datetime, ...]:
        within = self.flapping.within if self.flapping else timedelta()
        return tuple(change for change in condition.changes if self.seen.picture.at - change < within)


def _joined(condition: Condition, elder: Condition) -> Condition:
    return replace(condition, since=min(condition.since, elder.since), passes=max(condition.passes, elder.passes + 1))


def pair_of(of: Finding | Condition) -> ExpectedCheck:
    """The check and the component that a finding or a condition is of."""
    return ExpectedCheck(check=of.check, component=of.component)
