"""B4, B6, B7, B9 and B10: what is shown, and what is said, when calls are refused, cut short or about the dead."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.cloudwatch.knobs import Knobs
from benchmarks.cloudwatch.measured import Measured
from benchmarks.cloudwatch.running import ACCOUNT
from benchmarks.cloudwatch.scenarios import (
    Options,
    Voyage,
    calls_at_least,
    quick,
    unpaced,
    voyage,
)
from benchmarks.cloudwatch.settings import EVERYTHING, Settings
from benchmarks.cloudwatch.truth import Compared, increases, readings

_ROLE = {"main": {"id": ACCOUNT, "role": "reader", "regions": ["us-east-1"]}}


def throttled(_: Options) -> Iterator[Measured]:
    """B4: 11,000 series while the account's quota is 10, 5 and 3 calls a second, which nobody told Basewatch."""
    knobs = Knobs(functions=1000, tables=0, apis=0, instances=0)
    settings = Settings(collectors=EVERYTHING[:1], every="1m", slow="1m", concurrency=20)
    with voyage(settings, knobs) as trip:
        trip.refresh()
        for quota in (10, 5, 3):
            trip.fake.control(calls_per_second=quota)
            done = trip.refresh()
            refused = done.counted["refused"].get("ThrottlingException", 0)
            compared = _compared(trip)
            least = calls_at_least(done.counted["queries"], done.counted["datapoints"])
            yield Measured(
                scenario="B4",
                what=f"{quota} calls/s: wall",
                ours=done.seconds,
                unit="s",
                by="(calls - a second's) / quota",
                limit=max(0, least - quota) / quota,
            )
            yield Measured(
                scenario="B4",
                what=f"{quota} calls/s: calls refused",
                ours=refused,
                unit="calls",
                by=f"beside {least} that were needed",
            )
            yield from _missing("B4", f"{quota} calls/s", compared)


def expired(_: Options) -> Iterator[Measured]:
    """B6: the keys of an assumed role end an hour before they were said to."""
    with voyage(Settings(accounts=_ROLE, slow="5m"), Knobs(session_seconds=600, told_seconds=7200)) as trip:
        rounds = [trip.refresh() for _ in range(30)]
        refused = sum(one.counted["refused"].get("ExpiredTokenException", 0) for one in rounds)
        renewed = sum(one.counted["calls"].get("AssumeRole", 0) for one in rounds)
        yield Measured(
            scenario="B6", what="half an hour of keys that last 10 min: calls refused", ours=refused, unit="calls"
        )
        yield Measured(scenario="B6", what="times the role was assumed again", ours=renewed, limit=2, unit="calls")
        yield from _missing("B6", "at the end", _compared(trip))


def cut_short(_: Options) -> Iterator[Measured]:
    """B7: a fifth of the results is PartialData or InternalError, and pages hold a tenth of a call's datapoints."""
    knobs = quick(Knobs(functions=1000, tables=0, apis=0, instances=0, partial=0.1, internal=0.1))
    with voyage(unpaced(Settings(collectors=EVERYTHING[:1], every="1m", slow="1m")), knobs) as trip:
        rounds = [trip.refresh() for _ in range(3)]
        yield Measured(
            scenario="B7",
            what="a fifth of results in trouble: calls",
            ours=rounds[-1].calls,
            unit="calls",
            limit=calls_at_least(11_003, 0),
            by="without trouble",
        )
        yield from _missing("B7", "a fifth of results in trouble", _compared(trip))
        trip.fake.control(partial=0, internal=0, max_datapoints=500)
        done = trip.refresh()
        yield Measured(
            scenario="B7",
            what="pages of 500 datapoints: calls",
            ours=done.calls,
            unit="calls",
            limit=-(-done.counted["datapoints"] // 500),
            by="ceil(datapoints/500)",
        )
        yield from _missing("B7", "pages of 500 datapoints", _compared(trip))
        trip.fake.control(max_datapoints=100_800, forbidden=0.05)
        trip.refresh()
        yield from _missing("B7", "a twentieth forbidden", _compared(trip))
        trip.fake.control(forbidden=0, fault=0.7)
        trip.refresh()
        yield from _missing("B7", "seven calls of ten fail", _compared(trip))


def sparse(_: Options) -> Iterator[Measured]:
    """B9: nine minutes out of ten are silent; counters stay, and rise by what happened."""
    knobs = quick(Knobs(functions=500, tables=0, apis=0, instances=0, sparse=0.9))
    with voyage(unpaced(Settings(collectors=EVERYTHING[:1], every="1m", slow="1m")), knobs) as trip:
        trip.refresh()
        trip.refresh()
        before, begin = trip.driven.page(trip.at), trip.end
        for _minute in range(30):
            trip.refresh()
        after = trip.driven.page(trip.at)
        compared, ours, truth = increases(before, after, trip.expected(), (begin, trip.end), knobs.sparse)
        yield Measured(scenario="B9", what="events counted in 30 min", ours=ours, limit=truth, by="events there were")
        yield Measured(
            scenario="B9", what="counters that are not right to the unit", ours=compared.wrong + compared.absent, aim=0
        )


def churn(_: Options) -> Iterator[Measured]:
    """B10: a tenth of 1,000 functions is replaced every ten minutes, for an hour and a half."""
    knobs = quick(Knobs(functions=1000, tables=0, apis=0, instances=0, churn_seconds=600, lists_per_second=1000))
    with voyage(unpaced(Settings(collectors=EVERYTHING[:1], every="1m", slow="1m")), knobs) as trip:
        for minute in range(90):
            if minute % 15 == 0:
                trip.driven.discover(trip.at)
            trip.refresh()
        done = trip.refresh()
        page, alive = trip.driven.page(trip.at), trip.expected()
        living = [one for one in alive if one.born <= trip.end - 1 < one.dies]
        dead = sum(one.dies <= trip.end - 15 and one.series in page for one in alive if not one.spec.adds_up)
        shown = sum(one.series in page for one in living)
        yield Measured(
            scenario="B10", what="functions asked about", ours=len(trip.driven.targets()), limit=1001, by="that live"
        )
        yield Measured(scenario="B10", what="series of living functions that are shown", ours=shown, limit=len(living))
        yield Measured(scenario="B10", what="gauges shown of those dead for 15 min", ours=dead, aim=0, unit="series")
        yield Measured(
            scenario="B10",
            what="calls of the last refresh",
            ours=done.calls,
            limit=calls_at_least(11_000, 0),
            unit="calls",
        )


def _compared(trip: Voyage) -> Compared:
    return readings(trip.driven.page(trip.at), trip.expected(), trip.end, trip.driven.up(), sparse=trip.knobs.sparse)


def _missing(scenario: str, what: str, compared: Compared) -> Iterator[Measured]:
    missing = compared.wrong + compared.absent
    of = f"of {compared.right + missing}"
    yield Measured(scenario=scenario, what=f"{what}: series not up to date", ours=missing, unit=of)
    yield Measured(scenario=scenario, what=f"{what}: of those, not flagged", ours=compared.unflagged, aim=0)
