"""The fake's values agree with each other, so that counts can be compared exactly."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from benchmarks.cloudwatch import metric_values
from benchmarks.cloudwatch.metric_values import SampleKind, StatisticSet

_MINUTES = st.integers(0, 40_000_000)
_PHASES = st.integers(0, 1 << 48)


def _minute(kind: SampleKind, phase: int, minute: int) -> StatisticSet:
    found = metric_values.statistic_sets("Some", kind, 0.0)[metric_values.state(phase, minute)]
    assert found is not None
    return found


@given(st.sampled_from(SampleKind), _PHASES, _MINUTES)
def test_statistics_agree(kind: SampleKind, phase: int, at: int) -> None:
    """Minimum, percentiles, average and maximum are in order, and the average times the count is the sum."""
    among = (_minute(kind, phase, at),)
    ranked = [metric_values.statistic_of(name, among) for name in ("Minimum", "p5", "p95", "p99.9", "Maximum")]
    assert ranked == sorted(ranked)
    average, count = metric_values.statistic_of("Average", among), metric_values.statistic_of("SampleCount", among)
    assert metric_values.statistic_of("Minimum", among) <= average <= metric_values.statistic_of("Maximum", among)
    assert round(average * count) == metric_values.statistic_of("Sum", among)


@given(st.sampled_from(SampleKind), _PHASES, _MINUTES, st.integers(2, 60))
def test_long_periods_are_their_minutes(kind: SampleKind, phase: int, first: int, length: int) -> None:
    """The sum over a longer period is the sum of its minutes, and its maximum is the largest of them."""
    among = [_minute(kind, phase, first + number) for number in range(length)]
    assert metric_values.statistic_of("Sum", among) == sum(metric_values.statistic_of("Sum", (one,)) for one in among)
    assert metric_values.statistic_of("Maximum", among) == max(one.maximum for one in among)


@given(st.sampled_from(SampleKind), _PHASES, _MINUTES, st.lists(st.floats(0, 1), min_size=2, max_size=6))
def test_a_late_minute_only_grows(kind: SampleKind, phase: int, at: int, shares: list[float]) -> None:
    """The arrived part of a minute grows up to the complete value, and is never more."""
    whole = _minute(kind, phase, at)
    seen = [grown.sum for share in sorted(shares) if (grown := metric_values.partially_arrived(whole, share))]
    assert seen == sorted(seen)
    assert all(total <= whole.sum for total in seen)
    assert metric_values.partially_arrived(whole, 1.0) == whole


@given(_PHASES, _MINUTES)
def test_metrics_of_one_resource_agree(phase: int, at: int) -> None:
    """A latency has as many samples as there were events, and no more failures than that."""
    events = metric_values.statistic_sets("Invocations", SampleKind.EVENTS, 0.0)[metric_values.state(phase, at)]
    failures = metric_values.statistic_sets("Errors", SampleKind.FAILURES, 0.0)[metric_values.state(phase, at)]
    latency = metric_values.statistic_sets("Duration", SampleKind.AMOUNTS, 0.0)[metric_values.state(phase, at)]
    assert events is not None
    assert failures is not None
    assert latency is not None
    assert events.sum == latency.sample_count == failures.sample_count >= failures.sum


def test_silence_is_shared() -> None:
    """All metrics of a sparse resource are silent in the same minutes, for about the given ratio of them."""
    events = metric_values.statistic_sets("Invocations", SampleKind.EVENTS, 0.9)
    errors = metric_values.statistic_sets("Errors", SampleKind.FAILURES, 0.9)
    assert [one is None for one in events] == [one is None for one in errors]
    assert 0.85 < sum(one is None for one in events) / metric_values.STATES < 0.95
