"""A metric source of events in memory, and a harness that shows what Prometheus would scrape."""

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
from collectors.cloudwatch.fetch import FetchResult
from collectors.cloudwatch.planner import REREAD_SETTLE_DELAY, Call, Query
from collectors.cloudwatch.query_answer import Answer
from collectors.cloudwatch.refresh import Refresher
from tests.fakes import NOON

MINUTE = 60
ACCOUNT, REGION = "123456789012", "us-east-1"
GROUP = ("lambda", ACCOUNT, REGION)
DOWN = ObservationError(Reason.UNREACHABLE, "no answer")
FAILED = ObservationError(Reason.NOT_ENOUGH_DATA, "InternalError")

Value = Callable[[Query, int, float], float | None]
"""The value of a period (by its start) as known at a moment, in seconds; None without a datapoint."""


def spec(
    family: str = "events_total",
    *,
    type: MetricType = MetricType.COUNTER,  # noqa: A002  # as the class it makes
    **settings: object,
) -> MetricSpec:
    """A metric of one statistic; a counter by default."""
    statistic = "Sum" if type is MetricType.COUNTER else "Maximum"
    defaults: dict[str, object] = {
        "namespace": "AWS/Lambda",
        "metric": family,
        "statistic": statistic,
        "tier": RefreshTier.FAST,
    }
    return MetricSpec(family=family, type=type, help="Help.", **(defaults | settings))  # type: ignore[arg-type]  # a test's own


def target(*specs: MetricSpec, name: str = "f", component: str = "", region: str = REGION) -> MetricTarget:
    """A resource with these specs; discovered, unless a component is named."""
    resource = Resource(component=component, dimensions=(("FunctionName", name),), labels=(("function_name", name),))
    return MetricTarget(
        collector="lambda", account_id=ACCOUNT, region=region, resource=resource, specs=specs or (spec(),)
    )


@dataclass(slots=True)
class FakeEventSource:
    """A source whose datapoints are `value` as known at `now`; `fails` returns the error of a query."""

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
class MemoryStore:
    """Keeps saved counters and all their versions in memory; or fails."""

    kept: dict[str, bytes] = field(default_factory=dict[str, bytes])
    versions: list[dict[str, bytes]] = field(default_factory=list[dict[str, bytes]])
    broken: bool = False

    def save_counters(self, location: str, state: bytes, at: datetime) -> None:
        """Keeps the state."""
        if self.broken:
            raise HistoryError("the disk is full")
        self.kept[location] = state
        self.versions.append(dict(self.kept))

    def load_counters(self, location: str) -> bytes | None:
        """The kept state."""
        if self.broken:
            raise HistoryError("the disk is gone")
        return self.kept.get(location)


@dataclass(slots=True)
class RefresherHarness:
    """An exporter's refresher over one source, with a clock and targets."""

    source: FakeEventSource
    targets: tuple[MetricTarget, ...]
    collection: CollectorSettings = field(default_factory=CollectorSettings)
    store: MemoryStore = field(default_factory=MemoryStore)
    telemetry: ExporterMetrics = field(default_factory=ExporterMetrics)
    at: datetime = NOON
    refresher: Refresher = field(init=False)

    def __post_init__(self) -> None:
        """Starts the first process."""
        self.restart()

    def restart(self) -> None:
        """Starts another process with the same store."""
        self.telemetry = ExporterMetrics()
        self.refresher = Refresher(
            collection=self.collection,
            targets=lambda: self.targets,
            source_of=lambda _account, _region: self.source,
            telemetry=self.telemetry,
            counter_store=self.store,
        )

    def tick(self, after: timedelta = timedelta(minutes=1)) -> dict[str, float]:
        """Advances the clock, refreshes, and returns the exported series."""
        self.at += after
        self.source.now = self.at.timestamp()
        self.refresher.refresh(self.at)
        # Counters are saved by a thread.
        self.refresher._join_saving()
        return self.shown()

    def shown(self) -> dict[str, float]:
        """Every series with a value, by its text."""
        return shown(self.refresher.blocks(self.at))

    def metric(self, name: str, **labels: str) -> float | None:
        """A self-monitoring metric."""
        return self.telemetry.registry.get_sample_value(name, labels)

    def collector_metric(self, name: str) -> float | None:
        """A self-monitoring metric of the collector location."""
        return self.metric(
            f"basewatch_collector_{name}", collector=GROUP[0], aws_account_id=GROUP[1], aws_region=GROUP[2]
        )

    @property
    def settled(self) -> int:
        """The time before which everything has been read."""
        return int((self.at - REREAD_SETTLE_DELAY).timestamp()) // MINUTE * MINUTE


def shown(blocks: Iterable[Block]) -> dict[str, float]:
    """Every series with a value, by its text; no series occurs twice."""
    values: dict[str, float] = {}
    for block in blocks:
        for series, value in zip(block.series, block.values, strict=True):
            assert series.decode() not in values
            values[series.decode()] = value
    return {series: value for series, value in values.items() if not math.isnan(value)}


def only(values: dict[str, float]) -> float:
    """The only exported value."""
    (value,) = values.values()
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class LateEvents:
    """Events that arrive late and in parts, but completely within `within` seconds after their period's end."""

    seed: int
    within: int = 240
    step: float = 1.0
    _cache: dict[object, Sequence[tuple[float, float]]] = field(
        default_factory=dict[object, Sequence[tuple[float, float]]]
    )

    def known(self, query: Query, start: int, now: float) -> float | None:
        """The number of events known at `now`; None without a datapoint."""
        known = [value for since, value in self._versions(query, start) if since <= now]
        return known[-1] if known else None

    def total(self, query: Query, start: int, end: int, now: float = math.inf) -> float:
        """The number of events between two moments, as known at `now`."""
        period = round(query.spec.period.total_seconds())
        return math.fsum(self.known(query, at, now) or 0.0 for at in range(start, end, period))

    def _versions(self, query: Query, start: int) -> Sequence[tuple[float, float]]:
        key = query.spec.family, query.target.resource.labels, start
        if key not in self._cache:
            self._cache[key] = self._drawn(query, start)
        return self._cache[key]

    def _drawn(self, query: Query, start: int) -> Sequence[tuple[float, float]]:
        random = Random(f"{self.seed} {query.spec.family} {query.target.resource.labels} {start}")
        end = start + round(query.spec.period.total_seconds())
        if random.random() < 0.3:
            return ()
        values = sorted(random.randrange(6) * self.step for _ in range(random.randrange(1, 4)))
        whens = sorted(end + random.random() * self.within for _ in values)
        return tuple(zip(whens, values, strict=True))


def one_a_minute(_query: Query, _start: int, _now: float) -> float:
    """One event in every minute, known at once."""
    return 1.0


def minutes(number: float) -> timedelta:
    """A duration in minutes."""
    return timedelta(minutes=number)


def harness(*targets: object, **settings: object) -> RefresherHarness:
    """An exporter with one event a minute of each of these targets."""
    return RefresherHarness(FakeEventSource(one_a_minute), targets or (target(),), **settings)  # type: ignore[arg-type]  # a test's own
