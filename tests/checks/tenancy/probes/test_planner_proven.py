"""A plan confirms a proof: it decides nothing where the policies are proven, and never excuses an unrestricted scan."""

from __future__ import annotations

import pytest

from basewatch.model import Status
from checks.tenancy.probes.planner import judge_plans
from checks.tenancy.probes.planner_conditions import KeyBinding
from checks.tenancy.probes.planner_facts import StatementPlan, StatementPlans, TableScan
from isolation.inventory.relations import Command
from tests.checks.tenancy.looking import NOW, SECUREBASE

BY_A_FUNCTION = TableScan(table="x", every_row=True, some_rows=True, bindings=(KeyBinding.FUNCTION,))
UNRESTRICTED = TableScan(table="x", every_row=False, some_rows=False, bindings=())


@pytest.mark.parametrize(
    ("scan", "proven", "right"),
    [
        (BY_A_FUNCTION, False, Status.UNVERIFIED),
        (BY_A_FUNCTION, True, Status.PASS),
        (UNRESTRICTED, False, Status.FAIL),
        (UNRESTRICTED, True, Status.FAIL),
    ],
)
def test_a_proof_explains_a_function_and_no_open_scan(scan: TableScan, proven: bool, right: Status) -> None:  # noqa: FBT001  # a column of the table
    """A condition by a function passes when the policies are proven; a scan without one fails in any case."""
    plan = StatementPlan(
        principal="app",
        table="x",
        command=Command.SELECT,
        scans=(scan,),
        folded=False,
        digest="",
        proven=proven,
        sqlstate=None,
    )
    facts = StatementPlans(table_count=1, statements=(plan,), unprobed=())
    (verdict,) = judge_plans("app", facts, SECUREBASE.tenancy, NOW)
    assert verdict.status is right
    assert "..." not in verdict.remedy
