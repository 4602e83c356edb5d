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
_Results = SimpleQueue[tuple[tuple[str, str], Outcome]]


def observe_all(
    observations: Sequence[PlannedObservation],
    clients: ClientFactory,
    deadlines: Deadlines,
    clock: Callable[[], datetime],
) -> Outcomes:
    """The outcome of every observation; one without a result by its deadline is Unobserved with reason timeout.

    The threads are daemons and a late result is dropped, so a client that hangs cannot delay the run.
    """
    waiting, results = deque(observations), _Results()
    running: dict[tuple[str, str], float] = {}
    outcomes: dict[tuple[str, str], Outcome] = {}
    end = time.monotonic() + deadlines.total.total_seconds()
    while (waiting or running) and time.monotonic() < end:
        while waiting and len(running) < deadlines.concurrency:
            observation = waiting.popleft()
            running[observation.key] = time.monotonic() + deadlines.per_observation.total_seconds()
            Thread(target=_observe, args=(observation, clients, clock, results), daemon=True).start()
        try:
            key, outcome = results.get(timeout=max(0.0, min(end, *running.values()) - time.monotonic()))
        except Empty:
            for key in [key for key, deadline in running.items() if deadline <= time.monotonic()]:
                del running[key]
                outcomes[key] = _timeout(f"no answer within {deadlines.per_observation.total_seconds():g} s")
        else:
            if running.pop(key, None) is not None:
                outcomes[key] = outcome
    out_of_time = _timeout(f"the run reached its deadline of {deadlines.total.total_seconds():g} s")
    return {observation.key: outcomes.get(observation.key, out_of_time) for observation in observations}


def _timeout(detail: str) -> Unobserved:
    return Unobserved(
        reason=Reason.TIMEOUT, detail=detail, remedy="Check the network and the load, or raise run.check_deadline."
    )


def _observe(
    observation: PlannedObservation, clients: ClientFactory, clock: Callable[[], datetime], results: _Results
) -> None:
    results.put((observation.key, _outcome(observation, clients, clock)))


def _outcome(observation: PlannedObservation, clients: ClientFactory, clock: Callable[[], datetime]) -> Outcome:
    check, component = observation.check, observation.component
    try:
        with clients.open(check.client_type, component) as client:
            return _evidence(observation, client, check.observe(client, component), clock())
    except ObservationError as error:
        return Unobserved(reason=error.reason, detail=error.detail, remedy=error.remedy)
    except NotFoundError as error:
        return AbsentComponent(detail=str(error), declared=error.declared)
    except Exception:  # the boundary around one check on one component: a crash gives a verdict and ends no run
        logger.exception("observation %s crashed on %s", check.observation_name, component.ref)
        return Unobserved(
            reason=Reason.BUG,
            detail="the observation crashed; the traceback is in the log",
            remedy="Report it with the log of this run; other checks are not affected.",
        )


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
