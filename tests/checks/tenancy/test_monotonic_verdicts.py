"""The judges of the four static checks are pure and monotonic: additional facts never improve a verdict."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basewatch.facts import from_json, to_json
from basewatch.model import Severity, Status, Verdict
from basewatch.postgres import connect
from basewatch.secrets import Secret
from demo.database import SandboxDatabase
from isolation.inventory import Inventory
from isolation.inventory.roles import DefaultPrivilege, Grant, Membership, Role, RoleSetting
from isolation.inventory.snapshot import inventory
from tests.checks.tenancy.breaking import CHECKS
from tests.checks.tenancy.looking import LIMITS, NOW, SECUREBASE

T = TypeVar("T")
PRIVILEGES = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER", "MAINTAIN")
picks = st.integers(min_value=0, max_value=10_000)


@pytest.fixture(scope="module")
def facts(box_database: SandboxDatabase) -> Iterator[Inventory]:
    """The inventory of the correct demo database."""
    with connect(Secret("env:BASEWATCH_DATABASE_URL", box_database.url), run="test", timeouts=LIMITS) as database:
        yield inventory(database, SECUREBASE)


def verdicts(facts: Inventory) -> dict[tuple[str, str], Verdict]:
    """The verdicts of the four judges by check and subject; each subject has one verdict."""
    each = [(check.id, verdict) for check in CHECKS for verdict in check.judge(facts, SECUREBASE, NOW)]
    found = {(name, verdict.subject): verdict for name, verdict in each}
    assert len(found) == len(each)
    return found


def broken(facts: Inventory) -> dict[tuple[str, str], int]:
    """The severity rank of each FAIL by check and subject."""
    return {
        key: (verdict.severity or Severity.CRITICAL).rank
        for key, verdict in verdicts(facts).items()
        if verdict.status is Status.FAIL
    }


def no_better(before: Inventory, after: Inventory) -> bool:
    """Whether every FAIL remains, with at least the same severity."""
    now = broken(after)
    return all(now.get(key, -1) >= rank for key, rank in broken(before).items())


def granted(facts: Inventory, table: int, grantee: int, privilege: str, *, grantable: bool) -> Inventory:
    """The facts with one more grant on an existing relation to an existing role."""
    relation = facts.relations[table % len(facts.relations)]
    grantees = (0, *(role.oid for role in facts.roles))
    grant = Grant(grantee=grantees[grantee % len(grantees)], privilege=privilege, grantable=grantable)
    more = replace(relation, grants=(*relation.grants, grant))
    return replace(facts, relations=tuple(more if r is relation else r for r in facts.relations))


def reversed_facts(facts: Inventory) -> Inventory:
    """The same facts, each kind in reverse order."""
    return replace(
        facts,
        roles=facts.roles[::-1],
        memberships=facts.memberships[::-1],
        relations=tuple(replace(r, grants=r.grants[::-1], columns=r.columns[::-1]) for r in facts.relations[::-1]),
        policies=facts.policies[::-1],
        functions=facts.functions[::-1],
        schemas=facts.schemas[::-1],
    )


def test_the_demo_database_passes(facts: Inventory) -> None:
    """Its facts pass, and survive a JSON round trip."""
    assert not broken(facts)
    assert from_json(Inventory, to_json(Inventory, facts)) == facts


@given(st.data())
def test_order_does_not_matter_and_a_grant_never_helps(facts: Inventory, data: st.DataObject) -> None:
    """The order of grants is irrelevant, and an additional one never removes a finding or lowers its severity."""
    for _ in range(data.draw(st.integers(min_value=1, max_value=3))):
        before = facts
        facts = granted(
            facts,
            data.draw(picks),
            data.draw(picks),
            data.draw(st.sampled_from(PRIVILEGES)),
            grantable=data.draw(st.booleans()),
        )
        assert no_better(before, facts)
    assert {k: v.status for k, v in verdicts(facts).items()} == {
        k: v.status for k, v in verdicts(reversed_facts(facts)).items()
    }


@given(picks, st.integers(min_value=0, max_value=3), st.booleans())
def test_every_reachable_bypass_role_is_found(facts: Inventory, pick: int, privilege: int, inherit: bool) -> None:  # noqa: FBT001  # drawn
    """A role with a bypass privilege is a finding of the principal that can become it, directly or indirectly."""
    principal = SECUREBASE.tenancy.principals[pick % 2]
    oid = next(role.oid for role in facts.roles if role.name == principal)
    plain = _role(99_002, "end")
    end = (
        replace(plain, superuser=True),
        replace(plain, bypass_rls=True),
        replace(plain, replication=True),
        replace(plain, create_role=True),
    )[privilege]
    memberships = tuple(
        Membership(role=role, member=member, admin_option=False, inherit_option=inherit, set_option=True)
        for role, member in ((99_001, oid), (99_002, 99_001))
    )
    more = replace(
        facts, roles=(*facts.roles, _role(99_001, "mid"), end), memberships=(*facts.memberships, *memberships)
    )
    verdict = verdicts(more)["tenancy.rls.bypass_roles", principal]
    assert verdict.status is Status.FAIL
    assert f"{principal} -> mid -> end" in verdict.observed


def _role(oid: int, name: str) -> Role:
    return Role(
        oid=oid,
        name=name,
        superuser=False,
        bypass_rls=False,
        create_role=False,
        create_db=False,
        replication=False,
        login=False,
        inherit=True,
    )


def test_defaults_of_another_database_are_ignored(facts: Inventory) -> None:
    """A session default of a role in another database is no finding."""
    app = next(role.oid for role in facts.roles if role.name == "app")
    setting = RoleSetting(role=app, database=99_003, name="app.current_customer_id", value=None, empty=False)
    assert not broken(replace(facts, role_settings=(setting,)))
    here = replace(setting, database=facts.server.database_oid)
    assert broken(replace(facts, role_settings=(here,)))


def test_a_server_wide_context_is_found(facts: Inventory) -> None:
    """A context from configuration files or the connection is reported for the server, without its value."""
    preset = replace(facts, server=replace(facts.server, context_defaults=("app.current_customer_id",)))
    assert set(broken(preset)) == {("tenancy.rls.settings", "server")}


def test_default_privileges_of_the_owner_are_ignored(facts: Inventory) -> None:
    """Default privileges list those of the owner, which are not grants to others."""
    app = next(role.oid for role in facts.roles if role.name == "app")
    own = DefaultPrivilege(owner=app, schema="", kind="table", grantee=app, privilege="SELECT")
    assert not broken(replace(facts, default_privileges=(own,)))
    assert broken(replace(facts, default_privileges=(replace(own, owner=10),)))
