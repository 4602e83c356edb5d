"""A CloudWatch of made-up events in memory, which knows the truth; and what a Prometheus that scrapes sees of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from basewatch.collector import MetricSpec, MetricTarget, RefreshTier, Resource
from basewatch.config.collection import CollectorSettings
from basewatch.errors import HistoryError, ObservationError
from basewatch.family import Block, MetricType
from basewatch.model import Reason
from basewatch.telemetry import ExporterMetrics
from collectors.cloudwatch.fetch import Answer, FetchResult
from collectors.cloudwatch.planner import REREAD_SETTLE_DELAY, Call, Query
from collectors.cloudwatch.refresh import Refresher
from tests.fakes import NOON

MINUTE = 60
ACCOUNT, REGION = "123456789012", "us-east-1"
GROUP = ("lambda", ACCOUNT, REGION)
DOWN = ObservationError(Reason.UNREACHABLE, "no answer")
FAILED = ObservationError(Reason.NOT_ENOUGH_DATA, "InternalError")

Value = Callable[[Query, int, float], float | None]
"""What a period, by its start, is known as at a moment, both in seconds; None while there is no datapoint."""


def spec(
    family: str = "events_total",
    *,
    type: MetricType = MetricType.COUNTER,  # noqa: A002  # as the class it makes
    **settings: object,
) -> MetricSpec:
    """A metric of one statistic; a counter unless told otherwise."""
    statistic = "Sum" if type is MetricType.COUNTER else "Maximum"
    said: dict[str, object] = {
        "namespace": "AWS/Lambda",
        "metric": family,
        "statistic": statistic,
        "tier": RefreshTier.FAST,
    }
    return MetricSpec(family=family, type=type, help="Help.", **(said | settings))  # type: ignore[arg-type]  # a test's own


def target(*specs: MetricSpec, name: str = "f", component: str = "", region: str = REGION) -> MetricTarget:
    """A resource that these are asked of; discovered, unless a component is named."""
    resource = Resource(component=component, dimensions=(("FunctionName", name),), labels=(("function_name", name),))
    return MetricTarget(
        collector="lambda", account_id=ACCOUNT, region=region, resource=resource, specs=specs or (spec(),)
    )


@dataclass(slots=True)
class Evented:
    """A source whose datapoints are what `value` says they are known as at `now`; `fails` are queries it leaves out."""

    value: Value
    account_id: str = ACCOUNT
    region: str = REGION
    principal: str = "arn:aws:iam::123456789012:role/reader"
    now: float = 0.0
    calls: list[Call] = field(default_factory=list[Call])
    fails: Callable[[Query], ObservationError | None] = lambda _query: None

    def fetch(self, call: Call) -> FetchResult:
        """Every period of the window that has a datapoint by now."""
        assert call.window.start < call.window.end
        self.calls.append(call)
        return FetchResult(answers=tuple(self._answer(query, call) for query in call.queries), requests=())

    def _answer(self, query: Query, call: Call) -> Answer:
        error = self.fails(query)
        if error is not None:
            return Answer((), (), error)
        period = round(query.spec.period.total_seconds())
        start, end = round(call.window.start.timestamp()), round(call.window.end.timestamp())
        starts = range(-(-start // period) * period, end - period + 1, period)
        points = [(float(at), value) for at in starts if (value := self.value(query, at, self.now)) is not None]
        return Answer([at for at, _ in points], [value for _, value in points])


@dataclass(slots=True)
class Shelf:
    """Keeps what it is given to keep, and every version of it; or fails."""

    kept: dict[str, bytes] = field(default_factory=dict[str, bytes])
    versions: list[dict[str, bytes]] = field(default_factory=list[dict[str, bytes]])
    broken: bool = False

    def save_counters(self, location: str, state: bytes, at: datetime) -> None:
        """Keeps it."""
        if self.broken:
            raise HistoryError("the disk is full")
        self.kept[location] = state
        self.versions.append(dict(self.kept))

    def load_counters(self, location: str) -> bytes | None:
        """What was kept."""
        if self.broken:
            raise HistoryError("the disk is gone")
        return self.kept.get(location)


@dataclass(slots=True)
class Bench:
    """An exporter's refresher over one source, a clock, and what it is asked about."""

    source: Evented
    targets: tuple[MetricTarget, ...]
    collection: CollectorSettings = field(default_factory=CollectorSettings)
    shelf: Shelf = field(default_factory=Shelf)
    telemetry: ExporterMetrics = field(default_factory=ExporterMetrics)
    at: datetime = NOON
    refresher: Refresher = field(init=False)

    def __post_init__(self) -> None:
        """Begin with a process."""
        self.restart()

    def restart(self) -> None:
        """Another process with the same shelf."""
        self.telemetry = ExporterMetrics()
        self.refresher = Refresher(
            collection=self.collection,
            targets=lambda: self.targets,
            source_of=lambda _account, _region: self.source,
            telemetry=self.telemetry,
            counter_store=self.shelf,
        )

    def tick(self, after: timedelta = timedelta(minutes=1)) -> dict[str, float]:
        """The time that passes, a refresh, and then what is shown."""
        self.at += after
        self.source.now = self.at.timestamp()
        self.refresher.refresh(self.at)
        # Where the counters stand is written down by a thread of its own.
        self.refresher._end_saving()
        return self.shown()

    def shown(self) -> dict[str, float]:
        """Every series with a value, by its text."""
        return shown(self.refresher.blocks(self.at))

    def told(self, name: str, **labels: str) -> float | None:
        """A metric of the exporter's own."""
        return self.telemetry.registry.get_sample_value(name, labels)

    def standing(self, name: str) -> float | None:
        """A metric of the exporter's own about the collector in its place."""
        return self.told(
            f"basewatch_collector_{name}", collector=GROUP[0], aws_account_id=GROUP[1], aws_region=GROUP[2]
        )

    @property
    def settled(self) -> int:
        """Before when everything has been read."""
        return int((self.at - REREAD_SETTLE_DELAY).timestamp()) // MINUTE * MINUTE


