"""Makes each planned observation once, in parallel threads, and ends by the deadlines."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue
from threading import Thread

from basewatch.check import AbsentComponent, AnyCheck, Outcome, Unobserved
from basewatch.clients import Client, ClientFactory
from basewatch.components import Component
from basewatch.errors import NotFoundError, ObservationError
from basewatch.facts import digest, to_json
from basewatch.model import Evidence, Reason

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedObservation:
    """An observation of one component; `check` is any of the checks that share it."""

    check: AnyCheck
    component: Component

    @property
    def key(self) -> tuple[str, str]:
        """The names of the observation and of the component; equal keys mean the same observation."""
        return self.check.observation_name, self.component.ref


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """The time limits of one observation and of all together, and how many run in parallel."""

    per_observation: timedelta
    total: timedelta
    concurrency: int


Outcomes = Mapping[tuple[str, str], Outcome]
SourceOf = Callable[[PlannedObservation], str]
"""The source that an observation looks at, in the words of Evidence.source; empty when it is not known."""


@dataclass(slots=True, kw_only=True, eq=False)
class _Look:
    """An observation under way: its source, and its client once it is open."""

    observation: PlannedObservation
    source: str
    client: Client | None = None

    def unobserved(self, error: ObservationError) -> Unobserved:
        """Ends the look without facts, with the source and the action that it was at."""
        return Unobserved(
            reason=error.reason,
            detail=error.detail,
            remedy=error.remedy,
            source=error.source or self.source or (self.client.source if self.client else ""),
            action=error.action or (self.client.action if self.client else "connect"),
        )


_Results = SimpleQueue[tuple[_Look, Outcome]]


def observe_all(
    observations: Sequence[PlannedObservation],
    clients: ClientFactory,
    deadlines: Deadlines,
    clock: Callable[[], datetime],
    *,
    source_of: SourceOf = lambda _observation: "",
) -> Outcomes:
    """The outcome of every observation; one without a result by its deadline is Unobserved with reason timeout.

    The threads are daemons and a late result is dropped, so a client that hangs cannot delay the run.
    """
    waiting, results = deque(_Look(observation=each, source=source_of(each)) for each in observations), _Results()
    running: dict[_Look, float] = {}
    outcomes: dict[tuple[str, str], Outcome] = {}
    end = time.monotonic() + deadlines.total.total_seconds()
    while (waiting or running) and time.monotonic() < end:
        while waiting and len(running) < deadlines.concurrency:
            look = waiting.popleft()
            running[look] = time.monotonic() + deadlines.per_observation.total_seconds()
            Thread(target=_observe, args=(look, clients, clock, results), daemon=True).start()
        try:
            look, outcome = results.get(timeout=max(0.0, min(end, *running.values()) - time.monotonic()))
        except Empty:
            for look in [look for look, deadline in running.items() if deadline <= time.monotonic()]:
                del running[look]
                late = _timeout(f"no answer within {deadlines.per_observation.total_seconds():g} s")
                outcomes[look.observation.key] = look.unobserved(late)
        else:
            if running.pop(look, None) is not None:
                outcomes[look.observation.key] = outcome
    late = _timeout(f"the run reached its deadline of {deadlines.total.total_seconds():g} s")
    return outcomes | {look.observation.key: look.unobserved(late) for look in (*running, *waiting)}


def _timeout(detail: str) -> ObservationError:
    remedy = "Check the network and the load, or raise run.check_deadline."
    return ObservationError(Reason.TIMEOUT, detail, remedy=remedy)


def _observe(look: _Look, clients: ClientFactory, clock: Callable[[], datetime], results: _Results) -> None:
    results.put((look, _outcome(look, clients, clock)))


def _outcome(look: _Look, clients: ClientFactory, clock: Callable[[], datetime]) -> Outcome:
    check, component = look.observation.check, look.observation.component
    try:
        with clients.open(check.client_type, component) as client:
            look.client = client
            return _evidence(look.observation, client, check.observe(client, component), clock())
    except ObservationError as error:
        return look.unobserved(error)
    except NotFoundError as error:
        return AbsentComponent(detail=str(error), declared=error.declared)
    except Exception:  # the boundary around one check on one component: a crash gives a verdict and ends no run
        logger.exception("observation %s crashed on %s", check.observation_name, component.ref)
        detail = "the observation crashed; the traceback is in the log"
        remedy = "Report it with the log of this run; other checks are not affected."
        return look.unobserved(ObservationError(Reason.BUG, detail, remedy=remedy))


def _evidence(observation: PlannedObservation, client: Client, facts: object, at: datetime) -> Evidence:
    name, component = observation.key
    data = to_json(observation.check.facts_type, facts)
    return Evidence(
        digest=digest({"observation": name, "component": component, "facts": data}),
        observation=name,
        component=component,
        facts=data,
        source=client.source,
        principal=client.principal,
        requests=client.requests,
        observed_at=at,
    )
