"""Trends show the measurements of a component with its promised limits."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from basewatch.series import Point, Series
from reports.trends import per_minute_text, per_second_text, percent_text, seconds_text, trends
from tests.reports.sample import API, AUTH, CLUSTER, CUSTOMERS, END, sample_run


def _series(name: str, value: float, *labels: tuple[str, str]) -> Series:
    point = Point(period_end=END, value=value)
    return Series(name=name, labels=labels, period=timedelta(minutes=1), points=(point,))


def test_the_main_measurements_are_shown_with_their_limits() -> None:
    """Every measurement with data has a trend; those above their limit come first."""
    shown = [(trend.component, trend.title, trend.limit, trend.exceeds_limit) for trend in trends(sample_run())]
    assert shown == [
        (AUTH, "duration, 95th percentile", 0.1, True),
        (CLUSTER, "pool use", 0.9, False),
        (AUTH, "error ratio", 0.05, False),
        (API, "latency, 95th percentile", 0.5, False),
        (API, "server errors", 10.0, False),
    ]


def test_throttled_reads_and_writes_are_added() -> None:
    """A minute with either counts both, as events per second."""
    label = ("table_name", "customers")
    series = (
        _series("aws_dynamodb_read_throttle_events_total", 90, label),
        _series("aws_dynamodb_write_throttle_events_total", 30, label),
    )
    (trend,) = trends(replace(sample_run(), series=series))
    assert (trend.component, trend.peak.value, trend.exceeds_limit) == (CUSTOMERS, 2.0, True)


def test_a_ratio_to_zero_is_not_shown() -> None:
    """Minutes without invocations have no error ratio."""
    label = ("function_name", "auth-v2")
    series = (_series("aws_lambda_errors_total", 0, label), _series("aws_lambda_invocations_total", 0, label))
    assert trends(replace(sample_run(), series=series)) == ()


def test_a_series_of_another_component_is_not_shown() -> None:
    """A series belongs to a component by its label."""
    series = (_series("aws_lambda_duration_seconds", 9, ("function_name", "other"), ("quantile", "0.95")),)
    assert trends(replace(sample_run(), series=series)) == ()


def test_a_measurement_without_a_limit_has_none() -> None:
    """Without a promise there is no limit to exceed."""
    run = sample_run()
    (name, quantile) = ("function_name", "billing-worker"), ("quantile", "0.95")
    (trend,) = trends(replace(run, series=(_series("aws_lambda_duration_seconds", 9, name, quantile),)))
    assert (trend.limit, trend.limit_text, trend.exceeds_limit) == (None, "", False)


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        (seconds_text(0.0871), "87.1 ms"),
        (seconds_text(1.25), "1.25 s"),
        (percent_text(0.0534), "5.34%"),
        (per_second_text(1.5), "1.5/s"),
        (per_minute_text(0.5), "30/min"),
    ],
)
def test_a_value_is_shown_in_the_unit_people_use(shown: str, text: str) -> None:
    """Milliseconds below a second, percent for ratios, a rate with its time."""
    assert shown == text
