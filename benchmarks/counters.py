"""Taking in a refresh of 10,000 Lambda functions, beside touching its datapoints once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from resource import getpagesize

from basewatch.collector import MetricTarget, RefreshTier
from benchmarks.timing import Measurement, best_time
from collectors.cloudwatch.counter_state import encode_counters
from collectors.cloudwatch.fetch import Answer
from collectors.cloudwatch.layout import build_layout
from collectors.cloudwatch.planned_calls import PlannedCall, plan_calls
from collectors.cloudwatch.relayout import StateCarryOver
from collectors.cloudwatch.series_state import SeriesState
from collectors.lambda_functions import LAMBDA

_FUNCTIONS = 10_000
_MINUTES = 5
_SETTLED = round(datetime(2026, 3, 2, 12, tzinfo=UTC).timestamp())
_INTERVALS = {
    RefreshTier.FAST: timedelta(minutes=1),
    RefreshTier.STANDARD: timedelta(minutes=5),
    RefreshTier.SLOW: timedelta(hours=1),
}
_KEEP = {tier: interval.total_seconds() + 900 for tier, interval in _INTERVALS.items()}


def measurements() -> Iterator[Measurement]:
    """What a refresh costs besides waiting for answers: to take them in, to show them, to write down where they stand.

    Each is beside the least that touches the same numbers; the memory is that of the whole process by then.
    """
    targets, before = tuple(_targets()), _memory()
    arranger = StateCarryOver({}, max_staleness=timedelta(minutes=15), discovery_delay=timedelta(minutes=15))
    layout = build_layout(targets)
    ledger, _ = arranger.next_state(SeriesState(), layout, _SETTLED)
    plan = plan_calls(layout, (RefreshTier.FAST, RefreshTier.STANDARD), _INTERVALS)
    rounds = _Rounds(ledger, plan)
    for _ in range(4):
        rounds.next()
    grown = _memory() - before
    answers = rounds.prepared()
    points = sum(len(answer.starts) for call in answers for answer in call)
    yield Measurement(
        what=f"take in {len(layout.series):,} series, {points:,} datapoints",
        measured_seconds=best_time(lambda: rounds.apply(answers)),
        bound_name="add all of them up",
        bound_seconds=best_time(lambda: [sum(answer.values) for call in answers for answer in call]),
    )
    at = datetime.fromtimestamp(rounds.settled + 120, UTC)
    yield Measurement(
        what=f"show them (of {grown:.0f} MB, names and calls and all)",
        measured_seconds=best_time(lambda: ledger.snapshot(_KEEP).blocks(at)),
        bound_name="copy their values",
        bound_seconds=best_time(lambda: list(range(len(layout.series)))),
    )
    state = encode_counters(ledger.saved_counters())
    yield Measurement(
        what=f"write down where counters stand ({len(state) / 1024:.0f} KiB)",
        measured_seconds=best_time(lambda: encode_counters(ledger.saved_counters())),
        bound_name="join their names",
        bound_seconds=best_time(lambda: b"\n".join(layout.series)),
    )
    yield Measurement(
        what="arrange them anew, when targets change",
        measured_seconds=best_time(lambda: arranger.next_state(ledger, build_layout(targets), _SETTLED)),
        bound_name="join their names",
        bound_seconds=best_time(lambda: b"\n".join(layout.series)),
    )


class _Rounds:
    """Refreshes, five minutes apart, each with every datapoint that its windows may hold."""

    def __init__(self, ledger: SeriesState, plan: Sequence[PlannedCall]) -> None:
        self.settled = _SETTLED
        self._ledger = ledger
        self._plan = plan
        self._windows: list[tuple[int, int]] = []

    def next(self) -> None:
        """Make one, call by call."""
        self._begin()
        self.apply(self._answers())

    def prepared(self) -> Sequence[tuple[Answer, ...]]:
        """The answers to the next one's calls."""
        self._begin()
        return tuple(self._answers())

    def _begin(self) -> None:
        self.settled += _MINUTES * 60
        self._windows = [ask.next_window(self._ledger, self.settled) for ask in self._plan]

    def _answers(self) -> Iterator[tuple[Answer, ...]]:
        """Other numbers for each query and minute."""
        for ask, (start, end) in zip(self._plan, self._windows, strict=True):
            yield tuple(_answer(row, start, end) for row in ask.rows)

    def apply(self, answers: Iterable[tuple[Answer, ...]]) -> None:
        """Take them in. A second time nothing is new, and all of it is compared and stored again."""
        for ask, (start, end), call in zip(self._plan, self._windows, answers, strict=True):
            self._ledger.apply(ask.rows, call, start, end, self.settled + 120.0, up_to_date=True)


def _answer(row: int, start: int, end: int) -> Answer:
    starts = range(start, end, 60)
    return Answer([float(at) for at in starts], [float((at // 60 + row) % 97) for at in starts])


def _targets() -> Iterator[MetricTarget]:
    for number in range(_FUNCTIONS):
        discovery = next(each for each in LAMBDA.discovery_specs if each.dimensions == ("FunctionName",))
        measured = discovery.from_dimensions({"FunctionName": f"function-{number:05}"})
        if measured is not None:
            resource, specs = measured
            yield MetricTarget(
                collector=LAMBDA.name,
                account_id="123456789012",
                region="us-east-1",
                resource=resource,
                specs=tuple(spec for spec in specs if spec.tier is not RefreshTier.SLOW),
            )


def _memory() -> float:
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * getpagesize() / 1e6
