"""The judge of ratios agrees with a plain definition of a share of events for some time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basewatch.model import Status, Verdict
from checks.service.aligned_series import AlignedSeries
from checks.service.promises import PromisedLimit
from checks.service.ratios import BadRatio, events_needed, judge_ratio, worst_ratio
from checks.service.sustained import no_activity_verdict

START = datetime(2026, 5, 4, 6, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
TOTALS = st.lists(st.integers(0, 60).map(float), min_size=1, max_size=30)


def series_of(*values: float | None, warm_up: int = 0) -> AlignedSeries:
    """These values, one per minute."""
    return AlignedSeries(start=START, period=MINUTE, values=values, warm_up_periods=warm_up)


def promise(minutes: int, limit: float = 0.05) -> PromisedLimit:
    """At most this share for so many minutes."""
    return PromisedLimit(
        what="share",
        limit=limit,
        sustained=MINUTE * minutes,
        limit_text=f"{limit} for {minutes}m",
        format_value=str,
    )


def worst(bad: AlignedSeries, total: AlignedSeries, minutes: int, *, missing_is_bad: bool = False) -> BadRatio:
    """The worst ratio, which there has to be."""
    found = worst_ratio(bad, total, promise(minutes), missing_is_bad=missing_is_bad)
    assert found is not None
    return found


def judged(bad: AlignedSeries, total: AlignedSeries, minutes: int = 3) -> Verdict:
    """The verdict on 5%."""
    idle = no_activity_verdict("call")
    return judge_ratio(bad, total, promise(minutes), summary_text="calls failed", idle_verdict=idle)


@given(TOTALS, st.data(), st.integers(1, 6))
def test_the_worst_ratio_is_that_of_the_shortest_stretches(
    totals: list[float], data: st.DataObject, minutes: int
) -> None:
    """For each end, the shortest stretch of the promised time with 20 events counts, and the window as a whole."""
    bad = [float(data.draw(st.integers(0, int(count)))) for count in totals]
    ratios = [sum(bad) / sum(totals)] if sum(totals) else []
    for last in range(1, len(totals) + 1):
        starts = [at for at in range(last - minutes + 1) if sum(totals[at:last]) >= 20]
        if starts:
            ratios.append(sum(bad[starts[-1] : last]) / sum(totals[starts[-1] : last]))
    found = worst_ratio(series_of(*bad), series_of(*totals), promise(minutes), missing_is_bad=False)
    assert (found.value if found else None) == (pytest.approx(max(ratios)) if ratios else None)


@given(TOTALS, st.data(), st.integers(1, 6))
def test_a_lost_outcome_never_improves_a_verdict(totals: list[float], data: st.DataObject, minutes: int) -> None:
    """It lies between the verdicts with the best and the worst outcome."""
    bad = [float(data.draw(st.integers(0, int(count)))) for count in totals]
    lost = data.draw(st.integers(0, len(totals) - 1))

    def status(value: float | None) -> Status:
        return judged(series_of(*bad[:lost], value, *bad[lost + 1 :]), series_of(*totals), minutes).status

    if status(None) is Status.FAIL:
        assert status(0.0) is Status.FAIL
    if status(totals[lost]) is Status.FAIL:
        assert status(None) is not Status.PASS


def test_few_events_widen_the_stretch() -> None:
    """A stretch grows until it has 20 events, and the window counts with any number."""
    quiet = worst(series_of(1, 1, 0, 0, 0, 0), series_of(6, 6, 6, 6, 6, 60), 2)
    assert (quiet.bad, quiet.total, quiet.start) == (2, 24, START)
    alone = worst(series_of(None, 1, None), series_of(None, 1, None), 1)
    assert (alone.value, str(alone)) == (1.0, "100% (1 of 1) in 3m from 2026-05-04 06:00 UTC")


@pytest.mark.parametrize(("limit", "events"), [(0.05, 20), (0.2, 20), (0.01, 100), (0.001, 1000), (0.0, 20)])
def test_a_single_bad_event_does_not_exceed_a_limit(limit: float, events: int) -> None:
    """The stretch has so many events that one of them is not more than the limit, and at least 20."""
    assert events_needed(limit) == events


def test_a_lost_outcome_counts_as_good_for_a_fail_and_as_bad_for_a_pass() -> None:
    """A missing total is at least the bad events."""
    assert (
        worst(series_of(5, None), series_of(20, 20), 2).bad,
        worst(series_of(5, None), series_of(20, 20), 2).total,
    ) == (5, 40)
    assert worst(series_of(5, None), series_of(20, 20), 2, missing_is_bad=True).bad == 25
    assert worst(series_of(0, 5), series_of(20, None), 2, missing_is_bad=True).total == 25
    assert worst_ratio(series_of(None, None), series_of(None, 0), promise(1), missing_is_bad=True) is None
    assert judged(series_of(0, None, 0), series_of(100, 1, 100)).status is Status.PASS
    assert judged(series_of(0, None, 0), series_of(100, 50, 100)).status is Status.UNVERIFIED
    assert judged(series_of(50, None, 50), series_of(100, 50, 100)).status is Status.FAIL


def test_the_ratio_of_the_window_leaves_out_the_warm_up() -> None:
    """The window as a whole has no warm-up, while a stretch that ends in the window can start before it."""
    total = series_of(*[100.0] * 6, warm_up=3)
    goes_on = total.with_values((50, 50, 50, 1, 0, 0))
    assert (worst(goes_on, total, 3).bad, worst(goes_on, total, 3).start) == (101, START + MINUTE)
    assert worst(goes_on, total, 1).bad == 1
    over = total.with_values((50, 50, 50, 0, 0, 0))
    assert worst(over, total, 3).bad == 0
