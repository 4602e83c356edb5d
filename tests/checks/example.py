"""Two small checks and their client, for tests of the engine; a function of the test supplies the facts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from basewatch.check import Check, check
from basewatch.clients import K
from basewatch.components import Component, Function
from basewatch.model import Proof, Severity, Verdict, failed, passed
from checks.engine.judge import PlannedCheck
from checks.engine.observe import Deadlines

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SOON = Deadlines(per_observation=timedelta(seconds=5), total=timedelta(seconds=20), concurrency=4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """The doors that are open."""

    open: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Guard:
    """A client whose answers come from a function of the test; it records the names of the observed components."""

    answer: Callable[[str], Doors]
    observed: list[str] = field(default_factory=list[str])
    source: str = "test"
    principal: str = "guard"
    requests: tuple[str, ...] = ("test:Look 1",)
    action: str = "test:Look"


def doors(guard: Guard, component: Function) -> Doors:
    """The doors of one component."""
    guard.observed.append(component.name)
    return guard.answer(component.name)


@check(
    "test.doors.closed",
    component=Function,
    observe=doors,
    severity=Severity.HIGH,
    proof=Proof.POPULATION,
    needs=("test:Look",),
)
def doors_closed(facts: Doors, component: Function, now: datetime) -> Iterator[Verdict]:
    """Every door is closed.

    Why: an open door lets anyone in.
    Reads: the doors.
    Unverified when: the guard does not answer.
    Fix: Close it.
    Source: common sense.
    """
    for door in facts.open:
        yield failed(f"{door} is open", subject=door, observed="open", expected="closed")
    if not facts.open:
        yield passed(f"no door of {component.name} is open at {now:%H:%M}")


@check(
    "test.doors.few",
    component=Function,
    observe=doors,
    severity=Severity.LOW,
    proof=Proof.POPULATION,
    needs=("test:Look",),
    promises=("errors_below",),
)
def doors_few(facts: Doors, component: Function, now: datetime) -> Iterator[Verdict]:
    """Fewer than three doors are open.

    Why: three is a crowd.
    Reads: the doors.
    Unverified when: the guard does not answer.
    Fix: Close one.
    Source: a proverb.
    """
    del component, now
    yield passed("few doors are open") if len(facts.open) < 3 else failed("many doors are open")


@dataclass(frozen=True, slots=True)
class GuardPost:
    """A client factory that always returns the one guard."""

    guard: Guard

    def open(self, client_type: type[K], component: Component) -> AbstractContextManager[K]:
        """The guard, for any component."""
        del component
        assert isinstance(self.guard, client_type)
        return nullcontext(self.guard)


def planned(check: Check[Guard, Function, Doors] = doors_closed, name: str = "auth") -> PlannedCheck:
    """The planned pair of this check and a function of that name."""
    return PlannedCheck(check=check, component=Function(name=name), severity=check.severity)
