"""A pass reads each component with the warm-up that it needs, and with at most two warm-ups."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from basewatch.collector import MetricTarget, Resource
from workflows.windows import warm_up_of

WARM_UPS = st.dictionaries(
    st.sampled_from("abcdef"), st.integers(0, 24 * 60).map(lambda minutes: timedelta(minutes=minutes))
)


def target(component: str) -> MetricTarget:
    """A target of a component."""
    resource = Resource(component=component, dimensions=(), labels=())
    return MetricTarget(collector="lambda", account_id="1", region="r", resource=resource, specs=())


@given(WARM_UPS)
def test_every_component_has_the_warm_up_it_needs(warm_ups: dict[str, timedelta]) -> None:
    """No component has less, there are at most two warm-ups, and none is longer than the longest need."""
    target_warm_up = warm_up_of(warm_ups)
    read = {component: target_warm_up(target(component)) for component in warm_ups}
    assert all(read[component] >= needed for component, needed in warm_ups.items())
    assert len(set(read.values())) <= 2
    assert max(read.values(), default=timedelta()) <= max(warm_ups.values(), default=timedelta())


def test_a_small_difference_is_not_worth_a_request() -> None:
    """If all needs are within one hour of each other, there is one warm-up."""
    target_warm_up = warm_up_of({"a": timedelta(minutes=2), "b": timedelta(minutes=50)})
    assert {target_warm_up(target(component)) for component in "abc"} == {timedelta(minutes=50)}


def test_hours_are_read_only_where_an_objective_needs_them() -> None:
    """A component that needs minutes is not read for hours because another one needs them."""
    target_warm_up = warm_up_of({"a": timedelta(minutes=5), "b": timedelta(hours=6)})
    assert [target_warm_up(target(component)) for component in "abc"] == [
        timedelta(minutes=5),
        timedelta(hours=6),
        timedelta(minutes=5),
    ]
