"""What the page has to say: every series that Basewatch asks about, and its value by the fake's own arithmetic."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf, isclose

from basewatch.collector import MetricSpec, Target, Tier
from basewatch.family import series_text
from benchmarks.cloudwatch import values
from benchmarks.cloudwatch.fleet import Fleet
from benchmarks.cloudwatch.knobs import Knobs
from benchmarks.cloudwatch.values import Kind, Minute

_CLOSE = 1e-9

Place = tuple[str, str, str]
"""A collector, an account and a region."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """One series of the page, and where its values come from; `kind` is None for a metric that has no samples."""

    series: bytes
    target: Target
    spec: MetricSpec
    kind: Kind | None
    phase: int
    born: float
    dies: float

    def minute(self, minute: int, sparse: float) -> Minute | None:
        """What happened in a minute."""
        if self.kind is None or not self.born <= minute < self.dies:
            return None
        return values.minutes(self.spec.metric, self.kind, sparse)[values.state(self.phase, minute)]

    def newest(self, end: int, sparse: float) -> float | None:
        """The reading of the newest whole period that ends by `end` (a minute), in base units; None without one."""
        length = round(self.spec.period.total_seconds()) // 60
        begin = end // length * length - length
        among = [found for at in range(begin, begin + length) if (found := self.minute(at, sparse)) is not None]
        return values.of_minutes(self.spec.statistic, among) * self.spec.factor if among else None

    def total(self, begin: int, end: int, sparse: float) -> float:
        """The sum over the minutes from `begin` to before `end`, in base units."""
        among = [found for at in range(begin, end) if (found := self.minute(at, sparse)) is not None]
        return values.of_minutes(self.spec.statistic, among) * self.spec.factor if among else 0.0


def expected(targets: Iterable[Target], knobs: Knobs) -> Iterator[Expected]:
    """Every series of the targets."""
    fleet = Fleet(knobs)
    for target in targets:
        resource = target.resource
        for spec in target.specs:
            dimensions = tuple(sorted(resource.dimensions))
            found = fleet.find(spec.namespace, dimensions)
            exists, shape = found or (None, None)
            idle = exists is not None and exists.idle
            place = (("aws_account_id", target.account_id), ("aws_region", target.region))
            yield Expected(
                series=series_text(spec.name, (*place, *resource.labels, *spec.labels)),
                target=target,
                spec=spec,
                kind=None if shape is None or idle else shape.metrics.get(spec.metric),
                phase=values.seed(target.account_id, target.region, spec.namespace, dimensions),
                born=-inf if exists is None else exists.born / 60,
                dies=inf if exists is None else exists.dies / 60,
            )


@dataclass(slots=True, kw_only=True)
class Compared:
    """How a page compares with the truth, in series; `examples` tell the first few that differ."""

    right: int = 0
    wrong: int = 0
    absent: int = 0
    unflagged: int = 0
    examples: list[str] = field(default_factory=list[str])

    def differs(self, one: Expected, shown: float | None, true: float, *, flagged: bool) -> None:
        """Notes a series that shows nothing, or something else."""
        if shown is None:
            self.absent += 1
        else:
            self.wrong += 1
        self.unflagged += not flagged
        if len(self.examples) < 5:  # noqa: PLR2004  # enough to look into
            self.examples.append(f"{one.series.decode()}{shown} is {true}")


def readings(
    page: Mapping[bytes, float],
    every: Sequence[Expected],
    end: int,
    up: Mapping[Place, bool],
    *,
    sparse: float = 0.0,
    tiers: Collection[Tier] = frozenset(Tier),
) -> Compared:
    """Whether each gauge and quantile shows its newest reading; one that does not is flagged if its collector is down.

    `up` says of collector, account and region whether its last refresh got everything; `tiers` are those that were due
    at the last refresh: the others' readings are older, and rightly so.
    """
    compared = Compared()
    for one in every:
        true = None if one.spec.adds_up or one.spec.tier not in tiers else one.newest(end, sparse)
        if true is None:
            continue
        shown = page.get(one.series)
        if shown is not None and isclose(shown, true, rel_tol=_CLOSE):
            compared.right += 1
            continue
        place = one.target.collector, one.target.account_id, one.target.region
        compared.differs(one, shown, true, flagged=not up.get(place, False))
    return compared


def increases(
    before: Mapping[bytes, float],
    after: Mapping[bytes, float],
    every: Sequence[Expected],
    span: tuple[int, int],
    sparse: float,
) -> tuple[Compared, float, float]:
    """Whether each counter rose by what happened in the span of minutes; and the sums of both, over counts of events.

    A total in seconds is a sum of thousands of floats: it may differ in the last bit; a count may not differ at all.
    """
    compared, ours, truth = Compared(), 0.0, 0.0
    for one in every:
        if not one.spec.adds_up or one.kind is None:
            continue
        true = one.total(*span, sparse)
        shown = after.get(one.series)
        rose = None if shown is None else shown - before.get(one.series, 0.0)
        exact = one.spec.factor == 1.0
        if exact:
            ours, truth = ours + (rose or 0.0), truth + true
        if rose is not None and (rose == true if exact else isclose(rose, true, rel_tol=_CLOSE, abs_tol=_CLOSE)):
            compared.right += 1
        else:
            compared.differs(one, rose, true, flagged=False)
    return compared, ours, truth
