"""Every gate is asked by itself, for every command and role, and policies together are what is judged."""

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
from isolation.proof._gates import ProofStatus, is_proven, proof_obligations
from tests.isolation.proof.recording import COMPONENT, NOW, recorded
from tests.isolation.proof.shapes import CTX, EXPECTED, ROLE

FOUND = recorded(Path(__file__).parent / "golden" / "17" / "inventory.json")
SHAPES = list(EXPECTED["invoices"])
BADNESS = {ProofStatus.PROVEN: 0, ProofStatus.DEFAULT_DENY: 0, ProofStatus.UNPROVEN: 1, ProofStatus.REFUTED: 2}
(INVOICES,) = (relation for relation in FOUND.relations if relation.name == "invoices")


def policy(shape: str, command: Command = Command.ALL, *, permissive: bool = True, check: str | None = None) -> Policy:
    """A policy of invoices whose USING is one of the shapes, and whose WITH CHECK is another."""
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
    """The recorded inventory with these policies alone on invoices, each under a name of its own."""
    named = tuple(replace(one, name=f"{one.name}_{n}", oid=n) for n, one in enumerate(policies, 1))
    return replace(FOUND, policies=named)


def answers(*policies: Policy) -> dict[str, ProofStatus]:
    """What is known of each gate of invoices."""
    found = proof_obligations(effective_access(facts(*policies), COMPONENT.tenancy), NOW)
    return {str(one.gate): one.status for one in found if one.table == "invoices"}


def verdict(found: Inventory, component: Database = COMPONENT) -> Verdict:
    """The verdict on invoices."""
    (one,) = (v for v in policies_restrict_rows_to_the_tenant.judge(found, component, NOW) if v.subject == "invoices")
    return one


MINE = f"customer_id = {CTX}"
EVERYTHING = ("SELECT USING", "INSERT CHECK", "UPDATE USING", "UPDATE CHECK", "DELETE USING")


def test_one_policy_for_all_is_asked_at_every_gate() -> None:
    """USING stands for an absent WITH CHECK."""
    assert answers(policy(MINE)) == dict.fromkeys(EVERYTHING, ProofStatus.PROVEN)


def test_a_check_that_is_open_opens_what_is_written() -> None:
    """WITH CHECK (true) lets rows be given to other tenants, and hides none."""
    found = answers(policy(MINE, check="true"))
    assert {gate for gate, answer in found.items() if answer is ProofStatus.REFUTED} == {"INSERT CHECK", "UPDATE CHECK"}


@pytest.mark.parametrize(
    ("command", "opened"),
    [
        (Command.SELECT, {"SELECT USING"}),
        (Command.INSERT, {"INSERT CHECK"}),
        (Command.UPDATE, {"UPDATE USING", "UPDATE CHECK"}),
        (Command.DELETE, {"DELETE USING"}),
    ],
)
def test_a_policy_opens_its_command_alone(command: Command, opened: set[str]) -> None:
    """A blind UPDATE or DELETE is not held by the SELECT policy, so each gate is judged by its own."""
    found = answers(policy(MINE), policy("true", command))
    assert {gate for gate, answer in found.items() if answer is ProofStatus.REFUTED} == opened


def test_no_permissive_policy_lets_nothing_through() -> None:
    """A restrictive policy alone denies; so does none at all."""
    assert set(answers(policy(MINE, permissive=False)).values()) == {ProofStatus.DEFAULT_DENY}
    assert set(answers().values()) == {ProofStatus.DEFAULT_DENY}


def test_a_restrictive_policy_holds_what_others_let_through() -> None:
    """Whatever is permitted, a floor that holds rows to the tenant proves it."""
    assert set(answers(policy("true"), policy(MINE, permissive=False)).values()) == {ProofStatus.PROVEN}


ANY_POLICIES = st.lists(st.builds(policy, st.sampled_from(SHAPES), permissive=st.booleans()), max_size=3)


def _worst(found: dict[str, ProofStatus]) -> int:
    return max(BADNESS[answer] for answer in found.values())


@given(ANY_POLICIES, st.sampled_from(SHAPES))
def test_another_restrictive_policy_never_opens(before: list[Policy], shape: str) -> None:
    """One more restrictive policy never makes what was proven anything else."""
    if _worst(answers(*before)) == 0:
        assert _worst(answers(*before, policy(shape, permissive=False))) <= 1


@given(ANY_POLICIES, st.sampled_from(SHAPES))
def test_another_permissive_policy_never_closes(before: list[Policy], shape: str) -> None:
    """One more permissive policy never makes what is open anything else."""
    if _worst(answers(*before)) == BADNESS[ProofStatus.REFUTED]:
        assert _worst(answers(*before, policy(shape))) == BADNESS[ProofStatus.REFUTED]


def test_what_is_open_fails_and_says_how_to_close_it() -> None:
    """The finding names the role, the gates, the policy, what gets through and the statement that repairs it."""
    found = verdict(facts(policy(MINE), policy("true", Command.DELETE)))
    assert found.status is Status.FAIL
    assert f"{ROLE}: DELETE USING: policy p035_2 (true): another tenant's rows, by: true" in found.observed
    assert "ALTER POLICY p035_2 ON public.invoices USING (public.invoices.customer_id = " in found.remedy
    assert "DROP POLICY p035_2 ON public.invoices;" in found.remedy


def test_what_is_not_proven_is_unverified_until_somebody_answers_for_it() -> None:
    """A shape that is not known waits for a waiver of its digest, which ends on its day."""
    found = facts(policy("can_see(customer_id)"))
    assert verdict(found).status is Status.UNVERIFIED
    gates = proof_obligations(effective_access(found, COMPONENT.tenancy), NOW)
    (digest,) = {one.digest for one in gates if one.table == "invoices"}
    assert digest in verdict(found).remedy
    for until, expected in ((NOW.date(), Status.PASS), (NOW.date() - timedelta(days=1), Status.UNVERIFIED)):
        assert verdict(found, _waived(digest, until)).status is expected
    assert verdict(facts(policy("true")), _waived(digest, NOW.date())).status is Status.FAIL


def _waived(digest: str, until: date) -> Database:
    waiver = ApprovedPredicate(digest=digest, owner="platform", reason="it was read", until=until)
    tenancy = COMPONENT.tenancy.model_copy(update={"waivers": (waiver,)})
    return COMPONENT.model_copy(update={"tenancy": tenancy})


def test_what_is_proven_passes_with_its_certificate() -> None:
    """The pass says how many gates, and by which comparison."""
    found = verdict(facts(policy(MINE)))
    assert found.status is Status.PASS
    assert found.observed == "5 gates proven; invoices.customer_id = app.c"
    assert is_proven(
        proof_obligations(effective_access(facts(policy(MINE)), COMPONENT.tenancy), NOW), ROLE, INVOICES.oid
    )


def test_a_table_without_row_security_is_told_elsewhere() -> None:
    """Where policies are not asked, there is nothing to judge here."""
    tables = tuple(replace(one, rls_enabled=False) for one in FOUND.relations)
    assert verdict(replace(facts(policy(MINE)), relations=tables)).status is Status.NOT_APPLICABLE
