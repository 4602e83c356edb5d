"""The expected page: every requested series and its value, computed from the fake's arithmetic."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf, isclose

from basewatch.collector import MetricSpec, MetricTarget, RefreshTier
from basewatch.family import series_text
from benchmarks.cloudwatch import metric_values
from benchmarks.cloudwatch.fake_settings import FakeSettings
from benchmarks.cloudwatch.fleet import Fleet
from benchmarks.cloudwatch.metric_values import SampleKind, StatisticSet

_CLOSE = 1e-9

CollectorScope = tuple[str, str, str]
"""A collector, an account and a region."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedSeries:
    """One expected series and the source of its values; `kind` is None for a metric without samples."""

    series: bytes
    target: MetricTarget
    spec: MetricSpec
    kind: SampleKind | None
    state_offset: int
    created_minute: float
    deleted_minute: float

    def statistics_at(self, minute: int, sparse: float) -> StatisticSet | None:
        """The statistic set of a minute."""
        if self.kind is None or not self.created_minute <= minute < self.deleted_minute:
            return None
        return metric_values.statistic_sets(self.spec.metric, self.kind, sparse)[
            metric_values.state(self.state_offset, minute)
        ]

    def latest_reading(self, end: int, sparse: float) -> float | None:
        """The value of the newest complete period that ends by `end` (a minute), in base units; None without one."""
        length = round(self.spec.period.total_seconds()) // 60
        begin = end // length * length - length
        among = [found for at in range(begin, begin + length) if (found := self.statistics_at(at, sparse)) is not None]
        return metric_values.statistic_of(self.spec.statistic, among) * self.spec.scale if among else None

    def total(self, begin: int, end: int, sparse: float) -> float:
        """The sum over the minutes from `begin` to before `end`, in base units."""
        among = [found for at in range(begin, end) if (found := self.statistics_at(at, sparse)) is not None]
        return metric_values.statistic_of(self.spec.statistic, among) * self.spec.scale if among else 0.0


def expected_series(targets: Iterable[MetricTarget], settings: FakeSettings) -> Iterator[ExpectedSeries]:
    """Every series of the targets."""
    fleet = Fleet(settings)
    for target in targets:
        resource = target.resource
        for spec in target.specs:
            dimensions = tuple(sorted(resource.dimensions))
            found = fleet.find(spec.namespace, dimensions)
            exists, shape = found or (None, None)
            idle = exists is not None and exists.idle
            location = (("aws_account_id", target.account_id), ("aws_region", target.region))
            yield ExpectedSeries(
                series=series_text(spec.series_name, (*location, *resource.labels, *spec.labels)),
                target=target,
                spec=spec,
                kind=None if shape is None or idle else shape.metrics.get(spec.metric),
                state_offset=metric_values.seed(target.account_id, target.region, spec.namespace, dimensions),
                created_minute=-inf if exists is None else exists.created_at / 60,
                deleted_minute=inf if exists is None else exists.deleted_at / 60,
            )


@dataclass(slots=True, kw_only=True)
class PageComparison:
    """The number of series that match the truth or differ; `examples` holds the first few differences."""

    matching: int = 0
    differing: int = 0
    missing: int = 0
    unflagged: int = 0
    examples: list[str] = field(default_factory=list[str])

    def add_difference(self, one: ExpectedSeries, shown: float | None, true: float, *, flagged: bool) -> None:
        """Adds a series without a value, or with another value."""
        if shown is None:
            self.missing += 1
        else:
            self.differing += 1
        self.unflagged += not flagged
        if len(self.examples) < 5:  # noqa: PLR2004  # enough to look into
            self.examples.append(f"{one.series.decode()}{shown} is {true}")


def compare_gauges(
    page: Mapping[bytes, float],
    every: Sequence[ExpectedSeries],
    end: int,
    up: Mapping[CollectorScope, bool],
    *,
    sparse: float = 0.0,
    tiers: Collection[RefreshTier] = frozenset(RefreshTier),
) -> PageComparison:
    """Compares each gauge and quantile with its newest value; a difference is flagged when its collector is down.

    `up` says whether the last refresh of a collector, account and region was complete. `tiers` are those due at the
    last refresh; values of other tiers are older and are not compared.
    """
    compared = PageComparison()
    for one in every:
        true = None if one.spec.is_counter or one.spec.tier not in tiers else one.latest_reading(end, sparse)
        if true is None:
            continue
        shown = page.get(one.series)
        if shown is not None and isclose(shown, true, rel_tol=_CLOSE):
            compared.matching += 1
            continue
        location = one.target.collector, one.target.account_id, one.target.region
        compared.add_difference(one, shown, true, flagged=not up.get(location, False))
    return compared


def compare_counters(
    before: Mapping[bytes, float],
    after: Mapping[bytes, float],
    every: Sequence[ExpectedSeries],
    span: tuple[int, int],
    sparse: float,
) -> tuple[PageComparison, float, float]:
    """Compares the increase of each counter with the events of the minutes; also returns both sums of event counts.

    A total in seconds is a sum of thousands of floats and may differ in the last bit; a count must be equal.
    """
    compared, ours, truth = PageComparison(), 0.0, 0.0
    for one in every:
        if not one.spec.is_counter or one.kind is None:
            continue
        true = one.total(*span, sparse)
        shown = after.get(one.series)
        rose = None if shown is None else shown - before.get(one.series, 0.0)
        exact = one.spec.scale == 1.0
        if exact:
            ours, truth = ours + (rose or 0.0), truth + true
        if rose is not None and (rose == true if exact else isclose(rose, true, rel_tol=_CLOSE, abs_tol=_CLOSE)):
            compared.matching += 1
        else:
            compared.add_difference(one, rose, true, flagged=False)
    return compared, ours, truth
