"""The table of docs/time-limits.md is what the judges do."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from basewatch.model import Status
from checks.service.aligned_series import AlignedSeries
from checks.service.promises import PromisedLimit
from checks.service.sustained import judge_gauge, judge_percentile, judge_rate, no_activity_verdict
from tests.repository import ROOT

PAGE = (ROOT / "docs" / "time-limits.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| `([oX.?]+)` \| (\w+) \| (\w+) \| (\w+) \|", PAGE, re.MULTILINE)
MINUTE = timedelta(minutes=1)
LIMIT = PromisedLimit(what="load", limit=10, sustained=3 * MINUTE, limit_text="10 for 3m", format_value=str)
IDLE = no_activity_verdict("event")


def series_of(*values: float | None) -> AlignedSeries:
    """These values, one per minute."""
    return AlignedSeries(start=datetime(2026, 5, 4, tzinfo=UTC), period=MINUTE, values=values)


@pytest.mark.parametrize(("minutes", "gauge", "rate", "percentile"), ROWS, ids=[row[0] for row in ROWS])
def test_a_row_has_its_verdicts(minutes: str, gauge: str, rate: str, percentile: str) -> None:
    """Each row of the table is judged as it says."""
    series = series_of(*({"o": 9.0, "X": 11.0}.get(minute) for minute in minutes))
    activity = series_of(*(None if minute == "." else 100.0 for minute in minutes))
    absent = tuple(minute == "." for minute in minutes)
    late = timedelta()
    assert judge_gauge(series, LIMIT, absent=absent, idle_verdict=IDLE).status is Status[gauge]
    assert judge_rate(series, activity, LIMIT, idle_verdict=IDLE, may_be_late=late).status is Status[rate]
    assert judge_percentile(series, activity, LIMIT, idle_verdict=IDLE, may_be_late=late).status is Status[percentile]


def test_the_table_has_rows() -> None:
    """The pattern above still finds the table."""
    assert len(ROWS) >= 14
