"""B8: counters against what happened: late data, gaps between refreshes, restarts; to the last unit."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from math import inf
from pathlib import Path
from random import Random

from benchmarks.cloudwatch.knobs import Knobs
from benchmarks.cloudwatch.measured import Measured
from benchmarks.cloudwatch.scenarios import Options, Voyage, midnight_before, quick, unpaced, voyage
from benchmarks.cloudwatch.settings import Settings
from benchmarks.cloudwatch.truth import increases

_LATE_MINUTES = 4
_CALM = 10
_KNOBS = quick(Knobs(functions=100, late_minutes=_LATE_MINUTES))

_Calm = tuple[dict[bytes, float], int]
"""A page when nothing is late, and the minute before which it counts."""


def late(_: Options) -> Iterator[Measured]:
    """B8: minutes that grow for four minutes after their end, read every minute, every five, and now and then.

    While data is late the newest minutes are not whole, so a count stands between two calm moments: whatever was read
    too early in between has to have been corrected by the second.
    """
    yield from _reconciled("every minute", "1m", [1] * 60)
    yield from _reconciled("every five minutes", "5m", [5] * 24)
    chance = Random(8)  # noqa: S311  # which minutes it is does not matter, but that they are the same each time
    yield from _reconciled("after 1 to 40 minutes", "1m", [chance.choice((1, 1, 2, 5, 11, 40)) for _ in range(40)])
    yield from _restarted()


def _reconciled(what: str, every: str, steps: list[int]) -> Iterator[Measured]:
    with voyage(unpaced(Settings(every=every, slow=every)), _KNOBS) as trip:
        first = _calm(trip, every)
        trip.fake.control(late_minutes=_LATE_MINUTES)
        seen, fell = first[0], 0
        for step in steps:
            trip.refresh(step)
            now = trip.driven.page(trip.at)
            fell += _fell(seen, now, trip)
            seen = now
        yield from _figures(what, trip, first, _calm(trip, every), fell)


def _restarted() -> Iterator[Measured]:
    """Six starts of ten minutes each, with as long between them, on one history."""
    settings = unpaced(Settings(every="1m", slow="1m"))
    with tempfile.TemporaryDirectory() as made:
        folder, at = Path(made), midnight_before(12 * 3600)
        first, seen, fell = (dict[bytes, float](), 0), dict[bytes, float](), 0
        for start in range(6):
            with voyage(settings, _KNOBS, folder=folder, at=at) as trip:
                if start == 0:
                    first = _calm(trip, "1m")
                    seen = first[0]
                trip.fake.control(late_minutes=_LATE_MINUTES)
                for _ in range(10):
                    trip.refresh()
                    now = trip.driven.page(trip.at)
                    fell += _fell(seen, now, trip)
                    seen = now
                if start == 5:  # noqa: PLR2004  # the last
                    yield from _figures("across five restarts", trip, first, _calm(trip, "1m"), fell)
                at = trip.at + 600


def _calm(trip: Voyage, every: str) -> _Calm:
    """The page once nothing is late any more."""
    trip.fake.control(late_minutes=0)
    step = int(every.removesuffix("m"))
    for _ in range(max(2, _CALM // step)):
        trip.refresh(step)
    return trip.driven.page(trip.at), trip.end


def _fell(before: Mapping[bytes, float], after: Mapping[bytes, float], trip: Voyage) -> int:
    """How many counters are lower than they were: Prometheus would take each for a reset."""
    return sum(before.get(series, 0.0) > after.get(series, inf) for series in trip.counters())


def _figures(what: str, trip: Voyage, first: _Calm, last: _Calm, fell: int) -> Iterator[Measured]:
    (before, begin), (after, end) = first, last
    span = begin, end
    compared, ours, truth = increases(before, after, trip.expected(), span, 0.0)
    counters = compared.right + compared.wrong + compared.absent
    yield Measured(
        scenario="B8", what=f"{what}: events counted in {span[1] - span[0]} min", ours=ours, limit=truth, by="events"
    )
    yield Measured(
        scenario="B8",
        what=f"{what}: counters not right to the unit",
        ours=compared.wrong + compared.absent,
        unit=f"of {counters}",
        aim=0,
    )
    yield Measured(scenario="B8", what=f"{what}: times that a counter fell", ours=fell, aim=0)
