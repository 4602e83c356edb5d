"""Proves that a field which is missing, null, of the wrong type or unknown is never taken for a fact."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basewatch.aws.response import accepted_error, answered_at, optional, required
from basewatch.errors import ObservationError
from basewatch.model import Reason

SEEN = datetime(2026, 3, 1, 14, tzinfo=timezone(timedelta(hours=2)))
ANSWER: dict[str, Any] = {
    "DBClusters": [{"LatestRestorableTime": SEEN, "BackupRetentionPeriod": 35, "Status": None, "Protected": True}]
}


class Lamp(StrEnum):
    """A state that AWS may give."""

    ON = "ON"
    OFF = "OFF"


def test_a_field_is_read_by_its_path_and_type() -> None:
    """A number, a flag and a time come out as they are, the time in UTC."""
    assert required(ANSWER, "DBClusters", 0, "BackupRetentionPeriod", kind=int) == 35
    assert required(ANSWER, "DBClusters", 0, "Protected", kind=bool) is True
    read = required(ANSWER, "DBClusters", 0, "LatestRestorableTime", kind=datetime)
    assert (read, read.tzinfo) == (SEEN, UTC)


@pytest.mark.parametrize("path", [("DBClusters", 1, "Status"), ("DBClusters", 0, "Status"), ("Nothing",), (0, "x")])
def test_a_field_that_is_missing_or_null_is_not_enough_to_judge_by(path: tuple[str | int, ...]) -> None:
    """What AWS did not say is asked for by name, and an optional one is None."""
    assert optional(ANSWER, *path, kind=str) is None
    with pytest.raises(ObservationError) as caught:
        required(ANSWER, *path, kind=str)
    assert caught.value.reason is Reason.NOT_ENOUGH_DATA
    assert str(path[-1]) in caught.value.detail


def test_the_path_of_a_missing_field_is_written_as_people_write_it() -> None:
    """The detail names the path of the field in AWS's documentation."""
    with pytest.raises(ObservationError, match=r"no DBClusters\[0\]\.Missing"):
        required(ANSWER, "DBClusters", 0, "Missing", kind=str)


@pytest.mark.parametrize("read", [required, optional])
@pytest.mark.parametrize(
    ("value", "kind"),
    [("35", int), (True, int), (35, str), (datetime(2026, 3, 1), datetime), ("BLINK", Lamp), (1, Lamp)],  # noqa: DTZ001  # the point: no zone
)
def test_a_field_of_another_kind_is_unsupported(read: Any, value: object, kind: type[object]) -> None:
    """A value that is not understood is neither dropped nor guessed."""
    with pytest.raises(ObservationError) as caught:
        read({"Field": value}, "Field", kind=kind)
    assert caught.value.reason is Reason.UNSUPPORTED


def test_a_known_value_of_an_enum_is_read_as_its_member() -> None:
    """A state that is known keeps its name."""
    assert required({"State": "ON"}, "State", kind=Lamp) is Lamp.ON


@given(st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1)))  # noqa: DTZ001  # hypothesis takes bounds without a zone
def test_the_clock_of_aws_is_read_from_its_date_header(moment: datetime) -> None:
    """Ages can be reckoned on AWS' own clock, to the second."""
    there = moment.replace(microsecond=0, tzinfo=UTC)
    header = there.strftime("%a, %d %b %Y %H:%M:%S GMT")
    assert answered_at({"ResponseMetadata": {"HTTPHeaders": {"date": header}}}) == there


@pytest.mark.parametrize("headers", [{}, {"date": "yesterday"}, {"date": ""}])
def test_no_date_header_is_no_time(headers: dict[str, str]) -> None:
    """A clock that was not shown is not guessed."""
    assert answered_at({"ResponseMetadata": {"HTTPHeaders": headers}}) is None


def test_a_plain_answer_has_no_accepted_code() -> None:
    """Only an error that the caller accepted leaves a code."""
    assert accepted_error(ANSWER) == ""
    assert accepted_error({"Error": {"Code": "NoSuchTagSet"}}) == "NoSuchTagSet"
