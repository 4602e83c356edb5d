"""The inventory of a database with every kind of object."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from basewatch.errors import ObservationError
from basewatch.facts import canonical, from_json, to_json
from basewatch.model import Reason
from isolation.access.effective_access import EffectiveAccess, effective_access
from isolation.inventory import Inventory, snapshot
from isolation.inventory.builtin_oids import builtin_mismatches
from isolation.inventory.egress import LargeObjectGroup, SystemGrant
from isolation.inventory.relations import RelationKind
from isolation.inventory.roles import ParameterGrant, RoleSetting
from tests.isolation.scratch_database import SECRET, ScratchDatabase, declared

COMPONENT = declared("inv_app")
EVERYTHING = (Path(__file__).parent / "schema.sql").read_text(encoding="utf-8")
CLEAN = """
    ALTER SUBSCRIPTION inv_copy SET (slot_name = NONE);
    DROP SUBSCRIPTION inv_copy;
    DROP EVENT TRIGGER inv_watch;
    REVOKE ALL ON pg_catalog.pg_authid FROM inv_app;
    REVOKE ALL ON FUNCTION pg_catalog.pg_read_file(text) FROM inv_app;
    REVOKE ALL ON PARAMETER session_replication_role FROM inv_app;
"""


@pytest.fixture(scope="module")
def everything(database: ScratchDatabase) -> Iterator[ScratchDatabase]:
    """The database with every kind of object."""
    database.run(EVERYTHING)
    yield database
    for statement in filter(str.strip, CLEAN.split(";")):
        database.run(statement)


@pytest.fixture(scope="module")
def facts(everything: ScratchDatabase) -> Inventory:
    """The inventory that the role with CONNECT only reads."""
    return everything.read(COMPONENT)


@pytest.fixture(scope="module")
def access(facts: Inventory) -> EffectiveAccess:
    """The effective access of the inventory."""
    return EffectiveAccess(facts, COMPONENT.tenancy)


def test_facts_survive_json(facts: Inventory) -> None:
    """A judge gets what was observed: JSON loses nothing."""
    assert from_json(Inventory, to_json(Inventory, facts)) == facts


def test_connect_is_the_only_privilege_needed(everything: ScratchDatabase, facts: Inventory) -> None:
    """A role with CONNECT only reads the same inventory as the superuser."""
    assert everything.read(COMPONENT, url=everything.superuser_url) == facts


def test_no_secret_is_stored(facts: Inventory) -> None:
    """Policies, settings, bodies, views, triggers and mappings contain ids and passwords; the facts do not."""
    kept = canonical(to_json(Inventory, facts))
    signed = " ".join(str(byte - 256 if byte > 127 else byte) for byte in bytes.fromhex(SECRET.replace("-", "")))
    for secret in (SECRET, "deadbeef", "hunter2", "nowhere", "elsewhere", signed, "100 101 97 100 98 101 101 102"):
        assert secret.encode() not in kept


def test_the_built_in_objects_are_as_the_proof_expects(facts: Inventory) -> None:
    """Every built-in object that the kernel relies on is read, and is as expected on this version."""
    assert builtin_mismatches(facts.builtins) == ()


def test_a_policy_is_read_with_its_dependencies(facts: Inventory, access: EffectiveAccess) -> None:
    """It has its helper and the relation of its sub-select by OID, its settings by name, and no constants."""
    (policy,) = facts.policies
    assert policy.using is not None
    assert policy.check is not None
    assert policy.using.text == "((tenant = public.helper()) OR (tenant = '…'::uuid))"
    assert policy.using.tree.count(":constvalue redacted") == 1
    assert "current_setting('app.tenant'::text)" in policy.check.text
    assert {function.name for function in facts.functions if function.oid in policy.functions} == {"public.helper()"}
    assert [access.declared_name(r) for r in facts.relations if r.oid in policy.relations] == ["regions"]
    assert policy.using.digest.startswith("sha256:")
    assert policy.using.digest != policy.check.digest


def test_functions_are_read_with_their_effects(facts: Inventory, access: EffectiveAccess) -> None:
    """A function has its settings, keywords and mentioned relations by name, and a short body without constants."""
    functions = {function.name: function for function in facts.functions}
    helper, atomic, copies = (functions[f"public.{name}"] for name in ("helper()", "atomic(text)", "copies()"))
    assert helper.body.strip() == "SELECT nullif(current_setting('app.tenant', true), '')::uuid"
    assert helper.body_keywords == ("app.tenant", "current_setting")
    assert atomic.tree is not None
    assert [access.declared_name(r) for r in facts.relations if r.oid in atomic.referenced_relations] == ["tenants"]
    assert (copies.security_definer, copies.settings, copies.search_path) == (
        True,
        ("app.tenant", "search_path"),
        "public",
    )
    assert {"set_config", "insert", "app.tenant"} <= set(copies.body_keywords)
    assert [access.declared_name(r) for r in facts.relations if r.oid in copies.mentioned_relations] == ["Order Items"]
    assert access.executable_by(helper)


def test_triggers_are_read_with_their_columns_and_condition(facts: Inventory) -> None:
    """A trigger knows whether it has a WHEN condition, and the columns of UPDATE OF."""
    triggers = {trigger.name: trigger for trigger in facts.triggers}
    assert triggers["plainly"].digest != triggers["copying"].digest
    assert triggers["copying"].has_when
    assert triggers["plainly"].columns == (2,)
    assert facts.event_triggers[0].name == "inv_watch"


def test_relations_are_read_with_parents_options_and_dependencies(facts: Inventory, access: EffectiveAccess) -> None:
    """Partitions, inheriting tables, views, foreign tables and sequences are read, and what a view reads."""
    by_name = {access.declared_name(relation): relation for relation in facts.relations}
    assert by_name["My Schema.invoices_2026"].parents == (by_name["invoices"].oid,)
    assert by_name["more"].parents == (by_name["Order Items"].oid,)
    view = by_name["seen"]
    assert (view.kind, view.security_invoker, view.security_barrier) == (RelationKind.VIEW, True, True)
    assert view.referenced_relations == (by_name["Order Items"].oid,)
    assert len(view.referenced_functions) == 1
    assert view.digest.startswith("sha256:")
    assert by_name["far"].server == "inv_server"
    assert by_name["Order Items_id_seq"].kind is RelationKind.SEQUENCE
    (rule,) = facts.rewrite_rules
    assert (rule.event, rule.referenced_relations) == ("INSERT", (by_name["Order Items"].oid,))
    unique = next(index for index in facts.indexes if index.name == "Order Items_tenant_id_email_key")
    assert (unique.columns, unique.unique, unique.immediate) == ((2, 1), True, True)
    cascade = next(key for key in facts.foreign_keys if key.target == by_name["tenants"].oid)
    assert (cascade.columns, cascade.target_columns, cascade.on_delete) == ((2,), (1,), "c")


def test_egress_is_read(facts: Inventory, access: EffectiveAccess) -> None:
    """Publications, subscriptions, servers, large objects, and grants on system objects are read."""
    app = access.role_named("inv_app")
    assert app is not None
    publications = {publication.name: publication for publication in facts.publications}
    assert publications["everything"].all_tables
    assert (len(publications["filtered"].relations), len(publications["filtered"].filtered)) == (3, 2)
    assert publications["whole"].schemas == ("My Schema",)
    assert [subscription.name for subscription in facts.subscriptions] == ["inv_copy"]
    assert [(server.name, server.mapped_roles) for server in facts.foreign_servers] == [("inv_server", (app.oid,))]
    assert sorted(_granted(objects) for objects in facts.large_objects) == [(424242, 3, 2), (424243, 1, 3)]
    assert set(facts.system_grants) == {
        SystemGrant(kind="relation", name="pg_catalog.pg_authid", grantee=app.oid, privilege="SELECT"),
        SystemGrant(kind="function", name="pg_catalog.pg_read_file(text)", grantee=app.oid, privilege="EXECUTE"),
    }
    parameter = ParameterGrant(parameter="session_replication_role", grantee=app.oid, privilege="SET")
    assert facts.parameter_grants == (parameter,)
    assert (len(facts.casts), len(facts.default_privileges)) == (1, 1)


def _granted(objects: LargeObjectGroup) -> tuple[int, int, int]:
    return objects.lowest_oid, objects.count, len(objects.grants)


def test_only_values_of_built_in_settings_are_stored(facts: Inventory, access: EffectiveAccess) -> None:
    """A setting of the application can hold a tenant's id: only its name, and whether it is empty, is stored."""
    app = access.role_named("inv_app")
    assert app is not None
    assert facts.role_settings == (
        RoleSetting(role=app.oid, database=0, name="app.empty", value=None, empty=True),
        RoleSetting(role=app.oid, database=0, name="app.tenant", value=None, empty=False),
        RoleSetting(role=app.oid, database=0, name="work_mem", value="5MB", empty=False),
    )


