"""The judges of gauges, rates and percentiles agree with a plain definition of `below X for T`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basewatch.model import Reason, Status, Verdict, Window
from basewatch.series import Point, Series
from checks.service.aligned_series import AlignedSeries, align
from checks.service.period_kinds import PeriodKind, event_kinds, gauge_kinds, short_silences
from checks.service.promises import PromisedLimit
from checks.service.stretches import broken_stretches, every_period_beyond, percentile_beyond
from checks.service.sustained import judge_gauge, judge_percentile, judge_rate, no_activity_verdict

START = datetime(2026, 5, 4, 6, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
IDLE = no_activity_verdict("request")
VALUE = st.none() | st.integers(0, 20).map(float)
VALUES = st.lists(VALUE, max_size=40)
BADNESS = {Status.NOT_APPLICABLE: 0, Status.PASS: 0, Status.UNVERIFIED: 1, Status.FAIL: 2}


def series_of(*values: float | None) -> AlignedSeries:
    """These values, one per minute."""
    return AlignedSeries(start=START, period=MINUTE, values=values)


def promise(minutes: int = 3) -> PromisedLimit:
    """At most 10 for so many minutes; 0 is a promise without a duration."""
    return PromisedLimit(
        what="load",
        limit=10,
        sustained=MINUTE * minutes,
        limit_text=f"10 for {minutes}m",
        format_value=lambda value: f"{value:g}",
    )


def gauge(*values: float | None, minutes: int = 3, absent: tuple[bool, ...] = ()) -> Verdict:
    """The verdict on these minutes of a gauge."""
    return judge_gauge(series_of(*values), promise(minutes), absent=absent, idle_verdict=IDLE)


def percentile(values: Sequence[float | None], calls: Sequence[float | None], minutes: int = 3) -> Verdict:
    """The verdict on these minutes of a percentile."""
    return judge_percentile(series_of(*values), series_of(*calls), promise(minutes), idle_verdict=IDLE)


def rate(values: Sequence[float | None], activity: Sequence[float | None], minutes: int = 3) -> Verdict:
    """The verdict on these minutes of a rate."""
    return judge_rate(series_of(*values), series_of(*activity), promise(minutes), idle_verdict=IDLE)


@given(st.lists(st.integers(0, 20).map(float), max_size=40), st.integers(1, 6))
def test_without_missing_minutes_a_breach_is_that_many_in_a_row(values: list[float], minutes: int) -> None:
    """All kinds of metrics FAIL exactly when each of that many consecutive minutes has a value above the limit."""
    slices = (values[first : first + minutes] for first in range(len(values) - minutes + 1))
    broken = any(all(value > 10 for value in part) for part in slices)
    busy = [100.0] * len(values)
    for verdict in (gauge(*values, minutes=minutes), percentile(values, busy, minutes), rate(values, busy, minutes)):
        assert (verdict.status is Status.FAIL) is broken
        assert broken or verdict.status is (Status.PASS if len(values) >= minutes else Status.UNVERIFIED)


@given(VALUES, st.integers(1, 6))
def test_a_gauge_fails_by_known_minutes_alone(values: list[float | None], minutes: int) -> None:
    """FAIL means that many known minutes above the limit, with none at or below it between, and few missing."""
    if gauge(*values, minutes=minutes).status is not Status.FAIL:
        return
    parts = [values[first:last] for first in range(len(values)) for last in range(first + 1, len(values) + 1)]
    assert any(
        sum(value is not None and value > 10 for value in part) == minutes
        and sum(value is None for value in part) <= minutes // 4
        and all(value is None or value > 10 for value in part)
        for part in parts
    )


@given(VALUES, st.data(), st.integers(1, 6))
def test_a_lost_datapoint_never_excuses_a_gauge(values: list[float | None], data: st.DataObject, minutes: int) -> None:
    """What is a FAIL when every datapoint is known is no PASS when one is lost, as long as one above remains in it."""
    full = [value or 0.0 for value in values]
    if gauge(*full, minutes=minutes).status is not Status.FAIL or minutes == 1:
        return
    lost = data.draw(st.integers(0, len(full) - 1))
    assert BADNESS[gauge(*full[:lost], None, *full[lost + 1 :], minutes=minutes).status] >= 1


@given(st.lists(st.tuples(VALUE, st.integers(1, 30).map(float)), min_size=1, max_size=30), st.data())
def test_a_lost_datapoint_never_improves_a_verdict_on_events(
    pairs: list[tuple[float | None, float]], data: st.DataObject
) -> None:
    """Of minutes with events, a lost value makes no verdict better than it would be with any value."""
    values, calls = [value or 0.0 for value, _ in pairs], [count for _, count in pairs]
    lost = data.draw(st.integers(0, len(values) - 1))
    with_hole = [*values[:lost], None, *values[lost + 1 :]]
    for judged in (percentile, rate):
        whole, holed = judged(values, calls), judged(with_hole, calls)
        if whole.status is Status.FAIL:
            assert holed.status in (Status.FAIL, Status.UNVERIFIED)
        if holed.status is Status.FAIL:
            assert judged([*values[:lost], 20.0, *values[lost + 1 :]], calls).status is Status.FAIL


@given(st.lists(VALUE, min_size=1, max_size=30), st.integers(1, 5))
def test_silence_is_neutral_for_percentiles(values: list[float | None], minutes: int) -> None:
    """Silent minutes between busy ones neither end a breach nor make one of fast calls."""
    busy = [value or 0.0 for value in values]
    apart = [each for value in busy for each in (value, None)]
    calls = [each for _ in busy for each in (100.0, None)]
    together, spread = percentile(busy, [100.0] * len(busy), minutes), percentile(apart, calls, minutes)
    if together.status is Status.FAIL:
        assert spread.status is Status.FAIL
    if max(busy) <= 10:
        assert spread.status is not Status.FAIL


@given(VALUES)
def test_pass_needs_data_in_half_of_the_minutes(values: list[float | None]) -> None:
    """PASS needs at least one datapoint, and datapoints in half of the minutes."""
    if gauge(*values).status is Status.PASS:
        known = sum(value is not None for value in values)
        assert known >= 1
        assert 2 * known >= len(values)
        assert len(values) >= 3


@given(st.lists(st.none() | st.integers(0, 10).map(float), min_size=3, max_size=40))
def test_nothing_above_the_limit_never_fails(values: list[float | None]) -> None:
    """A value at the limit and a minute without data are no breach."""
    assert gauge(*values).status is not Status.FAIL
    assert percentile(values, [1.0] * len(values)).status is not Status.FAIL
    assert rate(values, [None] * len(values)).status is not Status.FAIL


def test_a_missing_minute_neither_ends_nor_excuses_a_breach() -> None:
    """Known minutes that suffice are a FAIL; those that do not are UNVERIFIED; those that never could are a PASS."""
    assert gauge(11, 11, 11, None).status is Status.FAIL
    assert gauge(11, 11, 11, None, 11, minutes=4).status is Status.FAIL
    assert gauge(11, 11, None, 11).status is Status.UNVERIFIED
    assert gauge(1, 11, None, 1, 1, 1).status is Status.PASS
    assert gauge(1, 1, None, None, None, 1, 1, 1).status is Status.PASS
    verdict = gauge(1, 11, 11, None, 1, 1)
    assert (verdict.status, verdict.reason) == (Status.UNVERIFIED, Reason.NOT_ENOUGH_DATA)
    assert verdict.observed == "1 of 3 minutes unknown, 2 above the limit, for 3m from 2026-05-04 06:01 UTC"


def test_a_breach_is_a_fail_even_when_most_data_is_missing() -> None:
    """An observed breach counts, even when most of the window has no data."""
    assert gauge(12, 12, 12, *[None] * 30).status is Status.FAIL


def test_too_little_data_is_unverified() -> None:
    """With datapoints in fewer than half of the active minutes the verdict is UNVERIFIED."""
    verdict = gauge(1, None, None, None, 1)
    assert (verdict.status, verdict.reason) == (Status.UNVERIFIED, Reason.NOT_ENOUGH_DATA)
    assert "2 of 5 minutes" in verdict.summary


def test_a_source_that_did_not_exist_needs_no_data() -> None:
    """Absent minutes need no datapoint and end a breach; if it never existed the check is not applicable."""
    assert gauge(1, None, None, None, absent=(False, True, True, True)).status is Status.PASS
    assert gauge(11, 11, None, 11, absent=(False, False, True, False)).status is Status.PASS
    assert gauge(None, None, None, absent=(True,) * 3).status is Status.NOT_APPLICABLE


def test_a_window_shorter_than_the_promised_duration_is_unverified() -> None:
    """Two minutes cannot show a breach of three minutes, but they can show one of one minute."""
    assert gauge(1, 1).status is Status.UNVERIFIED
    assert gauge(1, 1, minutes=0).status is Status.PASS
    assert gauge(1, 11, minutes=0).status is Status.FAIL
    assert gauge().status is Status.UNVERIFIED


def test_a_duration_between_two_periods_needs_the_longer() -> None:
    """90 seconds are two minutes, and a minute is one period of five."""
    kinds = gauge_kinds(series_of(11, 11, 1), 10)
    assert broken_stretches(kinds, series_of(11, 11, 1), MINUTE * 1.5, every_period_beyond).certain == (range(2),)
    kinds = gauge_kinds(series_of(11, 1, 11), 10)
    assert broken_stretches(kinds, series_of(11, 1, 11), MINUTE * 1.5, every_period_beyond).certain == ()
    coarse = AlignedSeries(start=START, period=5 * MINUTE, values=(1, 11, 1))
    assert judge_gauge(coarse, promise(minutes=1)).status is Status.FAIL


def test_a_finding_states_the_duration_the_start_and_the_peak() -> None:
    """The finding is about the longest interval, with its start and its highest value."""
    verdict = gauge(1, 11, 15, 12, 11, 1, 19, 19, 19)
    assert verdict.observed == "peak 15, above the limit for 4m from 2026-05-04 06:01 UTC"
    assert verdict.expected == "load below 10 for 3m"


def test_the_end_of_a_window_may_lack_datapoints() -> None:
    """Events without a datapoint in the last two minutes are unknown, and silent before that."""
    values, calls = series_of(11, None, None, None, None), series_of(5, None, None, None, None)
    kinds = event_kinds(values, calls, 10, 2 * MINUTE)
    assert kinds == (PeriodKind.BEYOND, *[PeriodKind.SILENT] * 2, *[PeriodKind.UNKNOWN] * 2)
    assert event_kinds(series_of(None, 11), series_of(None, 5), 10, 2 * MINUTE)[0] is PeriodKind.SILENT
    assert event_kinds(series_of(None), series_of(5), 10, MINUTE) == (PeriodKind.UNSEEN,)


def test_only_a_short_silence_within_a_breach_is_suspect() -> None:
    """Up to two silent minutes between minutes beyond the limit may be lost datapoints."""
    beyond, silent, kept = PeriodKind.BEYOND, PeriodKind.SILENT, PeriodKind.KEPT
    assert short_silences((silent, beyond, silent, silent, beyond, silent)) == {2, 3}
    assert short_silences((beyond, silent, silent, silent, beyond)) == frozenset()
    assert short_silences((beyond, silent, kept)) == frozenset()


@pytest.mark.parametrize(("calls", "broken"), [(18, True), (19, True), (20, False), (100, False)])
def test_a_lone_slow_call_is_judged_among_the_twenty_around_it(calls: int, *, broken: bool) -> None:
    """One slow call breaks the limit of a 95th percentile when fewer than twenty calls surround it."""
    series = series_of(*(value for at in range(calls) for value in (None, None, None, 11.0 if at == 5 else 1.0)))
    counts = series.with_values(tuple(None if value is None else 1.0 for value in series.values))
    kinds = event_kinds(series, counts, 10, MINUTE)
    found = broken_stretches(kinds, series, 3 * MINUTE, percentile_beyond(counts))
    assert bool(found.certain) is broken
    assert not found.possible


def test_a_series_is_aligned_to_its_window() -> None:
    """Each point is in the minute that it covers, and points outside the window are left out."""
    points = tuple(Point(period_end=START + MINUTE * minute, value=float(minute)) for minute in (0, 1, 3, 4, 9))
    series = Series(name="s", labels=(), period=MINUTE, points=points)
    aligned = align(series, Window(start=START, end=START + 4 * MINUTE))
    assert aligned == series_of(1, None, 3, 4)
    assert aligned.datapoint_count == 3
