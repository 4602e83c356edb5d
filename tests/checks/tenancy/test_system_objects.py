"""Built-in objects that are not as PostgreSQL ships them are found, and nothing else is."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from basewatch.components import Database
from basewatch.model import Severity, Verdict
from basewatch.tenancy import ApprovedObject
from checks.tenancy.manifest import manifest_matches_the_catalog
from checks.tenancy.system_objects import changed_objects
from demo.database import SandboxDatabase
from isolation.access.effective_access import effective_access
from isolation.inventory import Inventory
from isolation.inventory.egress import SystemChange
from isolation.inventory.roles import Role
from isolation.inventory.shipped_objects import LIST
from tests.checks.tenancy.looking import NOW, SECUREBASE
from tests.checks.tenancy.statics import facts_of, with_allowed

CRITICAL, HIGH, MEDIUM = Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM
SHIPPED = f"sha256:{LIST.read_text(encoding='utf-8').split()[0]}{'0' * 56}"
OWN = f"sha256:{'0' * 64}"
NAME = "pg_catalog.int4div(integer, integer)"
MARKED = SystemChange(kind="function", name=NAME, traits=("is LEAKPROOF",), owner="", digest=OWN)
CASES = (
    (MARKED, HIGH),
    (replace(MARKED, digest=SHIPPED), None),
    (replace(MARKED, traits=(), leakproof_digest=SHIPPED), None),
    (replace(MARKED, traits=()), CRITICAL),
    (replace(MARKED, traits=("is SECURITY DEFINER",)), CRITICAL),
    (replace(MARKED, traits=("has settings of its own",)), HIGH),
    (replace(MARKED, traits=("is written in plpgsql",)), CRITICAL),
    (replace(MARKED, kind="operator", traits=()), CRITICAL),
    (replace(MARKED, kind="view", name="pg_catalog.pg_stats_ext", traits=("lacks the fix of CVE-2024-4317",)), HIGH),
    (replace(MARKED, digest=SHIPPED, owner="admin"), MEDIUM),
    (replace(MARKED, digest=SHIPPED, owner="app"), CRITICAL),
)


@pytest.fixture(scope="module")
def facts(box_database: SandboxDatabase) -> Inventory:
    """The inventory of the demo database, to change in the test."""
    return facts_of(box_database)


def found(facts: Inventory, *changes: SystemChange, database: Database = SECUREBASE) -> tuple[Verdict, ...]:
    """The FAILs of an inventory with these changes of built-in objects."""
    changed = replace(facts, system_changes=changes)
    return tuple(changed_objects(effective_access(changed, database.tenancy), NOW))


@pytest.mark.parametrize(("change", "severity"), CASES, ids=lambda case: str(getattr(case, "traits", case)))
def test_only_what_is_not_as_shipped_is_found(
    facts: Inventory, change: SystemChange, severity: Severity | None
) -> None:
    """A definition that PostgreSQL ships is none, whatever was granted on it; its owner counts on its own."""
    assert [verdict.severity for verdict in found(facts, change)] == ([severity] if severity else [])


def test_objects_of_a_service_are_its_own(facts: Inventory) -> None:
    """On RDS and Aurora no role of a customer can change a built-in object, and the service has some of its own."""
    service = replace(facts, roles=(*facts.roles, _service_role()))
    assert found(service, MARKED) == ()


def test_an_approved_function_passes_until_it_changes(facts: Inventory) -> None:
    """The entry accepts a LEAKPROOF that was set for speed; with another definition the finding is back."""
    entry = ApprovedObject(
        kind="function", name=NAME, digest=OWN, owner="dba", reason="for speed", until=date(2027, 6, 30)
    )
    approved = with_allowed(entry)
    assert found(facts, MARKED, database=approved) == ()
    assert len(found(facts, replace(MARKED, digest=OWN.replace("0", "1")), database=approved)) == 1
    judged = manifest_matches_the_catalog.judge(replace(facts, system_changes=(MARKED,)), approved, NOW)
    assert [verdict for verdict in judged if verdict.status.value == "fail"] == []


def _service_role() -> Role:
    return Role(
        oid=99_999,
        name="rdsadmin",
        superuser=True,
        bypass_rls=True,
        create_role=True,
        create_db=True,
        replication=True,
        login=True,
        inherit=True,
    )
