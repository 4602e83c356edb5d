"""Proves that a stale dump and a missing one are found, and that half a listing shows neither."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basewatch.components import DumpBackups
from basewatch.errors import NotFoundError, ObservationError
from basewatch.model import Reason, Status
from checks.backup.dump_freshness import DumpFreshness, dump_freshness, newest_dump_is_fresh
from tests.checks.verdicts import NOW, badness, verdict
from tests.wire import Wire, answered, looking, refusal

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
DUMPS = DumpBackups.model_validate(
    {
        "name": "dumps",
        "bucket": "backups",
        "prefix": "hourly/",
        "database": "securebase",
        "every": "1h",
        "stale_after": "2h",
    }
)


def listed(age: timedelta, count: int = 3) -> DumpFreshness:
    """Dumps whose newest is this old."""
    return DumpFreshness(count=count, newest_key="hourly/c", newest_modified=NOW - age, aws_time=NOW)


NONE = DumpFreshness(count=0, newest_key="", newest_modified=None, aws_time=NOW)


@pytest.mark.parametrize(
    ("facts", "status"),
    [
        (listed(2 * HOUR), Status.PASS),
        (listed(2 * HOUR + MINUTE), Status.FAIL),
        (NONE, Status.FAIL),
        (listed(-10 * MINUTE), Status.UNVERIFIED),
    ],
)
def test_the_newest_dump_must_be_fresh(facts: DumpFreshness, status: Status) -> None:
    """A stale newest dump fails, and so does a whole listing without any; one from the future proves nothing."""
    assert verdict(newest_dump_is_fresh, facts, DUMPS).status is status


def test_a_verdict_names_the_newest_dump_and_its_age() -> None:
    """Whoever is paged knows what to look at."""
    found = verdict(newest_dump_is_fresh, listed(3 * HOUR), DUMPS)
    assert (found.observed, found.expected) == ("the newest of 3, hourly/c, is 3h old", "a dump no older than 2h")
    assert verdict(newest_dump_is_fresh, NONE, DUMPS).observed == "no dump"


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_an_older_dump_never_looks_fresher(age: int, more: int) -> None:
    """Age, and the loss of every dump, never improve the status."""
    was = badness(newest_dump_is_fresh, listed(age * MINUTE), DUMPS)
    assert badness(newest_dump_is_fresh, listed((age + more) * MINUTE), DUMPS) >= was
    assert badness(newest_dump_is_fresh, NONE, DUMPS) >= was


def page(*entries: tuple[str, timedelta], truncated: bool = False) -> dict[str, Any]:
    """A page of a listing: keys and ages."""
    contents = [{"Key": key, "LastModified": NOW - age, "Size": 1} for key, age in entries]
    more: dict[str, Any] = {"NextContinuationToken": contents[-1]["Key"]} if truncated else {}
    return answered(IsTruncated=truncated, Contents=contents, **more)


def seen(*pages: dict[str, Any]) -> DumpFreshness:
    """What the observation makes of a listing of these pages."""
    wire = Wire()
    wire.answer("s3:ListObjectsV2", *pages)
    return dump_freshness(looking(wire), DUMPS)


def test_the_newest_is_found_on_any_page_and_folders_are_no_dumps() -> None:
    """A listing is in order of keys, not of time, and a console's folder marker is no backup."""
    first = page(("hourly/", timedelta()), ("hourly/a", HOUR), truncated=True)
    found = seen(first, page(("hourly/b", 5 * HOUR)))
    assert found == DumpFreshness(count=2, newest_key="hourly/a", newest_modified=NOW - HOUR, aws_time=None)


def test_a_whole_listing_without_a_dump_is_a_fact() -> None:
    """No dump at all is known as surely as a stale one."""
    assert seen(page()) == DumpFreshness(count=0, newest_key="", newest_modified=None, aws_time=None)


@pytest.mark.parametrize(
    ("pages", "reason"),
    [
        ([answered()], Reason.NOT_ENOUGH_DATA),
        ([page(("a", HOUR), truncated=True), refusal("SlowDown", status=503)], Reason.THROTTLED),
        ([answered(IsTruncated=True, Contents=[])], Reason.NOT_ENOUGH_DATA),
        ([answered(IsTruncated=False, Contents=[{"Key": "a"}])], Reason.NOT_ENOUGH_DATA),
    ],
)
def test_half_a_listing_shows_nothing(pages: list[dict[str, Any]], reason: Reason) -> None:
    """An empty answer, a page that fails and a listing without an end are no listing of all dumps."""
    with pytest.raises(ObservationError) as caught:
        seen(*pages)
    assert caught.value.reason is reason


def test_a_bucket_that_does_not_exist_is_absent() -> None:
    """A declared bucket that is gone is a broken promise."""
    with pytest.raises(NotFoundError):
        seen(refusal("NoSuchBucket", status=404))
