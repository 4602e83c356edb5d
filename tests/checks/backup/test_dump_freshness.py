"""An old dump and a missing dump FAIL, and an incomplete listing is UNVERIFIED."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basewatch.components import DumpBackups
from basewatch.errors import NotFoundError, ObservationError
from basewatch.model import Reason, Status
from checks.backup.dump_freshness import DumpFreshness, NewestOfFamily, dump_freshness, newest_dump_is_fresh
from checks.backup.dump_listing import Attribution
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


def family(
    age: timedelta, attribution: Attribution = "ours", written: timedelta | None = None, name: str = "securebase"
) -> NewestOfFamily:
    """The newest dump of a family, whose content has this age and which was written that long ago."""
    return NewestOfFamily(
        family=name,
        attribution=attribution,
        count=3,
        newest_key="hourly/c",
        newest_content=NOW - age,
        last_key="hourly/d",
        last_written=NOW - (age if written is None else written),
    )


def facts(*families: NewestOfFamily, objects: int = 3, repository_key: str = "") -> DumpFreshness:
    """Facts of these families."""
    return DumpFreshness(families=families, objects=objects, incomplete=0, repository_key=repository_key, aws_time=NOW)


def listed(age: timedelta) -> DumpFreshness:
    """Facts of dumps whose newest has this age."""
    return facts(family(age))


NONE = facts(objects=0)


@pytest.mark.parametrize(
    ("found", "status"),
    [
        (listed(2 * HOUR), Status.PASS),
        (listed(2 * HOUR + MINUTE), Status.FAIL),
        (NONE, Status.FAIL),
        (listed(-10 * MINUTE), Status.UNVERIFIED),
        (facts(objects=9), Status.FAIL),
        (facts(family(HOUR), repository_key="base/backup.info"), Status.UNVERIFIED),
    ],
)
def test_the_newest_dump_must_be_fresh(found: DumpFreshness, status: Status) -> None:
    """An old newest dump fails, and so does a complete listing without dumps; a time in the future is UNVERIFIED."""
    assert verdict(newest_dump_is_fresh, found, DUMPS).status is status


@pytest.mark.parametrize(
    ("families", "status"),
    [
        # Another family than the one named after the database neither excuses nor breaks it.
        ([family(HOUR), family(9 * HOUR, "perhaps")], Status.PASS),
        ([family(9 * HOUR), family(9 * HOUR, "perhaps")], Status.FAIL),
        ([family(9 * HOUR), family(HOUR, "perhaps")], Status.UNVERIFIED),
        # None is named after the database: only what all agree on is certain.
        ([family(HOUR, "perhaps"), family(HOUR, "perhaps")], Status.PASS),
        ([family(9 * HOUR, "perhaps"), family(9 * HOUR, "perhaps")], Status.FAIL),
        ([family(HOUR, "perhaps"), family(9 * HOUR, "perhaps")], Status.UNVERIFIED),
        # An old dump was written again.
        ([family(9 * HOUR, written=MINUTE)], Status.UNVERIFIED),
    ],
)
def test_a_dump_counts_when_it_is_of_the_database(families: list[NewestOfFamily], status: Status) -> None:
    """The dumps of another database do not make those of the declared one fresh."""
    assert verdict(newest_dump_is_fresh, facts(*families), DUMPS).status is status


def test_a_verdict_names_the_newest_dump_and_its_age() -> None:
    """The person on call knows which dump to look for."""
    found = verdict(newest_dump_is_fresh, listed(3 * HOUR), DUMPS)
    assert (found.observed, found.expected) == (
        "the newest of 3 dumps, hourly/c, is 3h old",
        "a dump no older than 2h",
    )
    assert verdict(newest_dump_is_fresh, NONE, DUMPS).observed == "no dump"


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_an_older_dump_never_improves_the_status(age: int, more: int) -> None:
    """A higher age and the loss of every dump never improve the status."""
    was = badness(newest_dump_is_fresh, listed(age * MINUTE), DUMPS)
    assert badness(newest_dump_is_fresh, listed((age + more) * MINUTE), DUMPS) >= was
    assert badness(newest_dump_is_fresh, NONE, DUMPS) >= was


def page(*entries: tuple[str, timedelta], truncated: bool = False) -> dict[str, Any]:
    """A page of a listing: keys and ages."""
    contents = [{"Key": key, "LastModified": NOW - age, "Size": 1} for key, age in entries]
    more: dict[str, Any] = {"NextContinuationToken": contents[-1]["Key"]} if truncated else {}
    return answered(IsTruncated=truncated, Contents=contents, **more)


def facts_of(*pages: dict[str, Any]) -> DumpFreshness:
    """The facts that the observation reads from a listing of these pages."""
    wire = Wire()
    wire.answer("s3:ListObjectsV2", *pages)
    return dump_freshness(looking(wire), DUMPS)


def test_the_newest_is_found_on_any_page_and_folders_are_no_dumps() -> None:
    """A listing is sorted by key, not by time, and a folder marker of the console is no dump."""
    first = page(("hourly/", timedelta()), ("hourly/a", HOUR), truncated=True)
    found = facts_of(first, page(("hourly/b", 5 * HOUR)))
    (only,) = found.families
    assert (only.count, only.newest_key, only.newest_content) == (2, "hourly/a", NOW - HOUR)


def test_a_complete_listing_without_a_dump_is_a_fact() -> None:
    """The absence of every dump is as certain as an old dump."""
    assert facts_of(page()) == DumpFreshness(families=(), objects=0, incomplete=0, repository_key="", aws_time=None)


@pytest.mark.parametrize(
    ("pages", "reason"),
    [
        ([answered()], Reason.NOT_ENOUGH_DATA),
        ([page(("a", HOUR), truncated=True), refusal("SlowDown", status=503)], Reason.THROTTLED),
        ([answered(IsTruncated=True, Contents=[])], Reason.NOT_ENOUGH_DATA),
        ([answered(IsTruncated=False, Contents=[{"Key": "a"}])], Reason.NOT_ENOUGH_DATA),
    ],
)
def test_an_incomplete_listing_is_no_fact(pages: list[dict[str, Any]], reason: Reason) -> None:
    """An empty response, a page that fails and a listing without an end raise ObservationError."""
    with pytest.raises(ObservationError) as caught:
        facts_of(*pages)
    assert caught.value.reason is reason


def test_a_bucket_that_does_not_exist_is_absent() -> None:
    """A declared bucket that does not exist raises NotFoundError."""
    with pytest.raises(NotFoundError):
        facts_of(refusal("NoSuchBucket", status=404))
