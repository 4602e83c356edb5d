"""A pass reads as far before its window as each promise needs, and in two plans at most."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from basewatch.collector import MetricTarget, Resource
from workflows.windows import warm_up_of

LEADS = st.dictionaries(
    st.sampled_from("abcdef"), st.integers(0, 24 * 60).map(lambda minutes: timedelta(minutes=minutes))
)


def target(component: str) -> MetricTarget:
    """Something of a component that is measured."""
    resource = Resource(component=component, dimensions=(), labels=())
    return MetricTarget(collector="lambda", account_id="1", region="r", resource=resource, specs=())


@given(LEADS)
def test_every_component_is_read_as_far_back_as_it_needs(leads: dict[str, timedelta]) -> None:
    """None is read less, there are two leads at most, and nothing is read further back than the longest."""
    lead_of = warm_up_of(leads)
    read = {component: lead_of(target(component)) for component in leads}
    assert all(read[component] >= needed for component, needed in leads.items())
    assert len(set(read.values())) <= 2
    assert max(read.values(), default=timedelta()) <= max(leads.values(), default=timedelta())


def test_a_few_minutes_more_are_not_worth_a_plan_of_their_own() -> None:
    """Where all needs are within an hour of each other, everything is read over one window."""
    lead_of = warm_up_of({"a": timedelta(minutes=2), "b": timedelta(minutes=50)})
    assert {lead_of(target(component)) for component in "abc"} == {timedelta(minutes=50)}


def test_hours_are_read_only_where_an_objective_needs_them() -> None:
    """What is promised within minutes, or not at all, is not read six hours back for the sake of another."""
    lead_of = warm_up_of({"a": timedelta(minutes=5), "b": timedelta(hours=6)})
    assert [lead_of(target(component)) for component in "abc"] == [
        timedelta(minutes=5),
        timedelta(hours=6),
        timedelta(minutes=5),
    ]