def test_a_context_with_a_default_is_reported(everything: ScratchDatabase) -> None:
    """A default from postgresql.conf is in no catalogue, but Basewatch's session has it too."""
    url = f"{everything.connect_only_url}?options=-c%20app.tenant%3D{SECRET}"
    assert everything.read(COMPONENT, url=url).server.context_defaults == ("app.tenant",)


def test_a_reading_during_a_migration_is_repeated(everything: ScratchDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    """Facts are consistent: after a change of the catalogues they are read again, up to three times."""
    hashes = iter("abccde")
    monkeypatch.setattr(snapshot, "fingerprint", lambda _: next(hashes))
    assert everything.read(COMPONENT).server.fingerprint == "c"
    hashes = iter("abcdefgh")
    with pytest.raises(ObservationError, match="changed during each of 3 readings") as raised:
        everything.read(COMPONENT)
    assert raised.value.reason is Reason.STALE


def test_too_many_objects_are_reported(everything: ScratchDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    """A part of the relations proves nothing: above the limit, the observation is unsupported."""
    monkeypatch.setattr(snapshot, "MAX_OBJECTS", 3)
    monkeypatch.setattr(snapshot, "_BOUND", {"most": "4"})
    with pytest.raises(ObservationError, match="more than 3") as raised:
        everything.read(COMPONENT)
    assert raised.value.reason is Reason.UNSUPPORTED


def test_one_inventory_has_one_effective_access(facts: Inventory) -> None:
    """The checks of a pass share one object, by identity of the facts and of the manifest."""
    assert effective_access(facts, COMPONENT.tenancy) is effective_access(facts, COMPONENT.tenancy)
    assert effective_access(facts, COMPONENT.tenancy) is not effective_access(facts, declared("inv_app").tenancy)


def test_temporary_objects_of_other_sessions_are_ignored(everything: ScratchDatabase, facts: Inventory) -> None:
    """Temporary tables and functions of other sessions are not in the inventory."""
    with psycopg.connect(everything.superuser_url) as connection:
        connection.execute("CREATE TEMP TABLE passing (tenant uuid)")
        connection.execute("CREATE TEMP TABLE under (id int PRIMARY KEY REFERENCES under)")
        connection.execute("CREATE POLICY passing ON under")
        connection.execute("CREATE TRIGGER t AFTER INSERT ON under FOR EACH ROW EXECUTE FUNCTION copies()")
        connection.execute("CREATE FUNCTION pg_temp.passing() RETURNS int LANGUAGE sql AS 'SELECT 1'")
        connection.commit()
        assert everything.read(COMPONENT) == facts
