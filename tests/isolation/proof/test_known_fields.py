"""Every field of every node type of PostgreSQL 14 to 18 is read or refused, and an unknown one proves nothing.

`golden/nodes.json` has the node types and fields that servers of these versions write, each with its versions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from isolation.access.effective_access import effective_access
from isolation.inventory.relations import StoredExpression
from isolation.proof import ProofStatus, Prover
from isolation.proof._expressions import Opaque
from isolation.proof._known_fields import KNOWN_FIELDS, UNKNOWN_VALUES, check_known, is_understood
from isolation.proof._nodes import Node, UnreadableTree, Value, parse
from isolation.proof._translation import Translation
from tests.isolation.proof.recording import COMPONENT, NOW, recorded
from tests.isolation.proof.shapes import EXPECTED, ROLE

GOLDEN = Path(__file__).parent / "golden"
NODES: dict[str, dict[str, list[int]]] = orjson.loads((GOLDEN / "nodes.json").read_bytes())
KINDS = {"RTE": "RANGETBLENTRY"}
MAJORS = ("14", "15", "16", "17", "18")
FOUND = {major: recorded(GOLDEN / major / "inventory.json") for major in MAJORS}
PROVEN = [number for number, status in enumerate(EXPECTED["invoices"].values()) if status == "proven"]


def trees(major: str) -> Iterator[str]:
    """The proven policies of invoices, as one version stores them."""
    (invoices,) = (one.oid for one in FOUND[major].relations if one.name == "invoices")
    named = {one.name: one.using for one in FOUND[major].policies if one.relation == invoices}
    for number in PROVEN:
        stored = named[f"p{number:03}"]
        assert stored is not None
        yield stored.tree


def status(major: str, tree: str) -> ProofStatus:
    """The status of one expression as the only policy of invoices."""
    access = effective_access(FOUND[major], COMPONENT.tenancy)
    relation = access.relation_named("invoices")
    assert relation is not None
    kernel = Prover(access, NOW).kernel_for(access.reachable_roles(ROLE)[0], relation)
    stored = StoredExpression(tree=tree, text="", digest="sha256:0")
    return kernel.judge([(access.policies_on(relation)[0], stored)], []).status


def nodes(value: Value) -> Iterator[Node]:
    """Every node of a tree."""
    if isinstance(value, tuple):
        for one in value:
            yield from nodes(one)
    elif isinstance(value, Node):
        yield value
        yield from nodes(tuple(value.fields.values()))


@pytest.mark.parametrize("kind", sorted(KNOWN_FIELDS))
def test_the_fields_of_a_node_type_are_those_that_servers_write(kind: str) -> None:
    """Each field of a type that the translation reads has a rule, and no rule is of a field that no version has."""
    written = set(NODES.get(kind, {}))
    assert written <= KNOWN_FIELDS[kind].names
    assert KNOWN_FIELDS[kind].names - written <= {"location", "subLinkId"}


@pytest.mark.parametrize("kind", sorted(set(NODES) - set(KNOWN_FIELDS)))
def test_the_value_of_any_other_node_type_is_unknown(kind: str) -> None:
    """A type without rules is opaque, whatever its fields say."""
    assert kind in UNKNOWN_VALUES
    node = Node(kind, dict.fromkeys(NODES[kind], "0"))
    assert isinstance(Translation().read(node), Opaque)


@pytest.mark.parametrize("major", MAJORS)
def test_an_unknown_field_proves_nothing(major: str) -> None:
    """A field that no version has, in any node of a proven policy, leaves the policy unproven."""
    tried = set[str]()
    for tree in trees(major):
        for found in re.finditer(r"\{(\w+) ", tree):
            kind = KINDS.get(found[1], found[1])
            shape = (found[1], tree.count("{"))
            if kind not in KNOWN_FIELDS or str(shape) in tried:
                continue
            tried.add(str(shape))
            planted = f"{tree[: found.end()]}:planted 1 {tree[found.end() :]}"
            assert status(major, planted) is not ProofStatus.PROVEN, planted
    assert {"OPEXPR", "QUERY", "VAR"} <= {each.split("'")[1] for each in tried}


@pytest.mark.parametrize("major", MAJORS)
def test_a_value_that_is_not_understood_makes_the_node_unknown(major: str) -> None:
    """A field that is understood with some values only refuses every other one, also one of another shape."""
    seen = set[str]()
    for tree in trees(major):
        for node in nodes(parse(tree)):
            for name in KNOWN_FIELDS[node.kind].only if node.kind in KNOWN_FIELDS else ():
                if name in node.fields and f"{node.kind}.{name}" not in seen:
                    seen.add(f"{node.kind}.{name}")
                    for other in ("7", "true", (), (node,), node, b"1"):
                        assert not is_understood(Node(node.kind, {**node.fields, name: other}))
    assert {"QUERY.groupingSets", "QUERY.rowMarks", "RANGETBLENTRY.securityQuals", "ARRAYEXPR.multidims"} <= seen


@pytest.mark.parametrize(
    ("tree", "reason"),
    [
        ("{VAR :varno 1 :varfuture 1}", "VAR has an unknown field varfuture"),
        ("{ROWEXPR :args ({FUTUREEXPR :args <>})}", "FUTUREEXPR is an unknown node type"),
    ],
)
def test_what_is_unknown_is_named(tree: str, reason: str) -> None:
    """The reason names the node type and the field, so that a person can look it up."""
    with pytest.raises(UnreadableTree, match=reason):
        check_known(parse(tree))


def test_an_unknown_node_type_proves_nothing() -> None:
    """A node of a later version leaves a policy unproven, also where its value would not matter."""
    (tree, *_) = trees("18")
    both = "{{BOOLEXPR :boolop and :args ({} {{{} :args <>}})}}"
    assert status("18", both.format(tree, "ROWEXPR")) is ProofStatus.PROVEN
    assert status("18", both.format(tree, "FUTUREEXPR")) is ProofStatus.UNPROVEN
