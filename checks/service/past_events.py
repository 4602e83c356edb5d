"""Reads the events of an objective's whole window, in blocks of six hours."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

from basewatch.components import Slo
from basewatch.errors import ObservationError
from basewatch.metrics import MetricsClient
from checks.service.aligned_series import AlignedSeries, read_past
from checks.service.error_budget import PastEvents
from checks.service.past import BLOCK, FINE_PERIOD, MINUTE, MINUTES_BACK
from checks.service.sli_families import SliFamilies, sli_families


def past_events(metrics: MetricsClient, slo: Slo) -> PastEvents:
    """The events of the objective's window. Raises: ObservationError, when they were not collected.

    CloudWatch does not keep minutes so long. Of a latency from further back, a slow period of five minutes has at least
    one slow minute, and at most five.
    """
    families = sli_families(slo)
    if families.latency:
        if slo.window <= MINUTES_BACK:
            return _latency(metrics, slo, families, slo.window, MINUTE)
        past = _latency(metrics, slo, families, slo.window, FINE_PERIOD)
        with suppress(ObservationError):
            past = _with(past, _latency(metrics, slo, families, MINUTES_BACK, MINUTE))
        return past
    events, bad = (read_past(metrics, slo, family, slo.window, of=slo.of) for family in (families.events, families.bad))
    if families.bad_are_apart:
        events = events.plus(bad)
        # DynamoDB publishes throttled requests only when there are some.
        bad = bad.combined(events, lambda some, count: 0.0 if some is None and count is not None else some)
    return PastEvents(bad_at_least=bad, bad_at_most=bad, total=events)


def _latency(
    metrics: MetricsClient, slo: Slo, families: SliFamilies, length: timedelta, period: timedelta
) -> PastEvents:
    """The slow minutes among those with requests, from a percentile over this period."""
    p99 = read_past(metrics, slo, families.latency, length, of=slo.of, period=period, quantile=families.quantile)
    limit, minutes = slo.below.total_seconds() if slo.below else 0.0, period / MINUTE
    slow = _by_block(p99.with_values(tuple(None if each is None else float(each > limit) for each in p99.values)))
    busy = _by_block(p99.with_values(tuple(None if each is None else minutes for each in p99.values)))
    return PastEvents(bad_at_least=slow, bad_at_most=_scaled(slow, minutes), total=busy)


def _with(past: PastEvents, newer: PastEvents) -> PastEvents:
    """The past, with the blocks of a newer one in place of its own where both have a value."""

    def replaced(old: AlignedSeries, new: AlignedSeries) -> AlignedSeries:
        by_start = {new.time_at(at): value for at, value in enumerate(new.values) if value is not None}
        values = (by_start.get(old.time_at(at), value) for at, value in enumerate(old.values))
        return old.with_values(tuple(values))

    return PastEvents(
        bad_at_least=replaced(past.bad_at_least, newer.bad_at_least),
        bad_at_most=replaced(past.bad_at_most, newer.bad_at_most),
        total=replaced(past.total, newer.total),
    )


def _by_block(series: AlignedSeries) -> AlignedSeries:
    """The sums of whole blocks, from the first that is complete."""
    count = BLOCK // series.period
    first = int(-(series.start.timestamp() // series.period.total_seconds()) % count)
    blocks = (series.values[at : at + count] for at in range(first, len(series.values) - count + 1, count))
    sums = tuple(
        sum(value for value in block if value is not None) if any(v is not None for v in block) else None
        for block in blocks
    )
    return AlignedSeries(start=series.time_at(first), period=BLOCK, values=sums)


def _scaled(series: AlignedSeries, factor: float) -> AlignedSeries:
    return series.with_values(tuple(None if value is None else value * factor for value in series.values))
