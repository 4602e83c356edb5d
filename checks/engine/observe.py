"""Makes each planned observation once, in parallel threads, and ends by the deadlines."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from basewatch.check import AbsentComponent, AnyCheck, Outcome, Unobserved
from basewatch.clients import Client, ClientFactory
from basewatch.components import Component
from basewatch.errors import NotFoundError, ObservationError
from basewatch.facts import digest, to_json
from basewatch.model import Evidence, Reason
from basewatch.time_limit import Late, TimeLimit, run_all

_PATIENCE = 5
"""After this part of its time an observation waits for a peer that is slow, and another one begins beside it."""

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


def observe_all(
    observations: Sequence[PlannedObservation],
    clients: ClientFactory,
    deadlines: Deadlines,
    clock: Callable[[], datetime],
    *,
    source_of: SourceOf = lambda _observation: "",
    limit: TimeLimit | None = None,
) -> Outcomes:
    """The outcome of every observation; one without a result by its deadline is Unobserved with reason timeout.

    `limit` is the end of the run, if it began earlier. A client that hangs cannot delay the run.
    """
    looks = [_Look(observation=each, source=source_of(each)) for each in observations]
    found = run_all(
        [partial(_outcome, look, clients, clock) for look in looks],
        limit or TimeLimit.after(deadlines.total.total_seconds()),
        concurrency=deadlines.concurrency,
        each_seconds=deadlines.per_observation.total_seconds(),
        patience_seconds=deadlines.per_observation.total_seconds() / _PATIENCE,
    )
    return {
        look.observation.key: look.unobserved(_timeout(each, deadlines)) if isinstance(each, Late) else each.result
        for look, each in zip(looks, found, strict=True)
    }


def _timeout(late: Late, deadlines: Deadlines) -> ObservationError:
    if late.own_limit:
        detail = f"no answer within {deadlines.per_observation.total_seconds():g} s"
        remedy = "Check the network and the load, or raise run.check_deadline."
    else:
        when = "while this was observed" if late.started else "before this could be observed"
        detail = f"the run reached its deadline of {deadlines.total.total_seconds():g} s {when}"
        remedy = "Check what else timed out in this run, or raise run.deadline."
    return ObservationError(Reason.TIMEOUT, detail, remedy=remedy)


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
