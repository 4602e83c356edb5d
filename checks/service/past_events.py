"""Reads the events of an objective's whole window, in blocks of six hours."""

from __future__ import annotations

from basewatch.components import Slo
from basewatch.metrics import MetricsClient
from checks.service.aligned_series import AlignedSeries, read_past
from checks.service.error_budget import PastEvents
from checks.service.past import BLOCK, FINE_PERIOD
from checks.service.sli_families import sli_families

_MINUTES = 5.0
_PERIODS_PER_BLOCK = BLOCK // FINE_PERIOD


def past_events(metrics: MetricsClient, slo: Slo) -> PastEvents:
    """The events of the objective's window. Raises: ObservationError, when they were not collected.

    CloudWatch does not keep minutes so long. Of a latency, a slow period of five minutes has at least one slow minute,
    and at most five.
    """
    families = sli_families(slo)
    if families.latency:
        p99 = read_past(metrics, slo, families.latency, slo.window, of=slo.of, quantile=families.quantile)
        limit = slo.below.total_seconds() if slo.below else 0.0
        slow = _by_block(p99.with_values(tuple(None if p99 is None else float(p99 > limit) for p99 in p99.values)))
        return PastEvents(
            bad_at_least=slow,
            bad_at_most=_scaled(slow, _MINUTES),
            total=_scaled(
                _by_block(p99.with_values(tuple(None if p99 is None else 1.0 for p99 in p99.values))), _MINUTES
            ),
        )
    events, bad = (read_past(metrics, slo, family, slo.window, of=slo.of) for family in (families.events, families.bad))
    if families.bad_are_apart:
        events = events.plus(bad)
        # DynamoDB publishes throttled requests only when there are some.
        bad = bad.combined(events, lambda some, count: 0.0 if some is None and count is not None else some)
    return PastEvents(bad_at_least=bad, bad_at_most=bad, total=events)


def _by_block(series: AlignedSeries) -> AlignedSeries:
    """The sums of whole blocks, from the first that is complete."""
    skipped = -(series.start.timestamp() // FINE_PERIOD.total_seconds()) % _PERIODS_PER_BLOCK
    first = int(skipped)
    blocks = (
        series.values[at : at + _PERIODS_PER_BLOCK]
        for at in range(first, len(series.values) - _PERIODS_PER_BLOCK + 1, _PERIODS_PER_BLOCK)
    )
    sums = tuple(
        sum(value for value in block if value is not None) if any(v is not None for v in block) else None
        for block in blocks
    )
    return AlignedSeries(start=series.time_at(first), period=BLOCK, values=sums)


def _scaled(series: AlignedSeries, factor: float) -> AlignedSeries:
    return series.with_values(tuple(None if value is None else value * factor for value in series.values))
