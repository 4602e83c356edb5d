"""The overhead of the check runner: checks that do nothing, compared with direct calls."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import cast

from basewatch.check import check
from basewatch.clients import K
from basewatch.components import Component, Function
from basewatch.model import Proof, Severity, Verdict, passed
from benchmarks.timing import Measurement, best_time
from checks.engine.observe import Deadlines
from checks.engine.run import plan_checks, run_checks

_FUNCTIONS = 200
_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_DEADLINES = Deadlines(per_observation=timedelta(seconds=30), total=timedelta(minutes=10), concurrency=8)


@dataclass(frozen=True, slots=True, kw_only=True)
class EmptyFacts:
    """Facts without content."""

    seen: int


@dataclass(frozen=True, slots=True)
class NoOpClient:
    """A client that answers at once."""

    source: str = "benchmark"
    principal: str = "benchmark"
    requests: tuple[str, ...] = ()

    def open(self, client_type: type[K], component: Component) -> AbstractContextManager[K]:
        """The client itself, for any client_type."""
        return nullcontext(cast("K", self))


def _look(client: NoOpClient, component: Function) -> EmptyFacts:
    return EmptyFacts(seen=len(client.source) + len(component.name))


@check(
    "benchmark.nothing",
    component=Function,
    observe=_look,
    severity=Severity.LOW,
    proof=Proof.SAMPLE,
    needs=("nothing",),
)
def _nothing_is_wrong(facts: EmptyFacts, component: Function, now: datetime) -> Iterator[Verdict]:
    """Nothing is wrong."""
    yield passed(f"{component.name} at {now.year}: {facts.seen}")


def measurements() -> Iterator[Measurement]:
    """The cost of threads, deadlines, evidence and digests for each check."""
    functions = [Function(name=f"function-{number}") for number in range(_FUNCTIONS)]
    plan = plan_checks((_nothing_is_wrong,), functions, {})
    client = NoOpClient()
    yield Measurement(
        what="run one check, without its requests",
        measured_seconds=best_time(lambda: run_checks(plan, client, _DEADLINES, _NOW, lambda: _NOW)) / _FUNCTIONS,
        bound_name="observe and judge alone",
        bound_seconds=best_time(lambda: list(_nothing_is_wrong.judge(_look(client, functions[0]), functions[0], _NOW))),
    )
