"""The known resources are correct after any sequence of successful and failed discoveries."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from basewatch.collector import DescribedResource
from collectors.cloudwatch.discovery.queries import Dimensions
from collectors.cloudwatch.discovery.result import (
    FORGET_AFTER,
    KnownResource,
    dimensions_of,
    updated_resources,
    within_limit,
)
from tests.collectors.cloudwatch.discoverable_account import NOON, QUARTER

NAMES = st.frozensets(st.sampled_from("abcd"))
DISCOVERIES = st.lists(st.tuples(st.none() | NAMES, st.none() | NAMES), max_size=8)


def described(name: str) -> DescribedResource:
    """A function as described by its service."""
    return DescribedResource(dimensions={"FunctionName": name})


def key(name: str) -> Dimensions:
    """The dimensions of the function."""
    return dimensions_of(described(name))


@given(discoveries=DISCOVERIES, lists_active_only=st.booleans())
def test_a_failed_discovery_changes_nothing(
    discoveries: list[tuple[frozenset[str] | None, frozenset[str] | None]], *, lists_active_only: bool
) -> None:
    """After any discoveries, one that fails leaves the known resources and their activity unchanged."""
    known: dict[Dimensions, KnownResource] = {}
    for number, (found, active) in enumerate(discoveries):
        at = NOON + number * QUARTER
        keys = None if active is None else {key(name) for name in active}
        known = updated_resources(
            known, None if found is None else map(described, found), keys, at, lists_active_only=lists_active_only
        )
    after = updated_resources(known, None, None, NOON + timedelta(days=1), lists_active_only=lists_active_only)
    assert {each: one.active for each, one in after.items()} == {each: one.active for each, one in known.items()}


@given(before=NAMES, found=NAMES)
def test_a_complete_listing_replaces_the_known_resources(before: frozenset[str], found: frozenset[str]) -> None:
    """A complete listing also shows which resources are gone."""
    known = updated_resources({}, map(described, before), None, NOON, lists_active_only=False)
    known = updated_resources(known, map(described, found), None, NOON + QUARTER, lists_active_only=False)
    assert set(known) == {key(name) for name in found}


@given(before=NAMES, active=NAMES, days=st.integers(min_value=0, max_value=20))
def test_an_inactive_resource_becomes_idle(before: frozenset[str], active: frozenset[str], days: int) -> None:
    """A resource missing from a listing of active ones becomes idle, and is dropped after two weeks."""
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
def test_the_limit_keeps_active_resources(candidates: dict[int, bool], at_most: int, before: frozenset[int]) -> None:
    """As many as fit are kept: active ones before idle ones, previous ones before new ones."""
    kept = within_limit(candidates, at_most, before)
    assert len(kept) == min(at_most, len(candidates))
    left = set(candidates) - set(kept)
    rank = {each: 2 * active + (each in before) for each, active in candidates.items()}
    assert all(rank[one] <= rank[other] for one in left for other in kept)
