"""Every gate is proven by itself, for every command and role, from all policies that apply to it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basewatch.components import Database
from basewatch.model import Status, Verdict
from basewatch.tenancy import ApprovedPredicate
from checks.tenancy.policies import policies_restrict_rows_to_the_tenant
from isolation.access.effective_access import effective_access
from isolation.inventory import Inventory
from isolation.inventory.relations import Command, Policy
from isolation.proof import ProofStatus, is_proven, proof_obligations
from tests.isolation.proof.clauses import CTX, ROWS_OF_ANYBODY
from tests.isolation.proof.recording import COMPONENT, NOW, recorded
from tests.isolation.proof.shapes import EXPECTED, ROLE

FOUND = recorded(Path(__file__).parent / "golden" / "17" / "inventory.json")
SHAPES = list(EXPECTED["invoices"])
RANK = {ProofStatus.PROVEN: 0, ProofStatus.DEFAULT_DENY: 0, ProofStatus.UNPROVEN: 1, ProofStatus.REFUTED: 2}
(INVOICES,) = (relation for relation in FOUND.relations if relation.name == "invoices")


def policy(shape: str, command: Command = Command.ALL, *, permissive: bool = True, check: str | None = None) -> Policy:
    """A policy of invoices with one of the expressions as USING, and another one as WITH CHECK."""
    named = {one.name: one for one in FOUND.policies if one.relation == INVOICES.oid}
    found = named[f"p{SHAPES.index(shape):03}"]
    second = named[f"p{SHAPES.index(check):03}"].using if check else None
    only_check = command is Command.INSERT
    return replace(
        found,
        command=command,
        permissive=permissive,
        using=None if only_check else found.using,
        check=found.using if only_check else second,
    )


def facts(*policies: Policy) -> Inventory:
    """The recorded inventory with only these policies on invoices, each with its own name."""
    named = tuple(replace(one, name=f"{one.name}_{n}", oid=n) for n, one in enumerate(policies, 1))
    return replace(FOUND, policies=named)


def statuses(*policies: Policy) -> dict[str, ProofStatus]:
    """The status of each gate of invoices."""
    found = proof_obligations(effective_access(facts(*policies), COMPONENT.tenancy), NOW)
    return {str(one.gate): one.status for one in found if one.table == "invoices"}


def verdict(found: Inventory, component: Database = COMPONENT) -> Verdict:
    """The verdict on invoices."""
    (one,) = (v for v in policies_restrict_rows_to_the_tenant.judge(found, component, NOW) if v.subject == "invoices")
    return one


MINE = f"customer_id = {CTX}"
EVERYTHING = ("SELECT USING", "INSERT CHECK", "UPDATE USING", "UPDATE CHECK", "DELETE USING")


def test_a_policy_for_all_applies_to_every_gate() -> None:
    """Without WITH CHECK, USING applies to new rows too."""
    assert statuses(policy(MINE)) == dict.fromkeys(EVERYTHING, ProofStatus.PROVEN)


def test_an_open_check_refutes_the_gates_of_new_rows() -> None:
    """WITH CHECK (true) lets a role write rows of other tenants, but not read them."""
    found = statuses(policy(MINE, check="true"))
    assert {gate for gate, status in found.items() if status is ProofStatus.REFUTED} == {"INSERT CHECK", "UPDATE CHECK"}


@pytest.mark.parametrize(
    ("command", "refuted"),
    [
        (Command.SELECT, {"SELECT USING"}),
        (Command.INSERT, {"INSERT CHECK"}),
        (Command.UPDATE, {"UPDATE USING", "UPDATE CHECK"}),
        (Command.DELETE, {"DELETE USING"}),
    ],
)
def test_an_open_policy_refutes_only_its_command(command: Command, refuted: set[str]) -> None:
    """The SELECT policy does not restrict an UPDATE or DELETE without WHERE, so each gate has its own policies."""
    found = statuses(policy(MINE), policy("true", command))
    assert {gate for gate, status in found.items() if status is ProofStatus.REFUTED} == refuted


def test_without_a_permissive_policy_no_row_passes() -> None:
    """Only a restrictive policy, or no policy, denies by default."""
    assert set(statuses(policy(MINE, permissive=False)).values()) == {ProofStatus.DEFAULT_DENY}
    assert set(statuses().values()) == {ProofStatus.DEFAULT_DENY}


def test_a_restrictive_policy_proves_an_open_permissive_one() -> None:
    """A restrictive policy that restricts rows to the tenant is sufficient, whatever permissive policies allow."""
    assert set(statuses(policy("true"), policy(MINE, permissive=False)).values()) == {ProofStatus.PROVEN}


ANY_POLICIES = st.lists(st.builds(policy, st.sampled_from(SHAPES), permissive=st.booleans()), max_size=3)


def _worst(found: dict[str, ProofStatus]) -> int:
    return max(RANK[status] for status in found.values())


@given(ANY_POLICIES, st.sampled_from(SHAPES))
def test_another_restrictive_policy_never_opens_a_gate(before: list[Policy], shape: str) -> None:
    """One more restrictive policy never refutes a proven gate."""
    if _worst(statuses(*before)) == 0:
        assert _worst(statuses(*before, policy(shape, permissive=False))) <= 1


@given(ANY_POLICIES, st.sampled_from(SHAPES))
def test_another_permissive_policy_never_closes_a_gate(before: list[Policy], shape: str) -> None:
    """One more permissive policy never changes a refuted gate."""
    if _worst(statuses(*before)) == RANK[ProofStatus.REFUTED]:
        assert _worst(statuses(*before, policy(shape))) == RANK[ProofStatus.REFUTED]


def test_rows_of_two_policies_are_different_rows() -> None:
    """A row of a permissive policy's sub-select is not that of a restrictive one's, though both are the first."""
    own, current = ROWS_OF_ANYBODY[-2:]
    for first, second in ((own, current), (current, own)):
        found = statuses(policy(first), policy(second, permissive=False))
        assert ProofStatus.PROVEN not in found.values()


def test_a_refuted_gate_fails_with_a_repair() -> None:
    """The finding names the role, the gates, the policy, the rows that pass and the statement that repairs it."""
    found = verdict(facts(policy(MINE), policy("true", Command.DELETE)))
    assert found.status is Status.FAIL
    name = f"p{SHAPES.index('true'):03}_2"
    assert f"{ROLE}: DELETE USING: policy {name} (true): another tenant's rows, by: true" in found.observed
    assert f"ALTER POLICY {name} ON public.invoices USING (public.invoices.customer_id = " in found.remedy
    assert f"DROP POLICY {name} ON public.invoices;" in found.remedy


def test_an_unproven_gate_is_unverified_until_it_is_waived() -> None:
    """An unknown expression needs a waiver of its digest, which expires on its date."""
    found = facts(policy("can_see(customer_id)"))
    assert verdict(found).status is Status.UNVERIFIED
    gates = proof_obligations(effective_access(found, COMPONENT.tenancy), NOW)
    (digest,) = {one.digest for one in gates if one.table == "invoices"}
    assert digest in verdict(found).remedy
    for until, expected in ((NOW.date(), Status.PASS), (NOW.date() - timedelta(days=1), Status.UNVERIFIED)):
        assert verdict(found, _waived(digest, until)).status is expected
    assert verdict(facts(policy("true")), _waived(digest, NOW.date())).status is Status.FAIL


def _waived(digest: str, until: date) -> Database:
    waiver = ApprovedPredicate(digest=digest, owner="platform", reason="reviewed", until=until)
    tenancy = COMPONENT.tenancy.model_copy(update={"approved_predicates": (waiver,)})
    return COMPONENT.model_copy(update={"tenancy": tenancy})


def test_a_proven_table_passes_with_its_justification() -> None:
    """The verdict states the number of gates and the comparison that proves them."""
    found = verdict(facts(policy(MINE)))
    assert found.status is Status.PASS
    assert found.observed == "5 gates proven; invoices.customer_id = app.c"
    assert is_proven(
        proof_obligations(effective_access(facts(policy(MINE)), COMPONENT.tenancy), NOW), ROLE, INVOICES.oid
    )


def test_a_table_without_row_security_is_not_applicable() -> None:
    """Without row security no policy applies, so this check has nothing to judge."""
    tables = tuple(replace(one, rls_enabled=False) for one in FOUND.relations)
    assert verdict(replace(facts(policy(MINE)), relations=tables)).status is Status.NOT_APPLICABLE
