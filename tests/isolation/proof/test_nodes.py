"""Stored trees are parsed or rejected, whatever they contain."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isolation.access.effective_access import effective_access
from isolation.inventory.relations import StoredExpression
from isolation.proof import ProofStatus, Prover
from isolation.proof._nodes import Node, UnreadableTree, parse
from tests.isolation.proof.recording import COMPONENT, NOW, recorded
from tests.isolation.proof.shapes import ROLE

FOUND = recorded(Path(__file__).parent / "golden" / "16" / "inventory.json")
ACCESS = effective_access(FOUND, COMPONENT.tenancy)
TREES = tuple(policy.using.tree for policy in FOUND.policies if policy.using is not None)


def test_a_tree_has_kinds_and_fields() -> None:
    """A node has a kind and fields: words, lists, nodes, bytes of constants, and None for an empty field."""
    node = parse(r"{A :one 1 :none <> :list (b 1 2) :inner {RTE :name c\ d} :value 2 [ 1 -1 ] :kept redacted}")
    assert isinstance(node, Node)
    assert (node.kind, node.number("one"), node.get("none"), node.get("list")) == ("A", 1, None, ("b", "1", "2"))
    assert (node.node("inner").kind, node.node("inner").text("name")) == ("RANGETBLENTRY", "c d")
    assert (node.get("value"), node.text("kept")) == (b"\x01\xff", "redacted")


def test_a_name_that_looks_like_a_field_is_a_name() -> None:
    """An alias with the name :opno is not a field."""
    node = parse("{ALIAS :aliasname :opno :colnames <>}")
    assert isinstance(node, Node)
    assert node.fields == {"aliasname": ":opno", "colnames": None}


@pytest.mark.parametrize("text", ["", "{", "{A", "{A :b", "{A b}", "}", "(", "{A :b 1} x", "{A :v 1 [ x ]}", "(" * 999])
def test_malformed_trees_are_rejected(text: str) -> None:
    """A text that is too short, too long or nested too deeply raises UnreadableTree."""
    with pytest.raises(UnreadableTree):
        parse(text)


WORDS = st.sampled_from(
    ("{", "}", "(", ")", "<>", "true", "false", "0", "1", "2", "7", "and", "not", "2972", "NULLTEST", "[", "]")
)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(TREES), st.lists(st.tuples(st.integers(0, 400), WORDS), min_size=1, max_size=4), st.booleans())
def test_no_tree_makes_the_kernel_raise(tree: str, changes: list[tuple[int, str]], cut: bool) -> None:  # noqa: FBT001  # hypothesis passes it by name
    """A tree with changed or removed words gets a result, and never raises an exception."""
    tokens = tree.split(" ")
    for at, word in changes:
        if cut:
            del tokens[at % len(tokens)]
        else:
            tokens[at % len(tokens)] = word
    assert _status(" ".join(tokens)) in {ProofStatus.PROVEN, ProofStatus.REFUTED, ProofStatus.UNPROVEN}


def test_a_join_of_an_unknown_kind_proves_nothing() -> None:
    """A kind of join that PostgreSQL does not store may lack a row on either side."""
    tree = next(tree for tree in TREES if "{JOINEXPR :jointype " in tree)
    assert _status(re.sub(r"(?<=JOINEXPR :jointype )\d+", "true", tree)) is ProofStatus.UNPROVEN


def _status(tree: str) -> ProofStatus:
    relation = ACCESS.relation_named("invoices")
    assert relation is not None
    stored = StoredExpression(tree=tree, text="", digest="sha256:0")
    kernel = Prover(ACCESS, NOW).kernel_for(ACCESS.reachable_roles(ROLE)[0], relation)
    return kernel.judge([(ACCESS.policies_on(relation)[0], stored)], []).status
