"""The inventory of a database that has a bit of everything."""

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
from tests.isolation.inventory.asking import SECRET, Own, declared

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
def everything(database: Own) -> Iterator[Own]:
    """The database with a bit of everything in it."""
    database.run(EVERYTHING)
    yield database
    for statement in filter(str.strip, CLEAN.split(";")):
        database.run(statement)


@pytest.fixture(scope="module")
def facts(everything: Own) -> Inventory:
    """What the role with CONNECT alone reads of it."""
    return everything.read(COMPONENT)


@pytest.fixture(scope="module")
def seen(facts: Inventory) -> EffectiveAccess:
    """The same, put together."""
    return EffectiveAccess(facts, COMPONENT.tenancy)


def test_facts_are_the_same_read_back(facts: Inventory) -> None:
    """Judges see what was observed: nothing is lost on the way through JSON."""
    assert from_json(Inventory, to_json(Inventory, facts)) == facts


def test_connect_is_all_it_needs(everything: Own, facts: Inventory) -> None:
    """The superuser reads nothing that a role with CONNECT alone does not."""
    assert everything.read(COMPONENT, url=everything.superuser) == facts


def test_nothing_secret_is_kept(facts: Inventory) -> None:
    """Policies, settings, bodies, views, triggers and mappings name a tenant or a password; the facts do not."""
    kept = canonical(to_json(Inventory, facts))
    signed = " ".join(str(byte - 256 if byte > 127 else byte) for byte in bytes.fromhex(SECRET.replace("-", "")))
    for secret in (SECRET, "deadbeef", "hunter2", "nowhere", "elsewhere", signed, "100 101 97 100 98 101 101 102"):
        assert secret.encode() not in kept


def test_the_built_ins_are_what_the_proof_takes_them_for(facts: Inventory) -> None:
    """Every OID the kernel relies on is read, and is what it should be on this version."""
    assert builtin_mismatches(facts.builtins) == ()


def test_a_policy_is_read_with_what_it_depends_on(facts: Inventory, seen: EffectiveAccess) -> None:
    """Helper and sub-select by OID, the settings that it asks for by name, constants not at all."""
    (policy,) = facts.policies
    assert policy.using is not None
    assert policy.check is not None
    assert policy.using.text == "((tenant = public.helper()) OR (tenant = '…'::uuid))"
    assert policy.using.tree.count(":constvalue blanked") == 1
    assert "current_setting('app.tenant'::text)" in policy.check.text
    assert {function.name for function in facts.functions if function.oid in policy.functions} == {"public.helper()"}
    assert [seen.declared_name(r) for r in facts.relations if r.oid in policy.relations] == ["regions"]
    assert policy.using.digest.startswith("sha256:")
    assert policy.using.digest != policy.check.digest


def test_functions_are_read_as_what_they_do(facts: Inventory, seen: EffectiveAccess) -> None:
    """Settings and words by name, a short body without its constants, and what it may mean by its words."""
    functions = {function.name: function for function in facts.functions}
    helper, atomic, copies = (functions[f"public.{name}"] for name in ("helper()", "atomic(text)", "copies()"))
    assert helper.body.strip() == "SELECT nullif(current_setting('app.tenant', true), '')::uuid"
    assert helper.body_keywords == ("app.tenant", "current_setting")
    assert atomic.tree is not None
    assert [seen.declared_name(r) for r in facts.relations if r.oid in atomic.referenced_relations] == ["tenants"]
    assert (copies.security_definer, copies.settings, copies.search_path) == (
        True,
        ("app.tenant", "search_path"),
        "public",
    )
    assert {"set_config", "insert", "app.tenant"} <= set(copies.body_keywords)
    assert [seen.declared_name(r) for r in facts.relations if r.oid in copies.mentioned_relations] == ["Order Items"]
    assert seen.executable_by(helper)


