"""Proves that whatever a tag is called, it becomes a label of its own that Prometheus takes."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from basewatch.family import tag_labels

# https://prometheus.io/docs/concepts/data_model/
LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
AWKWARD = st.lists(st.text(alphabet="ab-._:/ 2é", max_size=4))


@given(AWKWARD | st.lists(st.text()))
def test_every_tag_has_a_label_of_its_own(tags: list[str]) -> None:
    """No two tags share a label, and each label is one."""
    labels = tag_labels(tags)
    assert list(labels) == list(dict.fromkeys(tags))
    assert len(set(labels.values())) == len(labels)
    assert all(LABEL.fullmatch(label) and label.startswith("tag_") for label in labels.values())


def test_a_label_is_what_the_tag_is_called() -> None:
    """Signs that a label cannot have are replaced; of equal labels the later get a number."""
    assert tag_labels(["tenant", "cost-center", "cost.center", "aws:cloudformation:stack-name"]) == {
        "tenant": "tag_tenant",
        "cost-center": "tag_cost_center",
        "cost.center": "tag_cost_center_2",
        "aws:cloudformation:stack-name": "tag_aws_cloudformation_stack_name",
    }
