"""What an exporter still waits for before its page is worth a scrape."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from prometheus_client import Gauge

from basewatch.telemetry import ExporterMetrics


def waiting_for_metrics(
    telemetry: ExporterMetrics, missing_sources: AbstractSet[str], collectors: AbstractSet[str]
) -> str:
    """What of the metrics is not on the page yet; empty when every collector was asked, and at least one has answered.

    `missing_sources` are those that were never refreshed, `collectors` those that have something to collect.
    """
    attempted = set(_collectors_in(telemetry.last_attempt))
    if missing := missing_sources or collectors - attempted:
        return f"the first refresh of {', '.join(sorted(missing))}"
    if attempted and not any((*_collectors_in(telemetry.last_success), *_collectors_in(telemetry.series))):
        return "an answer to any collector"
    return ""


def _collectors_in(gauge: Gauge) -> Iterator[str]:
    """The collectors for which the gauge is not zero."""
    for metric in gauge.collect():
        yield from (sample.labels["collector"] for sample in metric.samples if sample.value)