def shown(blocks: Iterable[Block]) -> dict[str, float]:
    """Every series with a value, by its text; no series comes twice."""
    values: dict[str, float] = {}
    for block in blocks:
        for series, value in zip(block.series, block.values, strict=True):
            assert series.decode() not in values
            values[series.decode()] = value
    return {series: value for series, value in values.items() if not math.isnan(value)}


def only(values: dict[str, float]) -> float:
    """The one value that is shown."""
    (value,) = values.values()
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Rumours:
    """Events by period that are known late and bit by bit, but in full by `within` seconds after their period's end."""

    seed: int
    within: int = 240
    step: float = 1.0
    _told: dict[object, Sequence[tuple[float, float]]] = field(
        default_factory=dict[object, Sequence[tuple[float, float]]]
    )

    def known(self, query: Query, start: int, now: float) -> float | None:
        """How many are known of by now; None while there is no datapoint."""
        known = [value for since, value in self._versions(query, start) if since <= now]
        return known[-1] if known else None

    def total(self, query: Query, start: int, end: int, now: float = math.inf) -> float:
        """All there were from one moment to another, as known by now."""
        period = round(query.spec.period.total_seconds())
        return math.fsum(self.known(query, at, now) or 0.0 for at in range(start, end, period))

    def _versions(self, query: Query, start: int) -> Sequence[tuple[float, float]]:
        key = query.spec.family, query.target.resource.labels, start
        if key not in self._told:
            self._told[key] = self._made(query, start)
        return self._told[key]

    def _made(self, query: Query, start: int) -> Sequence[tuple[float, float]]:
        chance = Random(f"{self.seed} {query.spec.family} {query.target.resource.labels} {start}")
        end = start + round(query.spec.period.total_seconds())
        if chance.random() < 0.3:
            return ()
        values = sorted(chance.randrange(6) * self.step for _ in range(chance.randrange(1, 4)))
        whens = sorted(end + chance.random() * self.within for _ in values)
        return tuple(zip(whens, values, strict=True))


def one_a_minute(_query: Query, _start: int, _now: float) -> float:
    """One event in every minute, known at once."""
    return 1.0


def minutes(number: float) -> timedelta:
    """So many minutes."""
    return timedelta(minutes=number)


def bench(*targets: object, **settings: object) -> Bench:
    """An exporter with one event a minute of each of these targets."""
    return Bench(Evented(one_a_minute), targets or (target(),), **settings)  # type: ignore[arg-type]  # a test's own