def test_a_trigger_is_known_by_its_function_and_what_it_hands_it(facts: Inventory) -> None:
    """Without arguments and WHEN its digest is the function's own, so that one who read that can vouch for it."""
    digest = next(function.digest for function in facts.functions if function.name == "public.copies()")
    triggers = {trigger.name: trigger for trigger in facts.triggers}
    assert triggers["plainly"].digest == digest
    assert triggers["copying"].digest != digest
    assert triggers["copying"].has_when
    assert triggers["plainly"].columns == (2,)
    assert facts.event_triggers[0].name == "inv_watch"


def test_relations_are_read_with_their_parents_options_and_uses(facts: Inventory, seen: EffectiveAccess) -> None:
    """Partitions, children, views, foreign tables and sequences, and what a view reads."""
    by_name = {seen.declared_name(relation): relation for relation in facts.relations}
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


def test_ways_out_are_read(facts: Inventory, seen: EffectiveAccess) -> None:
    """Publications, subscriptions, servers, large objects, and what was granted on PostgreSQL's own objects."""
    app = seen.role_named("inv_app")
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


def test_values_are_kept_of_postgresqls_own_settings_alone(facts: Inventory, seen: EffectiveAccess) -> None:
    """A setting of the application may hold a tenant's id: that it is set, and whether to nothing, is kept."""
    app = seen.role_named("inv_app")
    assert app is not None
    assert facts.role_settings == (
        RoleSetting(role=app.oid, database=0, name="app.empty", value=None, empty=True),
        RoleSetting(role=app.oid, database=0, name="app.tenant", value=None, empty=False),
        RoleSetting(role=app.oid, database=0, name="work_mem", value="5MB", empty=False),
    )


def test_a_context_that_sessions_start_with_is_told(everything: Own) -> None:
    """A default from the server's files is in no catalogue, but our own session has it as well."""
    url = f"{everything.nobody}?options=-c%20app.tenant%3D{SECRET}"
    assert everything.read(COMPONENT, url=url).server.context_defaults == ("app.tenant",)


def test_a_reading_during_a_migration_is_made_again(everything: Own, monkeypatch: pytest.MonkeyPatch) -> None:
    """Facts are of one moment: when the catalogues moved it reads again, and in the end it says so."""
    hashes = iter("abccde")
    monkeypatch.setattr(snapshot, "fingerprint", lambda _: next(hashes))
    assert everything.read(COMPONENT).server.fingerprint == "c"
    hashes = iter("abcdefgh")
    with pytest.raises(ObservationError, match="changed during each of 3 readings") as told:
        everything.read(COMPONENT)
    assert told.value.reason is Reason.STALE


def test_too_much_to_look_at_is_said(everything: Own, monkeypatch: pytest.MonkeyPatch) -> None:
    """A part of the relations would prove nothing: beyond the bound it does not look at all."""
    monkeypatch.setattr(snapshot, "MOST", 3)
    monkeypatch.setattr(snapshot, "_BOUND", {"most": "4"})
    with pytest.raises(ObservationError, match="more than 3") as told:
        everything.read(COMPONENT)
    assert told.value.reason is Reason.UNSUPPORTED


def test_one_inventory_has_one_world(facts: Inventory) -> None:
    """The checks of a pass share what was worked out, by identity of the facts and of the manifest."""
    assert effective_access(facts, COMPONENT.tenancy) is effective_access(facts, COMPONENT.tenancy)
    assert effective_access(facts, COMPONENT.tenancy) is not effective_access(facts, declared("inv_app").tenancy)


def test_a_session_of_its_own_does_not_matter(everything: Own, facts: Inventory) -> None:
    """Temporary tables and functions of other sessions are not among the facts."""
    with psycopg.connect(everything.superuser) as connection:
        connection.execute("CREATE TEMP TABLE passing (tenant uuid)")
        connection.execute("CREATE TEMP TABLE under (id int PRIMARY KEY REFERENCES under)")
        connection.execute("CREATE POLICY passing ON under")
        connection.execute("CREATE TRIGGER t AFTER INSERT ON under FOR EACH ROW EXECUTE FUNCTION copies()")
        connection.execute("CREATE FUNCTION pg_temp.passing() RETURNS int LANGUAGE sql AS 'SELECT 1'")
        connection.commit()
        assert everything.read(COMPONENT) == facts
