"""Exports service limits beside the metrics that they bound; the services are queried every 15 minutes."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic

from basewatch.aws import AwsClient
from basewatch.collector import MetricTarget
from basewatch.errors import ObservationError
from basewatch.family import Block, MetricFamily, series_text
from basewatch.telemetry import ExporterMetrics
from collectors.limit_readers import LIMIT_READERS, LimitValue

REFRESH_INTERVAL = timedelta(minutes=15)
MAX_STALENESS = timedelta(hours=1)
"""How long a limit is still exported after reading it has failed; limits rarely change."""

_LocationKey = tuple[str, str]
"""An account and a region."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _CachedLimits:
    """The limits that one collector's service returned in one account and region, and when."""

    at: datetime
    blocks: tuple[Block, ...]
    failed: bool = False

    @property
    def series(self) -> int:
        return sum(len(block.series) for block in self.blocks)


class ResourceLimits:
    """A BlockSource of limits. It queries only services with measured resources, and exports only limits of those."""

    name = "resource_limits"

    def __init__(
        self,
        *,
        targets: Callable[[], Sequence[MetricTarget]],
        aws_client: Callable[[str, str], AwsClient],
        telemetry: ExporterMetrics,
    ) -> None:
        """`aws_client` returns a client for an account and region, or raises ObservationError. Sends no request yet."""
        self._targets = targets
        self._aws_client = aws_client
        self._telemetry = telemetry
        self._cached: dict[tuple[_LocationKey, str], _CachedLimits] = {}
        self._requested_at: dict[_LocationKey, datetime] = {}

    def refresh(self, at: datetime) -> None:
        """Reads the limits that are due at `at`. AWS errors are logged and do not raise."""
        measured = _measured(self._targets())
        self._cached = {key: answer for key, answer in self._cached.items() if key in measured}
        for location in dict.fromkeys(location for location, _ in measured):
            if location not in self._requested_at or at - self._requested_at[location] >= REFRESH_INTERVAL:
                self._requested_at[location] = at
                self._read_location(
                    location, {who: names for (where, who), names in measured.items() if where == location}, at
                )

    def blocks(self, at: datetime) -> Iterable[Block]:
        """The latest limits that are not older than the maximum staleness."""
        return [block for answer in self._cached.values() if at - answer.at < MAX_STALENESS for block in answer.blocks]

    def _read_location(self, location: _LocationKey, measured: dict[str, frozenset[str]], at: datetime) -> None:
        started = monotonic()
        for collector, names in measured.items():
            try:
                values = tuple(LIMIT_READERS[collector].read(self._aws_client(*location)))
            except ObservationError as error:
                logger.warning(
                    "limits of %s in %s were not read again: %s", collector, "/".join(location), error.detail
                )
                before = self._cached.get((location, collector))
                kept = _CachedLimits(at=before.at, blocks=before.blocks, failed=True) if before else _no_limits(at)
                self._store(location, collector, kept)
            else:
                self._store(location, collector, _CachedLimits(at=at, blocks=tuple(_blocks(location, values, names))))
        self._record(location, at, monotonic() - started)

    def _store(self, location: _LocationKey, collector: str, answer: _CachedLimits) -> None:
        # A new mapping each time: another thread may be reading the previous one.
        self._cached = {**self._cached, (location, collector): answer}

    def _record(self, location: _LocationKey, at: datetime, seconds: float) -> None:
        answers = [answer for (where, _), answer in self._cached.items() if where == location]
        labels, metrics = (self.name, *location), self._telemetry
        complete = not any(answer.failed for answer in answers)
        metrics.up.labels(*labels).set(complete)
        metrics.refresh_seconds.labels(*labels).set(seconds)
        metrics.last_attempt.labels(*labels).set(at.timestamp())
        metrics.interval_seconds.labels(*labels).set(REFRESH_INTERVAL.total_seconds())
        metrics.series.labels(*labels).set(sum(answer.series for answer in answers if at - answer.at < MAX_STALENESS))
        metrics.stale_series.labels(*labels).set(sum(answer.series for answer in answers if answer.failed))
        if complete:
            metrics.last_success.labels(*labels).set(at.timestamp())


def limit_needs(collectors: Iterable[str]) -> Iterator[str]:
    """The IAM actions that reading the limits of these collectors needs."""
    for collector in collectors:
        if collector in LIMIT_READERS:
            yield from LIMIT_READERS[collector].needs


def _no_limits(at: datetime) -> _CachedLimits:
    return _CachedLimits(at=at, blocks=(), failed=True)


def _measured(targets: Iterable[MetricTarget]) -> dict[tuple[_LocationKey, str], frozenset[str]]:
    """The names of the measured resources, by location and collector; the empty name is the account."""
    found: dict[tuple[_LocationKey, str], set[str]] = defaultdict(set)
    for target in targets:
        if target.collector in LIMIT_READERS:
            names = found[(target.account_id, target.region), target.collector]
            names.add(_name(target.resource.labels))
    return {key: frozenset(names) for key, names in found.items()}


def _name(labels: tuple[tuple[str, str], ...]) -> str:
    return labels[0][1] if labels else ""


def _blocks(location: _LocationKey, values: Iterable[LimitValue], names: frozenset[str]) -> Iterator[Block]:
    """One block for each family, limited to the measured resources."""
    where = (("aws_account_id", location[0]), ("aws_region", location[1]))
    families: dict[MetricFamily, list[LimitValue]] = defaultdict(list)
    for each in values:
        if _name(each.labels) in names:
            families[each.family].append(each)
    for family, every in families.items():
        series = tuple(series_text(family.name, (*where, *each.labels)) for each in every)
        yield Block(family=family, series=series, values=tuple(each.value for each in every))
