"""The story a newcomer sees: all is well, something breaks and people are told, it is repaired and they are told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from basewatch.model import Finding, Run, Status
from basewatch.notifier import Action, Notification
from demo.box import Sandbox
from demo.faults.fault import ExpectedFinding, Fault

EXPECTED_STATUSES = (Status.PASS, Status.NOT_APPLICABLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class PassResult:
    """One pass of the story as it came out: its run, the messages that arrived, and those that did not."""

    run: Run
    delivered: tuple[Notification, ...]
    undelivered: tuple[str, ...]


class Presenter(Protocol):
    """Who the story is told to, and who is asked what the people on call have seen."""

    def begin_step(self, title: str) -> None:
        """A new stage begins."""
        ...

    def line(self, text: str) -> None:
        """One line of it."""
        ...

    def make_pass(self) -> PassResult:
        """A pass is made and shown, with the alerts that arrived."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One stage as it ended: `mismatches` is every way in which it did not come out as told, none of them if it did."""

    title: str
    mismatches: tuple[str, ...]


def walk_through(
    box: Sandbox, faults: Sequence[Fault], presenter: Presenter, unresolved_alerts: Callable[[], Sequence[str]]
) -> Iterator[Step]:
    """Each stage as it ends; `unresolved_alerts` says which alerts people still believe in."""
    presenter.begin_step("Everything SecureBase promises is looked at")
    yield Step(title="all green", mismatches=_all_green(presenter.make_pass()))

    presenter.begin_step("It is broken: " + ", ".join(fault.name for fault in faults))
    for fault in faults:
        presenter.line(fault.title)
        fault.apply(box)
    yield Step(title="exactly the faults found", mismatches=_exactly(presenter.make_pass(), faults))

    presenter.begin_step("It is repaired")
    for fault in reversed(faults):
        fault.repair(box)
    told = presenter.make_pass()
    forgotten = tuple(f"{alert} was never resolved" for alert in unresolved_alerts())
    yield Step(title="all green again, every alert resolved", mismatches=(*_all_green(told), *forgotten))


def _all_green(told: PassResult) -> tuple[str, ...]:
    unexpected = (
        f"unexpected: {_named(finding)}" for finding in told.run.findings if finding.status not in EXPECTED_STATUSES
    )
    return (*unexpected, *told.undelivered)


def _exactly(told: PassResult, faults: Sequence[Fault]) -> tuple[str, ...]:
    """How the broken pass differs from the findings the faults cause, each told to somebody, if only by its cause."""
    wanted = {expected for fault in faults for expected in fault.expected_findings}
    found = {as_expected(finding): finding for finding in told.run.findings if finding.status not in EXPECTED_STATUSES}
    fired = Counter(message.key for message in told.delivered if message.action is Action.FIRE)
    return (
        *(
            f"not found: {expected.check} {expected.subject} {expected.status}"
            for expected in sorted(wanted - found.keys())
        ),
        *(f"unexpected: {_named(finding)}" for expected, finding in found.items() if expected not in wanted),
        *(
            f"nobody was told: {_named(finding)}"
            for finding in found.values()
            if not fired[finding.cause or finding.key]
        ),
        *told.undelivered,
    )


def as_expected(finding: Finding) -> ExpectedFinding:
    """A finding as a fault names it."""
    return ExpectedFinding(
        check=finding.check, component=finding.component, subject=finding.subject, status=finding.status
    )


def _named(finding: Finding) -> str:
    return f"{finding.status} {finding.check} {finding.component} {finding.subject}: {finding.summary}"
