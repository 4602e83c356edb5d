"""A check that an endpoint answers as fast as promised."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from basewatch.check import check
from basewatch.components import Endpoint
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed, unverified
from basewatch.quantities import format_duration
from checks.endpoint.visit import SILENT, Visit, silent, visit

_ENOUGH = 3


@check(
    "endpoint.http.latency",
    component=Endpoint,
    observe=visit,
    severity=Severity.MEDIUM,
    proof=Proof.SAMPLE,
    needs=(),
    promises=("answers_below",),
    follows_from=SILENT,
)
def endpoint_is_fast(found: Visit, endpoint: Endpoint, _now: datetime) -> Iterator[Verdict]:
    """The endpoint answers as fast as promised.

    Why: API Gateway measures latency inside AWS; customers also wait for the network and for what stands before it.
    Reads: The time until the last header of five GETs on one connection; the first, which has the handshake, is left
    out, and the median of the others counts. The way from Basewatch to the endpoint is in it.
    Unverified when: The endpoint gives no answer, or fewer than three.
    Fix: Compare with the latency that API Gateway measures: if that is low, the way to it is slow.
    Source: https://sre.google/sre-book/monitoring-distributed-systems/ on black-box monitoring
    """
    limit = endpoint.answers_below
    expected = f"below {format_duration(limit)}" if limit else ""
    times = [reply.took for reply in found.replies[1:]]
    if not found.replies:
        yield silent(found, expected)
    elif len(times) < _ENOUGH or limit is None:
        yield unverified(
            Reason.NOT_ENOUGH_DATA,
            "Most requests got no answer",
            observed=f"{len(times)} answers",
            expected=expected,
            remedy="Look again, and read the logs of the endpoint.",
        )
    else:
        middle = sorted(times)[(len(times) - 1) // 2]
        observed = f"{format_duration(middle)}, from {format_duration(min(times))} to {format_duration(max(times))}"
        if middle < limit:
            yield passed(f"It answers in {format_duration(middle)}", observed=observed, expected=expected)
        else:
            yield failed(f"It takes {format_duration(middle)} to answer", observed=observed, expected=expected)
