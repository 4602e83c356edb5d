"""Signs in to sources and makes calls until a time limit; what is late becomes an error and delays nothing else."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

from basewatch.aws.errors import SIGN_IN
from basewatch.errors import ObservationError
from basewatch.model import Reason
from basewatch.time_limit import Late, TimeLimit, run_all
from collectors.cloudwatch.declared_targets import Location
from collectors.cloudwatch.fetch import FetchResult
from collectors.cloudwatch.planner import Call
from collectors.cloudwatch.query_answer import Answer
from collectors.cloudwatch.source import MetricSource

_LATE_REMEDY = "check the network and the load, or raise run.deadline"

logger = logging.getLogger(__name__)

SourceOf = Callable[[str, str], MetricSource]
Place = tuple[str, str]
"""An account and a region."""
Sources = Mapping[Place, MetricSource | ObservationError]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallOutcome:
    """The result of one call of a part."""

    part: int
    source: MetricSource
    call: Call
    fetched: FetchResult


def signed_in_sources(places: Iterable[Place], source_of: SourceOf, limit: TimeLimit) -> Sources:
    """The source of each account and region, or why there is none; all are signed in to at the same time."""

    def signed_in(place: Place) -> MetricSource | ObservationError:
        try:
            source = source_of(*place)
            # A failed sign-in is reported once here and not in every call.
            _ = source.principal
        except ObservationError as error:
            return error
        return source

    asked = tuple(places)
    found = run_all([partial(signed_in, place) for place in asked], limit, concurrency=max(1, len(asked)))
    return {
        place: _late_sign_in(*place) if isinstance(each, Late) else each.result
        for place, each in zip(asked, found, strict=True)
    }


def _late_sign_in(account_id: str, region: str) -> ObservationError:
    detail = "the sign-in did not end before the run had to go on without metrics"
    place = Location(account_id=account_id, region=region)
    return ObservationError(Reason.TIMEOUT, detail, remedy=_LATE_REMEDY, source=place.source, action=SIGN_IN)


def fetch_calls(
    calls: Iterable[tuple[int, MetricSource, Call]], concurrency: int, limit: TimeLimit
) -> tuple[CallOutcome, ...]:
    """The outcome of every call; each source has its own `concurrency`."""
    work = tuple(calls)
    done = run_all(
        [partial(_fetch, source, call) for _, source, call in work],
        limit,
        concurrency=concurrency,
        lane=lambda number: id(work[number][1]),
    )
    return tuple(
        CallOutcome(
            part=part,
            source=source,
            call=call,
            fetched=_unanswered(call, _late_answer()) if isinstance(each, Late) else each.result,
        )
        for (part, source, call), each in zip(work, done, strict=True)
    )


def _fetch(source: MetricSource, call: Call) -> FetchResult:
    try:
        return source.fetch(call)
    except Exception:  # the boundary around one call: a crash gives gaps and ends no run
        logger.exception("a call to %s/%s crashed", source.account_id, source.region)
        remedy = "Report it with the log of this run; other metrics are not affected."
        crash = ObservationError(Reason.BUG, "the call crashed; the traceback is in the log", remedy=remedy)
        return _unanswered(call, crash)


def _late_answer() -> ObservationError:
    detail = "CloudWatch had not answered when the run had to go on without metrics"
    return ObservationError(Reason.TIMEOUT, detail, remedy=_LATE_REMEDY)


def _unanswered(call: Call, error: ObservationError) -> FetchResult:
    return FetchResult(answers=(Answer((), (), error),) * len(call.queries), requests=())
