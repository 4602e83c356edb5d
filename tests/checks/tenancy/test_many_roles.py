"""A server with a role for each user is judged like one without: what distinguishes no role costs nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from basewatch.model import Status
from checks.tenancy import CHECKS
from demo.database import SandboxDatabase
from isolation.access.effective_access import EffectiveAccess
from isolation.inventory import Inventory
from isolation.inventory.roles import Grant, Membership, Role
from isolation.inventory.snapshot import inventory
from tests.checks.tenancy.looking import NOW, SECUREBASE
from tests.checks.tenancy.statics import facts_of

MANY = 300
FIRST = 500_000


@pytest.fixture(scope="module")
def facts(box_database: SandboxDatabase) -> Inventory:
    """The inventory of the demo database, to change in the test."""
    return facts_of(box_database)


def crowded(facts: Inventory, *, inherit: bool = True) -> Inventory:
    """With many group roles that nothing distinguishes, of which the application is a member."""
    (app,) = (role for role in facts.roles if role.name == "app")
    return replace(
        facts,
        roles=(*facts.roles, *(_group(FIRST + number) for number in range(MANY))),
        memberships=(*facts.memberships, *(_member(app, FIRST + number, inherit) for number in range(MANY))),
    )


def _group(oid: int) -> Role:
    return Role(
        oid=oid,
        name=f"user_{oid}",
        superuser=False,
        bypass_rls=False,
        create_role=False,
        create_db=False,
        replication=False,
        login=False,
        inherit=True,
    )


def _member(app: Role, role: int, inherit: bool) -> Membership:  # noqa: FBT001  # the value of one column
    return Membership(role=role, member=app.oid, admin_option=False, inherit_option=inherit, set_option=True)


@pytest.mark.parametrize("inherit", [True, False])
def test_roles_that_nothing_distinguishes_change_no_verdict(facts: Inventory, *, inherit: bool) -> None:
    """Every static check says the same of the database, and one of these roles stands for all."""
    more = crowded(facts, inherit=inherit)
    assert len(_looked_at(more)) == len(_looked_at(facts)) + 1
    for check in CHECKS:
        if check.observe is inventory:
            before = [v.status for v in check.judge(facts, SECUREBASE, NOW)]
            assert [v.status for v in check.judge(more, SECUREBASE, NOW)] == before, check.id


def test_a_grant_to_one_of_many_roles_is_found(facts: Inventory) -> None:
    """A role that holds a grant of its own is looked at, wherever it is among the others."""
    more = crowded(facts)
    leaky = tuple(
        replace(r, rls_enabled=False, grants=(*r.grants, Grant(grantee=FIRST + 7, privilege="DELETE", grantable=False)))
        if r.name == "invoices"
        else r
        for r in more.relations
    )
    (coverage,) = (check for check in CHECKS if check.id == "tenancy.rls.coverage")
    failed = [v for v in coverage.judge(replace(more, relations=leaky), SECUREBASE, NOW) if v.status is Status.FAIL]
    assert [verdict.subject for verdict in failed] == ["invoices"]
    access = EffectiveAccess(replace(more, relations=leaky), SECUREBASE.tenancy)
    paths = [one.role_path[-1] for one in access.roles_of("app")]
    assert f"user_{FIRST + 7}" in paths


def _looked_at(facts: Inventory) -> list[str]:
    return [str(one) for one in EffectiveAccess(facts, SECUREBASE.tenancy).all_reachable_roles()]
