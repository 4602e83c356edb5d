"""Shows limits beside what is used: what the services say of what is measured, asked every quarter of an hour."""

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
"""How long is shown what could not be asked for again; limits change by the day."""

_Place = tuple[str, str]
"""An account and a region."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """What the service of one collector told in one place, and when."""

    at: datetime
    blocks: tuple[Block, ...]
    failed: bool = False

    @property
    def series(self) -> int:
        return sum(len(block.series) for block in self.blocks)


class ResourceLimits:
    """A BlockSource: asks in each place only the services of what is measured there, and shows only that."""

    name = "described"

    def __init__(
        self,
        *,
        targets: Callable[[], Sequence[MetricTarget]],
        aws_client: Callable[[str, str], AwsClient],
        telemetry: ExporterMetrics,
    ) -> None:
        """`aws_client` gives a view of an account and region, and may raise ObservationError. Asks nothing yet."""
        self._targets = targets
        self._asker = aws_client
        self._telemetry = telemetry
        self._answers: dict[tuple[_Place, str], _Answer] = {}
        self._asked: dict[_Place, datetime] = {}

    def refresh(self, at: datetime) -> None:
        """Asks where it is time to. Raises nothing that AWS does."""
        measured = _measured(self._targets())
        self._answers = {key: answer for key, answer in self._answers.items() if key in measured}
        for place in dict.fromkeys(place for place, _ in measured):
            if place not in self._asked or at - self._asked[place] >= REFRESH_INTERVAL:
                self._asked[place] = at
                self._ask(place, {who: names for (where, who), names in measured.items() if where == place}, at)

    def blocks(self, at: datetime) -> Iterable[Block]:
        """What was told, as long as it is held."""
        return [block for answer in self._answers.values() if at - answer.at < MAX_STALENESS for block in answer.blocks]

    def _ask(self, place: _Place, measured: dict[str, frozenset[str]], at: datetime) -> None:
        began = monotonic()
        for collector, names in measured.items():
            try:
                told = tuple(LIMIT_READERS[collector].read(self._asker(*place)))
            except ObservationError as error:
                logger.warning("limits of %s in %s are not known anew: %s", collector, "/".join(place), error.detail)
                before = self._answers.get((place, collector))
                kept = _Answer(at=before.at, blocks=before.blocks, failed=True) if before else _nothing(at)
                self._put(place, collector, kept)
            else:
                self._put(place, collector, _Answer(at=at, blocks=tuple(_blocks(place, told, names))))
        self._tell(place, at, monotonic() - began)

    def _put(self, place: _Place, collector: str, answer: _Answer) -> None:
        # A new mapping each time: another thread may be reading the one before.
        self._answers = {**self._answers, (place, collector): answer}

    def _tell(self, place: _Place, at: datetime, seconds: float) -> None:
        answers = [answer for (where, _), answer in self._answers.items() if where == place]
        labels, tell = (self.name, *place), self._telemetry
        whole = not any(answer.failed for answer in answers)
        tell.up.labels(*labels).set(whole)
        tell.refresh_seconds.labels(*labels).set(seconds)
        tell.last_attempt.labels(*labels).set(at.timestamp())
        tell.series.labels(*labels).set(sum(answer.series for answer in answers if at - answer.at < MAX_STALENESS))
        tell.stale_series.labels(*labels).set(sum(answer.series for answer in answers if answer.failed))
        if whole:
            tell.last_success.labels(*labels).set(at.timestamp())


def limit_needs(collectors: Iterable[str]) -> Iterator[str]:
    """The IAM actions that are needed where these collectors measure something."""
    for collector in collectors:
        if collector in LIMIT_READERS:
            yield from LIMIT_READERS[collector].needs


def _nothing(at: datetime) -> _Answer:
    return _Answer(at=at, blocks=(), failed=True)


def _measured(targets: Iterable[MetricTarget]) -> dict[tuple[_Place, str], frozenset[str]]:
    """By place and collector, the names of what is measured there; empty names are the account's own."""
    found: dict[tuple[_Place, str], set[str]] = defaultdict(set)
    for target in targets:
        if target.collector in LIMIT_READERS:
            names = found[(target.account_id, target.region), target.collector]
            names.add(_name(target.resource.labels))
    return {key: frozenset(names) for key, names in found.items()}


def _name(labels: tuple[tuple[str, str], ...]) -> str:
    return labels[0][1] if labels else ""


def _blocks(place: _Place, told: Iterable[LimitValue], names: frozenset[str]) -> Iterator[Block]:
    """A block for each family, of what is measured alone."""
    where = (("aws_account_id", place[0]), ("aws_region", place[1]))
    families: dict[MetricFamily, list[LimitValue]] = defaultdict(list)
    for each in told:
        if _name(each.labels) in names:
            families[each.family].append(each)
    for family, every in families.items():
        series = tuple(series_text(family.name, (*where, *each.labels)) for each in every)
        yield Block(family=family, series=series, values=tuple(each.value for each in every))
