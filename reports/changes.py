"""The changes of findings since the last run."""

from __future__ import annotations

from dataclasses import dataclass

from basewatch.model import Finding, Status, Transition
from reports.view import NOT_GREEN, View, worst_first


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Findings that became open, are still open, are resolved, or are no longer checked. Open is FAIL or UNVERIFIED.

    `has_previous_run` is false if there is no earlier run to compare with.
    """

    has_previous_run: bool
    new: tuple[Transition, ...]
    still_open: tuple[Finding, ...]
    resolved: tuple[Transition, ...]
    no_longer_checked: tuple[Finding, ...]

    @property
    def has_changes(self) -> bool:
        """Whether any list has an entry."""
        return bool(self.new or self.still_open or self.resolved or self.no_longer_checked)

    def age_label(self, finding: Finding) -> str:
        """`new` or `still open` for an open finding; empty for others, and without an earlier run."""
        if not self.has_previous_run or finding.status not in NOT_GREEN:
            return ""
        return "new" if any(change.finding.key == finding.key for change in self.new) else "still open"


def changes(view: View) -> Changes:
    """The transitions of a run, and the findings of the previous run that it does not have."""
    run = view.run
    by_key = {change.finding.key: change for change in run.transitions}
    present = {finding.key for finding in run.findings}
    open_findings = worst_first(finding for finding in run.findings if finding.status in NOT_GREEN)
    resolved = worst_first(change.finding for change in run.transitions if _is_resolved(change))
    return Changes(
        has_previous_run=bool(run.previous_seal or view.previous or any(change.previous for change in run.transitions)),
        new=tuple(by_key[finding.key] for finding in open_findings if finding.key in by_key),
        still_open=tuple(finding for finding in open_findings if finding.key not in by_key),
        resolved=tuple(by_key[finding.key] for finding in resolved),
        no_longer_checked=tuple(worst_first(finding for finding in view.previous if finding.key not in present)),
    )


def _is_resolved(change: Transition) -> bool:
    return change.previous in NOT_GREEN and change.finding.status in {Status.PASS, Status.NOT_APPLICABLE}
