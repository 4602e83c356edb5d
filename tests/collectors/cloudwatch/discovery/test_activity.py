"""Proves what stays known of discovered resources, whatever the looks at them came to."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from basewatch.collector import DescribedResource
from collectors.cloudwatch.discovery.activity import (
    FORGET_AFTER,
    KnownResource,
    dimensions_of,
    updated_resources,
    within_limit,
)
from collectors.cloudwatch.discovery.list_metrics import Dimensions
from tests.collectors.cloudwatch.discoverable_account import NOON, QUARTER

NAMES = st.frozensets(st.sampled_from("abcd"))
LOOKS = st.lists(st.tuples(st.none() | NAMES, st.none() | NAMES), max_size=8)


def described(name: str) -> DescribedResource:
    """A function as its service describes it."""
    return DescribedResource(dimensions={"FunctionName": name})


def key(name: str) -> Dimensions:
    """What tells the function apart."""
    return dimensions_of(described(name))


@given(looks=LOOKS, silent=st.booleans())
def test_a_look_that_failed_changes_nothing(
    looks: list[tuple[frozenset[str] | None, frozenset[str] | None]], *, silent: bool
) -> None:
    """After any number of looks, one that finds out nothing leaves the same known, as active as they were."""
    known: dict[Dimensions, KnownResource] = {}
    for number, (found, active) in enumerate(looks):
        at = NOON + number * QUARTER
        keys = None if active is None else {key(name) for name in active}
        known = updated_resources(
            known, None if found is None else map(described, found), keys, at, lists_active_only=silent
        )
    after = updated_resources(known, None, None, NOON + timedelta(days=1), lists_active_only=silent)
    assert {each: one.active for each, one in after.items()} == {each: one.active for each, one in known.items()}


@given(before=NAMES, found=NAMES)
def test_what_is_whole_is_believed(before: frozenset[str], found: frozenset[str]) -> None:
    """A whole listing of what there is says as well what is gone."""
    known = updated_resources({}, map(described, before), None, NOON, lists_active_only=False)
    known = updated_resources(known, map(described, found), None, NOON + QUARTER, lists_active_only=False)
    assert set(known) == {key(name) for name in found}


@given(before=NAMES, active=NAMES, days=st.integers(min_value=0, max_value=20))
def test_silence_is_no_end(before: frozenset[str], active: frozenset[str], days: int) -> None:
    """A listing of what is active ends nothing that was active within two weeks, and makes it idle."""
    known = updated_resources({}, map(described, before), {key(name) for name in before}, NOON, lists_active_only=True)
    at = NOON + timedelta(days=days)
    known = updated_resources(known, map(described, active), {key(name) for name in active}, at, lists_active_only=True)
    stays = before if timedelta(days=days) < FORGET_AFTER else frozenset[str]()
    assert {each: one.active for each, one in known.items()} == {
        key(name): name in active for name in (*stays, *active)
    }


@given(
    candidates=st.dictionaries(st.integers(), st.booleans()),
    at_most=st.integers(min_value=1, max_value=5),
    before=st.frozensets(st.integers()),
)
def test_the_bound_keeps_what_is_in_use(candidates: dict[int, bool], at_most: int, before: frozenset[int]) -> None:
    """As many as fit are kept, no idle one in place of an active one, and nothing new in place of its like."""
    kept = within_limit(candidates, at_most, before)
    assert len(kept) == min(at_most, len(candidates))
    left = set(candidates) - set(kept)
    rank = {each: 2 * active + (each in before) for each, active in candidates.items()}
    assert all(rank[one] <= rank[other] for one in left for other in kept)
