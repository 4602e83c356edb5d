"""The schedule of the dumps retains a dump for every hour, day, week, month and year of its tiers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from demo.dump_schedule import DUMP_INTERVAL, retained_dump_times

MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # by name


@given(MOMENTS)
def test_the_newest_dump_is_under_an_hour_old(now: datetime) -> None:
    """At any moment the newest dump is less than an hour old, and none is in the future."""
    retained = retained_dump_times(now)
    assert retained == tuple(sorted(set(retained)))
    assert timedelta() <= now - retained[-1] < DUMP_INTERVAL


@given(MOMENTS)
def test_every_hour_of_the_last_day_has_a_dump(now: datetime) -> None:
    """Each of the last 24 hours has a dump."""
    retained = retained_dump_times(now)
    assert all(
        any(hour <= now - at < hour + DUMP_INTERVAL for at in retained)
        for hour in (DUMP_INTERVAL * count for count in range(24))
    )


@given(MOMENTS)
def test_every_past_period_of_a_tier_has_a_dump(now: datetime) -> None:
    """Each of the last 7 days, 4 weeks, 12 months and 5 years before the current ones has a dump."""
    retained = retained_dump_times(now)
    days = {at.date() for at in retained}
    weeks = {at.isocalendar()[:2] for at in retained}
    months = {at.year * 12 + at.month for at in retained}
    years = {at.year for at in retained}
    month = now.year * 12 + now.month
    assert {now.date() - timedelta(days=back) for back in range(1, 8)} <= days
    assert {(now - timedelta(weeks=back)).isocalendar()[:2] for back in range(1, 5)} <= weeks
    assert set(range(month - 12, month)) <= months
    assert set(range(now.year - 5, now.year)) <= years
