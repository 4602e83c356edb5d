"""What became of findings between the last run and this one."""

from __future__ import annotations

from dataclasses import dataclass

from basewatch.model import Finding, Status, Transition
from reports.view import NOT_GREEN, View, worst_first


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Findings that newly are not green, still are not, are green again, or are no longer checked (`no_longer_checked`).

    `has_previous_run` is false when there was no earlier run to compare with.
    """

    has_previous_run: bool
    new: tuple[Transition, ...]
    still_open: tuple[Finding, ...]
    resolved: tuple[Transition, ...]
    no_longer_checked: tuple[Finding, ...]

    @property
    def has_changes(self) -> bool:
        """Whether there is anything to tell."""
        return bool(self.new or self.still_open or self.resolved or self.no_longer_checked)

    def age_label(self, finding: Finding) -> str:
        """Whether a finding is new, in one word; empty when there is nothing to compare with."""
        if not self.has_previous_run or finding.status not in NOT_GREEN:
            return ""
        return "new" if any(change.finding.key == finding.key for change in self.new) else "still open"


def changes(view: View) -> Changes:
    """The changes that a run recorded, and the findings of the run before it that it does not have."""
    run = view.run
    by_key = {change.finding.key: change for change in run.transitions}
    present = {finding.key for finding in run.findings}
    not_green = worst_first(finding for finding in run.findings if finding.status in NOT_GREEN)
    again = worst_first(change.finding for change in run.transitions if _came_back(change))
    return Changes(
        has_previous_run=bool(run.previous_seal or view.previous or any(change.previous for change in run.transitions)),
        new=tuple(by_key[finding.key] for finding in not_green if finding.key in by_key),
        still_open=tuple(finding for finding in not_green if finding.key not in by_key),
        resolved=tuple(by_key[finding.key] for finding in again),
        no_longer_checked=tuple(worst_first(finding for finding in view.previous if finding.key not in present)),
    )


def _came_back(change: Transition) -> bool:
    return change.previous in NOT_GREEN and change.finding.status in {Status.PASS, Status.NOT_APPLICABLE}
