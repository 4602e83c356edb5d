"""Asks each observation once, side by side, and never waits past a deadline."""

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
    """One question to one component; `check` is any of the checks that share it."""

    check: AnyCheck
    component: Component

    @property
    def key(self) -> tuple[str, str]:
        """The observation's name and the component's: what makes two askings the same."""
        return self.check.observation_name, self.component.ref


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """How long one observation may take, how long all may, and how many are asked at once."""

    per_observation: timedelta
    total: timedelta
    concurrency: int


Outcomes = Mapping[tuple[str, str], Outcome]
_Answers = SimpleQueue[tuple[tuple[str, str], Outcome]]


def observe_all(
    observations: Sequence[PlannedObservation],
    clients: ClientFactory,
    deadlines: Deadlines,
    clock: Callable[[], datetime],
) -> Outcomes:
    """The outcome of every observation; what has not answered by its deadline is Unanswered(timeout).

    Threads are daemons and a late answer is dropped: a client that hangs past its own timeouts cannot hold the pass.
    """
    waiting, answers = deque(observations), _Answers()
    running: dict[tuple[str, str], float] = {}
    outcomes: dict[tuple[str, str], Outcome] = {}
    end = time.monotonic() + deadlines.total.total_seconds()
    while (waiting or running) and time.monotonic() < end:
        while waiting and len(running) < deadlines.concurrency:
            observation = waiting.popleft()
            running[observation.key] = time.monotonic() + deadlines.per_observation.total_seconds()
            Thread(target=_answer, args=(observation, clients, clock, answers), daemon=True).start()
        try:
            key, outcome = answers.get(timeout=max(0.0, min(end, *running.values()) - time.monotonic()))
        except Empty:
            for key in [key for key, deadline in running.items() if deadline <= time.monotonic()]:
                del running[key]
                outcomes[key] = _late(f"no answer within {deadlines.per_observation.total_seconds():g} s")
        else:
            if running.pop(key, None) is not None:
                outcomes[key] = outcome
    out_of_time = _late(f"the pass ran out of its {deadlines.total.total_seconds():g} s")
    return {observation.key: outcomes.get(observation.key, out_of_time) for observation in observations}


def _late(detail: str) -> Unobserved:
    return Unobserved(
        reason=Reason.TIMEOUT, detail=detail, remedy="Look at the network and the load, or raise run.check_deadline."
    )


def _answer(
    observation: PlannedObservation, clients: ClientFactory, clock: Callable[[], datetime], answers: _Answers
) -> None:
    answers.put((observation.key, _outcome(observation, clients, clock)))


def _outcome(observation: PlannedObservation, clients: ClientFactory, clock: Callable[[], datetime]) -> Outcome:
    check, component = observation.check, observation.component
    try:
        with clients.open(check.client_type, component) as client:
            return _evidence(observation, client, check.observe(client, component), clock())
    except ObservationError as error:
        return Unobserved(reason=error.reason, detail=error.detail, remedy=error.remedy)
    except NotFoundError as error:
        return AbsentComponent(detail=str(error))
    except Exception:  # the boundary around one check on one component: a crash is a verdict, never an end
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
