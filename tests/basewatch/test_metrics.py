"""Proves that a metric that was not collected is never mistaken for one without datapoints."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from basewatch.errors import ObservationError
from basewatch.metrics import CollectedMetrics, CollectedSeries, CollectionGap, MetricsClient, Provenance
from basewatch.model import Reason, Window
from basewatch.series import Point, Series

END = datetime(2026, 3, 1, 12, tzinfo=UTC)
WINDOW = Window(start=END - timedelta(hours=1), end=END)
ERRORS, DURATION = "aws_lambda_errors_total", "aws_lambda_duration_seconds"


def reading(component: str, name: str, *values: float, **labels: str) -> CollectedSeries:
    """A series of a component with these values, one a minute, the last at the window's end."""
    points = tuple(
        Point(period_end=END - timedelta(minutes=len(values) - 1 - position), value=value)
        for position, value in enumerate(values)
    )
    series = Series(name=name, labels=tuple(labels.items()), period=timedelta(minutes=1), points=points)
    return CollectedSeries(component=component, series=series)


COLLECTED = CollectedMetrics(
    window=WINDOW,
    collected_series=(
        reading("function/a", ERRORS, 1, 2, function_name="a"),
        reading("function/b", ERRORS, function_name="b"),
        reading("function/a", DURATION, 0.4, function_name="a", quantile="0.95"),
        reading("function/a", DURATION, 0.9, function_name="a", quantile="0.99"),
    ),
    gaps=(
        CollectionGap(
            collector="lambda",
            component="function/c",
            reason=Reason.DENIED,
            detail="AccessDenied",
            remedy="allow cloudwatch:GetMetricData",
        ),
        CollectionGap(
            collector="lambda",
            component="function/b",
            reason=Reason.NOT_ENOUGH_DATA,
            detail="PartialData",
            family=DURATION,
        ),
    ),
    provenance=(
        Provenance(
            component="function/a", source="aws:1/r", principal="arn:me", requests=("cloudwatch:GetMetricData 1",)
        ),
        Provenance(
            component="function/b", source="aws:2/r", principal="arn:me", requests=("cloudwatch:GetMetricData 2",)
        ),
    ),
)


def test_a_series_is_found_by_component_family_and_labels() -> None:
    """A check gets the series it names, oldest point first."""
    metrics = MetricsClient(COLLECTED)
    assert [point.value for point in metrics.series("function/a", ERRORS).points] == [1, 2]
    assert [point.value for point in metrics.series("function/a", DURATION, quantile="0.95").points] == [0.4]


def test_a_complete_answer_without_datapoints_is_an_empty_series() -> None:
    """What CloudWatch answered completely and emptily is a fact."""
    assert MetricsClient(COLLECTED).series("function/b", ERRORS).points == ()


@pytest.mark.parametrize(
    ("component", "family", "reason"),
    [
        ("function/c", ERRORS, Reason.DENIED),
        ("function/b", DURATION, Reason.NOT_ENOUGH_DATA),
        ("function/a", "aws_lambda_throttles_total", Reason.UNSUPPORTED),
        ("function/d", ERRORS, Reason.UNSUPPORTED),
    ],
)
def test_a_series_that_was_not_collected_is_an_error(component: str, family: str, reason: Reason) -> None:
    """A gap, and a metric that no collector requests, give a reason."""
    with pytest.raises(ObservationError) as raised:
        MetricsClient(COLLECTED).series(component, family)
    assert raised.value.reason is reason


def test_a_gap_says_what_to_do() -> None:
    """The remedy of a gap reaches the person who reads the finding."""
    with pytest.raises(ObservationError) as raised:
        MetricsClient(COLLECTED).series("function/c", ERRORS)
    assert raised.value.remedy == "allow cloudwatch:GetMetricData"
    assert "AccessDenied" in raised.value.detail


def test_two_series_are_never_taken_for_one() -> None:
    """Asking too loosely is a mistake of the check, not a choice of whichever comes first."""
    with pytest.raises(ValueError, match="2 series"):
        MetricsClient(COLLECTED).series("function/a", DURATION)


def test_the_past_of_two_objectives_is_one_series() -> None:
    """A series that was asked for twice, over different times or periods, is not added up."""
    short, long = reading("api/a", ERRORS, 1, 2), reading("api/a", ERRORS, 0, 1, 2)
    other = replace(long, series=replace(long.series, period=timedelta(minutes=5)))
    client = MetricsClient(CollectedMetrics(window=WINDOW, past_series=(short, long, other)))
    assert client.past_series("api/a", ERRORS, period=timedelta(minutes=1)) == (long.series,)
    assert client.past_series("api/a", ERRORS) == (long.series, other.series)


def test_evidence_names_only_what_was_asked_for() -> None:
    """A client records the principals for the components that were read, and no others."""
    metrics = MetricsClient(COLLECTED)
    assert (metrics.source, metrics.principal, metrics.requests) == ("", "", ())
    metrics.series("function/a", ERRORS)
    assert metrics.source == "aws:1/r"
    assert metrics.principal == "arn:me"
    assert metrics.requests == ("cloudwatch:GetMetricData 1",)
    assert metrics.window == WINDOW


def test_every_series_of_a_collection_can_be_exported() -> None:
    """The exporter gets all series, with or without points."""
    assert len(COLLECTED.series) == 4
