"""A sample holds the versions chosen by rule, and it can be drawn again."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from checks.retention.sampling import by_rule, uniform
from checks.retention.version_pages import ObjectVersion
from tests.checks.verdicts import NOW

keys = st.builds("/".join, st.lists(st.sampled_from("abcdef"), min_size=1, max_size=3))
versions = st.lists(
    st.builds(
        ObjectVersion,
        key=keys,
        version_id=st.uuids().map(str),
        last_modified=st.integers(0, 10_000).map(lambda minutes: NOW - timedelta(minutes=minutes)),
        is_latest=st.booleans(),
    ),
    max_size=60,
    unique_by=lambda version: version.version_id,
)


@given(versions, st.integers(1, 100), st.randoms(use_true_random=False))
def test_the_same_versions_give_the_same_sample_in_any_order(
    found: list[ObjectVersion], size: int, random: object
) -> None:
    """The same seed gives the same versions, in any order of the listing."""
    shuffled = list(found)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis types its Random as object
    assert uniform(found, size, "seed") == uniform(shuffled, size, "seed")
    assert set(by_rule(found, "seed")) == set(by_rule(shuffled, "seed"))


@given(versions, st.integers(1, 100))
def test_a_sample_has_the_requested_size_and_no_duplicates(found: list[ObjectVersion], size: int) -> None:
    """All versions are in the sample when there are no more than requested."""
    drawn = uniform(found, size, "seed")
    assert len(drawn) == len(set(drawn)) == min(size, len(found))
    assert set(drawn) <= set(found)


@given(versions.filter(len))
def test_some_versions_are_chosen_by_rule(found: list[ObjectVersion]) -> None:
    """The oldest, the newest, one that is not the latest and one of each of a few prefixes are chosen."""
    chosen = by_rule(found, "seed")
    dates = [version.last_modified for version in chosen]
    assert min(version.last_modified for version in found) in dates
    assert max(version.last_modified for version in found) in dates
    assert {version.prefix for version in chosen} == {version.prefix for version in found}
    assert all(version.is_latest for version in found) or not all(version.is_latest for version in chosen)
    assert len(chosen) <= 12


def test_another_seed_draws_another_sample() -> None:
    """Each day has another sample."""
    found = [
        ObjectVersion(key=f"a/{number}", version_id=str(number), last_modified=NOW, is_latest=True)
        for number in range(100)
    ]
    assert set(uniform(found, 10, "bucket 2026-03-01")) != set(uniform(found, 10, "bucket 2026-03-02"))
