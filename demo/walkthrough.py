"""The steps of `basewatch demo`: all checks pass, faults are found and alerted, and after the repair all pass again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from basewatch.check import is_alerted
from basewatch.model import Finding, Run, Status
from basewatch.notifier import Action, Notification
from demo.faults.fault import ExpectedFinding, Fault
from demo.sandbox import Sandbox

_EXPECTED_STATUSES = (Status.PASS, Status.NOT_APPLICABLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class PassResult:
    """One run of the demo: its record, the delivered notifications, and an error text for each undelivered one."""

    run: Run
    delivered: tuple[Notification, ...]
    undelivered: tuple[str, ...]


class Presenter(Protocol):
    """Shows the walkthrough, and makes its runs."""

    def begin_step(self, title: str) -> None:
        """Show the title of a new step."""
        ...

    def line(self, text: str) -> None:
        """Show one line of the step."""
        ...

    def make_pass(self) -> PassResult:
        """Run all checks once, and show the findings and the alerts."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A finished step: `title` states the expected result, `mismatches` every difference from it."""

    title: str
    mismatches: tuple[str, ...]


def walk_through(
    sandbox: Sandbox, faults: Sequence[Fault], presenter: Presenter, unresolved_alerts: Callable[[], Sequence[str]]
) -> Iterator[Step]:
    """Each step as it ends; `unresolved_alerts` returns the alerts that are still open."""
    presenter.begin_step("Check every promise of SecureBase")
    yield Step(title="every promise that a check judges is kept", mismatches=_not_passing(presenter.make_pass()))

    presenter.begin_step("Inject faults: " + ", ".join(fault.name for fault in faults))
    for fault in faults:
        presenter.line(fault.title)
        fault.apply(sandbox)
    yield Step(
        title="exactly the expected findings, with their alerts",
        mismatches=_differing_findings(presenter.make_pass(), faults),
    )

    presenter.begin_step("Repair the faults")
    for fault in reversed(faults):
        fault.repair(sandbox)
    result = presenter.make_pass()
    unresolved = tuple(f"not resolved: {alert}" for alert in unresolved_alerts())
    yield Step(
        title="every promise that a check judges is kept again, and every alert is resolved",
        mismatches=(*_not_passing(result), *unresolved),
    )


def _not_passing(result: PassResult) -> tuple[str, ...]:
    unexpected = (f"unexpected finding: {_text(finding)}" for finding in result.run.findings if is_red(finding))
    return (*unexpected, *result.undelivered)


def _differing_findings(result: PassResult, faults: Sequence[Fault]) -> tuple[str, ...]:
    """Missing and unexpected findings, and findings for which neither they nor their cause had an alert."""
    wanted = {expected for fault in faults for expected in fault.expected_findings}
    found = {as_expected(finding): finding for finding in result.run.findings if is_red(finding)}
    fired = Counter(message.key for message in result.delivered if message.action is Action.FIRE)
    return (
        *(
            f"missing finding: {expected.check} {expected.subject} {expected.status}"
            for expected in sorted(wanted - found.keys())
        ),
        *(f"unexpected finding: {_text(finding)}" for expected, finding in found.items() if expected not in wanted),
        *(f"no alert for: {_text(finding)}" for finding in found.values() if not fired[finding.cause or finding.key]),
        *result.undelivered,
    )


def is_red(finding: Finding) -> bool:
    """Whether something is broken: the promise, or the look at it. A promise without a check is neither."""
    return finding.status not in _EXPECTED_STATUSES and is_alerted(finding.check)


def as_expected(finding: Finding) -> ExpectedFinding:
    """The finding in the form in which a fault lists it."""
    return ExpectedFinding(
        check=finding.check, component=finding.component, subject=finding.subject, status=finding.status
    )


def _text(finding: Finding) -> str:
    return f"{finding.status} {finding.check} {finding.component} {finding.subject}: {finding.summary}"
