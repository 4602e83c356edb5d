"""The story a newcomer sees: all is well, something breaks and people are told, it is repaired and they are told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from basewatch.model import Finding, Run, Status
from basewatch.notifier import Action, Notification
from demo.box import Box
from demo.faults.fault import Expected, Fault

GREEN = (Status.PASS, Status.NOT_APPLICABLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One pass of the story as it came out: its run, the messages that arrived, and those that did not."""

    run: Run
    delivered: tuple[Notification, ...]
    undelivered: tuple[str, ...]


class Audience(Protocol):
    """Who the story is told to, and who is asked what the people on call have seen."""

    def stage(self, title: str) -> None:
        """A new stage begins."""
        ...

    def line(self, text: str) -> None:
        """One line of it."""
        ...

    def look(self) -> Told:
        """A pass is made and shown, with the alerts that arrived."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One stage as it ended: `surprises` is every way in which it did not come out as told, none of them if it did."""

    title: str
    surprises: tuple[str, ...]


def tell(
    box: Box, faults: Sequence[Fault], audience: Audience, still_open: Callable[[], Sequence[str]]
) -> Iterator[Stage]:
    """Each stage as it ends; `still_open` says which alerts people still believe in."""
    audience.stage("Everything SecureBase promises is looked at")
    yield Stage(title="all green", surprises=_all_green(audience.look()))

    audience.stage("It is broken: " + ", ".join(fault.name for fault in faults))
    for fault in faults:
        audience.line(fault.title)
        fault.apply(box)
    yield Stage(title="exactly the faults found", surprises=_exactly(audience.look(), faults))

    audience.stage("It is repaired")
    for fault in reversed(faults):
        fault.repair(box)
    told = audience.look()
    forgotten = tuple(f"{alert} was never resolved" for alert in still_open())
    yield Stage(title="all green again, every alert resolved", surprises=(*_all_green(told), *forgotten))


def _all_green(told: Told) -> tuple[str, ...]:
    unexpected = (f"unexpected: {_named(finding)}" for finding in told.run.findings if finding.status not in GREEN)
    return (*unexpected, *told.undelivered)


def _exactly(told: Told, faults: Sequence[Fault]) -> tuple[str, ...]:
    """How the broken pass differs from the findings the faults cause, each told to somebody, if only by its cause."""
    wanted = {expected for fault in faults for expected in fault.expects}
    found = {expected_of(finding): finding for finding in told.run.findings if finding.status not in GREEN}
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


def expected_of(finding: Finding) -> Expected:
    """A finding as a fault names it."""
    return Expected(check=finding.check, component=finding.component, subject=finding.subject, status=finding.status)


def _named(finding: Finding) -> str:
    return f"{finding.status} {finding.check} {finding.component} {finding.subject}: {finding.summary}"
