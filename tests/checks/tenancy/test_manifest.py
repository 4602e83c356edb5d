"""Manifest entries for missing or changed objects are found."""

from __future__ import annotations

from datetime import date

import pytest

from basewatch.components import Database
from basewatch.model import Severity
from basewatch.tenancy import ApprovedObject, ApprovedPredicate, DerivedKey, ObjectKind
from checks.tenancy.manifest import digests_by_name
from checks.tenancy.manifest import manifest_matches_the_catalog as CHECK  # noqa: N812  # the check under test
from demo.database import SandboxDatabase
from isolation.access.effective_access import effective_access
from tests.checks.tenancy.looking import SECUREBASE
from tests.checks.tenancy.statics import Change, changed, facts_of, faults, with_allowed

LOW, MEDIUM = Severity.LOW, Severity.MEDIUM
DIGEST = f"sha256:{'0' * 64}"
SOUND = with_allowed()
OBJECTS = Change(
    name="one object of each kind",
    does="CREATE VIEW v AS SELECT 1 AS one; CREATE RULE r AS ON DELETE TO regions DO INSTEAD NOTHING; "
    "CREATE PUBLICATION p FOR TABLE regions; CREATE FUNCTION looks() RETURNS event_trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RETURN; END $$; CREATE EVENT TRIGGER looking ON sql_drop EXECUTE FUNCTION looks(); "
    "ALTER EVENT TRIGGER looking DISABLE",
    undoes="DROP EVENT TRIGGER looking; DROP FUNCTION looks(); DROP PUBLICATION p; DROP RULE r ON regions; DROP VIEW v",
)
NAMES: tuple[tuple[ObjectKind, str], ...] = (
    ("function", "public.refuse_change()"),
    ("trigger", "audit_events_no_change on audit_events"),
    ("view", "v"),
    ("rule", "r on regions"),
    ("publication", "p"),
    ("event_trigger", "looking"),
    ("extension", "plpgsql"),
)


def entry(kind: ObjectKind, name: str, digest: str = DIGEST, until: date = date(2027, 6, 30)) -> ApprovedObject:
    """An entry of tenancy.approved_objects."""
    return ApprovedObject(kind=kind, name=name, digest=digest, owner="platform", reason="was read", until=until)


def declared(**changes: object) -> Database:
    """SecureBase with another manifest."""
    return SOUND.model_copy(update={"tenancy": SOUND.tenancy.model_copy(update=changes)})


@pytest.mark.parametrize(("kind", "name"), NAMES)
def test_an_entry_is_compared_with_its_object(box_database: SandboxDatabase, kind: ObjectKind, name: str) -> None:
    """A matching entry passes; a changed or expired one is a finding, and one without an object is LOW."""
    with changed(box_database, OBJECTS):
        digest = digests_by_name(effective_access(facts_of(box_database), SECUREBASE.tenancy), kind)[name]
        subject = f"allowed {kind} {name}"
        assert faults(box_database, CHECK, with_allowed(entry(kind, name, digest))) == {}
        assert faults(box_database, CHECK, with_allowed(entry(kind, name))) == {subject: MEDIUM}
        expired = entry(kind, name, digest, until=date(2026, 2, 28))
        assert faults(box_database, CHECK, with_allowed(expired)) == {subject: MEDIUM}
        assert faults(box_database, CHECK, with_allowed(entry(kind, f"{name}2"))) == {f"{subject}2": LOW}


def test_an_expired_waiver_is_found(box_database: SandboxDatabase) -> None:
    """A waiver that expired yesterday is a finding."""
    waiver = ApprovedPredicate(digest=DIGEST, owner="platform", reason="was read", until=date(2026, 2, 28))
    assert faults(box_database, CHECK, declared(approved_predicates=(waiver,))) == {f"waiver {DIGEST}": MEDIUM}


@pytest.mark.parametrize(
    ("changes", "subject"),
    [
        ({"shared": (*SECUREBASE.tenancy.shared, "fees")}, "shared fees"),
        ({"keys": {"Old Invoices": ("customer_id",)}}, "keys Old Invoices"),
        ({"keys": {"invoices": DerivedKey(parent="orders", on={"order_id": "id"})}}, "keys invoices, parent"),
        ({"privileged": {"dba": "operates it"}}, "privileged dba"),
        ({"root": "companies"}, "root companies"),
    ],
)
def test_a_name_without_an_object_is_found(
    box_database: SandboxDatabase, changes: dict[str, object], subject: str
) -> None:
    """Every name in the manifest must exist in the database."""
    assert faults(box_database, CHECK, declared(**changes)) == {subject: MEDIUM}


def test_existing_names_pass(box_database: SandboxDatabase) -> None:
    """The manifest of the demo passes, with and without the name of the first schema."""
    assert faults(box_database, CHECK, declared(privileged={"admin": "migrates"}, shared=("public.regions",))) == {}
