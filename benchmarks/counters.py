"""The cost of applying a refresh of 10,000 Lambda functions, compared with reading its datapoints once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from resource import getpagesize

from basewatch.collector import MetricTarget, RefreshTier
from benchmarks.timing import Measurement, best_time
from collectors.cloudwatch.counter_state import encode_counters
from collectors.cloudwatch.layout import build_layout
from collectors.cloudwatch.planned_calls import PlannedCall, plan_calls
from collectors.cloudwatch.query_answer import Answer
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
    """The cost of a refresh without waiting for answers: to apply them, to export them, to save the counters.

    Each is compared with the least work on the same numbers; the memory is that of the whole process by then.
    """
    targets, before = tuple(_targets()), _memory()
    carry_over = StateCarryOver({}, max_staleness=timedelta(minutes=15), discovery_delay=timedelta(minutes=15))
    layout = build_layout(targets)
    series_state, _ = carry_over.next_state(SeriesState(), layout, _SETTLED)
    plan = plan_calls(layout, (RefreshTier.FAST, RefreshTier.STANDARD), _INTERVALS)
    refreshes = _Refreshes(series_state, plan)
    for _ in range(4):
        refreshes.next()
    grown = _memory() - before
    answers = refreshes.prepared()
    points = sum(len(answer.starts) for call in answers for answer in call)
    yield Measurement(
        what=f"apply {len(layout.series):,} series, {points:,} datapoints",
        measured_seconds=best_time(lambda: refreshes.apply(answers)),
        bound_name="sum all of them",
        bound_seconds=best_time(lambda: [sum(answer.values) for call in answers for answer in call]),
    )
    at = datetime.fromtimestamp(refreshes.settled + 120, UTC)
    yield Measurement(
        what=f"export them (of {grown:.0f} MB, with names and calls)",
        measured_seconds=best_time(lambda: series_state.snapshot(_KEEP).blocks(at)),
        bound_name="copy their values",
        bound_seconds=best_time(lambda: list(range(len(layout.series)))),
    )
    state = encode_counters(series_state.saved_counters())
    yield Measurement(
        what=f"save the counters ({len(state) / 1024:.0f} KiB)",
        measured_seconds=best_time(lambda: encode_counters(series_state.saved_counters())),
        bound_name="join their names",
        bound_seconds=best_time(lambda: b"\n".join(layout.series)),
    )
    yield Measurement(
        what="carry them over, when targets change",
        measured_seconds=best_time(lambda: carry_over.next_state(series_state, build_layout(targets), _SETTLED)),
        bound_name="join their names",
        bound_seconds=best_time(lambda: b"\n".join(layout.series)),
    )


class _Refreshes:
    """Refreshes, five minutes apart, with every datapoint of their windows."""

    def __init__(self, series_state: SeriesState, plan: Sequence[PlannedCall]) -> None:
        self.settled = _SETTLED
        self._series_state = series_state
        self._plan = plan
        self._windows: list[tuple[int, int]] = []

    def next(self) -> None:
        """Runs one refresh, call by call."""
        self._begin()
        self.apply(self._answers())

    def prepared(self) -> Sequence[tuple[Answer, ...]]:
        """The answers to the calls of the next refresh."""
        self._begin()
        return tuple(self._answers())

    def _begin(self) -> None:
        self.settled += _MINUTES * 60
        self._windows = [planned.next_window(self._series_state, self.settled) for planned in self._plan]

    def _answers(self) -> Iterator[tuple[Answer, ...]]:
        """Different values for each query and minute."""
        for planned, (start, end) in zip(self._plan, self._windows, strict=True):
            yield tuple(_answer(row, start, end) for row in planned.rows)

    def apply(self, answers: Iterable[tuple[Answer, ...]]) -> None:
        """Applies the answers. The second time nothing is new, and everything is compared and stored again."""
        for planned, (start, end), call in zip(self._plan, self._windows, answers, strict=True):
            self._series_state.apply(planned.rows, call, start, end, self.settled + 120.0, up_to_date=True)


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
