"""A proof uses a fact of the catalogue only where PostgreSQL enforces it for every row."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from isolation.access.effective_access import effective_access
from isolation.inventory import Inventory
from isolation.inventory.builtin_oids import CONTEXT_CHANGING
from isolation.inventory.relations import Relation, RelationKind
from isolation.proof import GATES, ProofStatus, Prover
from isolation.proof._proof_context import sufficient_strengths
from isolation.sql import load_statement
from tests.isolation.proof.clauses import CTX
from tests.isolation.proof.recording import COMPONENT, NOW, recorded, with_policies_of
from tests.isolation.proof.shapes import DERIVED, EXPECTED, PROVEN, ROLE

FOUND = recorded(Path(__file__).parent / "golden" / "18" / "inventory.json")
BY_NAME = {one.name: one for one in FOUND.relations}
PARENT = next(iter(DERIVED))
KEY_MAY_BE_NULL = f"customer_id IS NULL OR customer_id = {CTX}"


def status(found: Inventory, table: str, shape: str) -> ProofStatus:
    """The status of reads of a table with one of its policies alone."""
    name = f"p{list(EXPECTED[table]).index(shape):03}"
    access = effective_access(with_policies_of(found, table), COMPONENT.tenancy)
    relation = access.relation_named(table)
    assert relation is not None
    kernel = Prover(access, NOW).kernel_for(access.reachable_roles(ROLE)[0], relation)
    (policy,) = (one for one in access.policies_on(relation) if one.name == name)
    assert policy.using is not None
    return kernel.judge([(policy, policy.using)], []).status


def with_relations(*changed: Relation) -> Inventory:
    """The recorded inventory with some relations changed or added."""
    by_oid = {**{one.oid: one for one in FOUND.relations}, **{one.oid: one for one in changed}}
    return replace(FOUND, relations=tuple(by_oid.values()))


def test_a_deferred_unique_key_identifies_no_row() -> None:
    """Until the end of a transaction two parents may have the key, and one of them may be the role's own."""
    assert status(FOUND, "lines", PARENT) is ProofStatus.PROVEN
    deferred = tuple(replace(index, immediate=False) for index in FOUND.indexes)
    assert status(replace(FOUND, indexes=deferred), "lines", PARENT) is ProofStatus.UNPROVEN


@pytest.mark.parametrize("kind", [RelationKind.TABLE, RelationKind.FOREIGN_TABLE])
def test_a_foreign_partition_may_hold_null(kind: RelationKind) -> None:
    """PostgreSQL does not enforce NOT NULL of a foreign table, also not of one that is a partition."""
    table = BY_NAME["invoices"]
    child = replace(table, oid=table.oid + 1_000_000, name="far", kind=kind, parents=(table.oid,), partition=True)
    expected = ProofStatus.PROVEN if kind is RelationKind.TABLE else ProofStatus.UNPROVEN
    assert status(with_relations(child), "invoices", KEY_MAY_BE_NULL) is expected


def test_a_computed_key_changes_with_its_columns() -> None:
    """A role that may not update the tenant key may still change a key that is computed from other columns."""
    table = BY_NAME["invoices"]
    for generated, expected in (("", ProofStatus.PROVEN), ("s", ProofStatus.REFUTED), ("v", ProofStatus.REFUTED)):
        key = tuple(replace(one, generated=generated) if one.number == 2 else one for one in table.columns)
        no_update = tuple(grant for grant in table.grants if grant.privilege != "UPDATE")
        writable = tuple(grant for grant in table.grants if grant.privilege == "UPDATE")
        own = tuple(replace(one, grants=writable if one.name == "status" else ()) for one in key)
        mine, every = (list(EXPECTED["invoices"]).index(shape) for shape in (f"customer_id = {CTX}", "true"))
        named = {one.name: one for one in FOUND.policies if one.relation == table.oid}
        policy = replace(named[f"p{mine:03}"], check=named[f"p{every:03}"].using)
        found = replace(with_relations(replace(table, columns=own, grants=no_update)), policies=(policy,))
        access = effective_access(found, COMPONENT.tenancy)
        relation = access.relation_named("invoices")
        assert relation is not None
        update_check = GATES[3]
        result, _ = Prover(access, NOW).prove(access.reachable_roles(ROLE)[0], relation, update_check)
        assert result.status is expected, generated


def test_the_type_of_the_key_says_when_two_ids_are_one() -> None:
    """Two texts that are one uuid or one number are two tenants; blanks at the end of character(n) do not count."""
    assert sufficient_strengths(25) == sufficient_strengths(1043) == {"exact"}
    assert sufficient_strengths(1042) == {"exact", "padded"}
    assert sufficient_strengths(2950) == {"exact", "uuid", "folded"}
    assert sufficient_strengths(20) == sufficient_strengths(1700) == {"exact", "number", "folded"}
    assert sufficient_strengths(19) == {"exact"}


@pytest.mark.parametrize(
    ("table", "shape", "expected"),
    [
        ("lines", PARENT, ProofStatus.UNPROVEN),
        ("invoices", f"customer_id = {CTX}", ProofStatus.PROVEN),
    ],
)
def test_the_policies_of_a_table_that_is_read_are_examined(table: str, shape: str, expected: ProofStatus) -> None:
    """A policy proves nothing if one of the tables that it reads has a policy that can change the context."""
    access = effective_access(FOUND, COMPONENT.tenancy)
    relation = access.relation_named(table)
    assert relation is not None
    kernel = Prover(access, NOW).kernel_for(access.reachable_roles(ROLE)[0], relation)
    number = list(EXPECTED[table]).index(shape)
    (policy,) = (one for one in access.policies_on(relation) if one.name == f"p{number:03}")
    assert policy.using is not None
    assert kernel.judge([(policy, policy.using)], []).status is expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [((False, ()), True), ((True, ()), False), ((False, (1_000_001,)), False)],
)
def test_a_view_is_examined_for_what_it_calls(code: tuple[bool, tuple[int, ...]], *, expected: bool) -> None:
    """A view that calls set_config() or an unknown function can change the context of a policy that reads it."""
    view = replace(
        BY_NAME["customers"],
        kind=RelationKind.VIEW,
        rls_enabled=False,
        changes_settings=code[0],
        referenced_functions=code[1],
    )
    assert (status(with_relations(view), "invoices", PROVEN[27]) is ProofStatus.PROVEN) is expected


def test_the_constraints_of_a_domain_are_examined() -> None:
    """A cast to a domain runs its constraints, which may call any function."""
    shape = f"customer_id = {CTX} AND status::short IS NOT NULL"
    assert status(FOUND, "invoices", shape) is ProofStatus.PROVEN
    (domain,) = FOUND.domains
    changing = replace(FOUND, domains=(replace(domain, functions=(2078,)),))
    assert status(changing, "invoices", shape) is ProofStatus.UNPROVEN


def test_the_statement_knows_the_functions_that_change_settings() -> None:
    """The OIDs in the statement about views are those of the proof."""
    text = load_statement("inventory_relations").text
    (listed,) = re.findall(r"fnoid\) \((.*?)\) '", text)
    pattern = re.compile(f"(?:{listed})")
    assert {oid for oid in range(1, 20_000) if pattern.fullmatch(str(oid))} == CONTEXT_CHANGING
