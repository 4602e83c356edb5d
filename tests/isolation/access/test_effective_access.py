"""Effective access of roles to relations, on a schema with other names and keys than the demo's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from basewatch.tenancy import ApprovedObject, DerivedKey, Tenancy, TenantMembership
from isolation.access.effective_access import EffectiveAccess
from isolation.access.table_class import TableClass
from isolation.inventory.naming import qualified, quoted
from isolation.inventory.relations import Command, Relation
from isolation.inventory.roles import Membership
from tests.isolation.scratch_database import ScratchDatabase, declared

SCHEMA = """
    CREATE SCHEMA "My Schema";
    CREATE ROLE inv_app LOGIN;
    CREATE ROLE inv_mid;
    CREATE ROLE inv_reports BYPASSRLS;
    CREATE ROLE inv_owner;
    GRANT inv_mid TO inv_app;
    GRANT inv_reports TO inv_mid WITH ADMIN OPTION;
    GRANT USAGE ON SCHEMA public TO inv_app;
    CREATE TABLE tenants (id uuid PRIMARY KEY);
    CREATE TABLE people (who text, tenant uuid);
    CREATE TABLE regions (code text);
    CREATE TABLE bills (tenant uuid, amount int) PARTITION BY RANGE (amount);
    CREATE TABLE "My Schema".bills_1 PARTITION OF bills FOR VALUES FROM (0) TO (9);
    CREATE TABLE lines (bill int);
    CREATE TABLE "My Schema"."Old Bills" (org bigint, unit bigint);
    CREATE TABLE child (extra int) INHERITS ("My Schema"."Old Bills");
    CREATE TABLE queue (id int);
    CREATE SEQUENCE numbers;
    CREATE VIEW seen AS SELECT * FROM bills;
    CREATE VIEW asked WITH (security_invoker = true) AS SELECT * FROM "My Schema"."Old Bills";
    GRANT SELECT ON bills, "My Schema".bills_1, "My Schema"."Old Bills" TO inv_app;
    GRANT UPDATE (amount) ON bills TO inv_reports;
    ALTER TABLE queue OWNER TO inv_owner;
    CREATE POLICY a ON bills FOR SELECT TO inv_mid USING (true);
    CREATE POLICY b ON bills USING (true);
    CREATE POLICY c ON bills FOR UPDATE TO inv_reports USING (true);
    CREATE POLICY d ON bills FOR DELETE USING (true);
    CREATE FUNCTION open() RETURNS int LANGUAGE sql AS 'SELECT 1';
    CREATE FUNCTION "My Schema".hidden() RETURNS int LANGUAGE sql AS 'SELECT 1';
"""
TENANCY = declared(
    "inv_app",
    keys={"My Schema.Old Bills": ("org", "unit"), "lines": DerivedKey(parent="bills", on={"bill": "amount"})},
).tenancy
NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def access(database: ScratchDatabase) -> Iterator[EffectiveAccess]:
    """The effective access to the schema above under its manifest."""
    database.run(SCHEMA)
    yield EffectiveAccess(database.read(), TENANCY)
    database.run("DROP OWNED BY inv_owner CASCADE")


def relation(access: EffectiveAccess, declared_name: str) -> Relation:
    """The relation with this name in the configuration."""
    found = access.relation_named(declared_name)
    assert found is not None
    return found


def oid(access: EffectiveAccess, role: str) -> int:
    """The OID of a role."""
    found = access.role_named(role)
    assert found is not None
    return found.oid


def test_relations_have_the_names_of_the_configuration(access: EffectiveAccess) -> None:
    """A name has a schema unless it is in the first one; an SQL name always has one, and quotes if needed."""
    old = relation(access, "My Schema.Old Bills")
    assert access.declared_name(old) == "My Schema.Old Bills"
    assert access.sql_name(old) == '"My Schema"."Old Bills"'
    assert relation(access, "public.bills") is relation(access, "bills")
    assert access.relation_named("nothing") is None
    assert access.relation(old.oid) is old
    assert (quoted("user"), quoted('a"b'), quoted("a_1"), qualified("a", "B")) == ('"user"', '"a""b"', "a_1", 'a."B"')


@pytest.mark.parametrize(
    ("name", "table_class", "key"),
    [
        ("tenants", TableClass.ROOT, ("id",)),
        ("bills", TableClass.TENANT, ("tenant",)),
        ("My Schema.bills_1", TableClass.TENANT, ("tenant",)),
        ("My Schema.Old Bills", TableClass.TENANT, ("org", "unit")),
        ("child", TableClass.TENANT, ("org", "unit")),
        ("regions", TableClass.SHARED, None),
        ("queue", TableClass.OTHER, None),
        ("seen", TableClass.VIEW, ("tenant",)),
        ("numbers", TableClass.SEQUENCE, None),
        ("people", TableClass.TENANT, ("tenant",)),
    ],
)
def test_the_class_of_a_relation_follows_from_its_columns_and_parents(
    access: EffectiveAccess, name: str, table_class: TableClass, key: tuple[str, ...] | None
) -> None:
    """The manifest declares keys, which partitions and inheriting tables share; all else has the class OTHER."""
    found = access.tenant_key(relation(access, name))
    assert access.table_class(relation(access, name)) is table_class
    assert (tuple(column.name for column in found) if isinstance(found, tuple) else found) == key


def test_a_derived_key_is_returned_as_declared(access: EffectiveAccess) -> None:
    """A table whose rows belong to the tenant of their parent row is a tenant table without its own key column."""
    lines = relation(access, "lines")
    assert isinstance(access.tenant_key(lines), DerivedKey)
    assert lines in access.tenant_tables()


def test_a_shared_table_with_the_tenant_key_is_a_tenant_table(access: EffectiveAccess) -> None:
    """A declaration as shared does not change the class; the table of members has its class by declaration."""
    shared = TENANCY.model_copy(update={"shared": ("bills",)})
    assert EffectiveAccess(access.inventory, shared).table_class(relation(access, "bills")) is TableClass.TENANT
    members = TENANCY.model_copy(update={"members": TenantMembership(table="people", member="who", key=("tenant",))})
    assert EffectiveAccess(access.inventory, members).table_class(relation(access, "people")) is TableClass.MEMBERS


def test_a_principal_can_act_as_every_role_on_its_membership_paths(access: EffectiveAccess) -> None:
    """SET ROLE and ADMIN OPTION make a role reachable, with its path; an unknown principal has no reachable role."""
    assert [str(reachable) for reachable in access.reachable_roles("inv_app")] == [
        "inv_app", "inv_app -> inv_mid", "inv_app -> inv_mid -> inv_reports",
    ]  # fmt: skip
    assert access.reachable_roles("unknown_role") == ()
    assert access.all_reachable_roles() == access.reachable_roles("inv_app")


def test_an_inherited_role_gives_privileges_but_cannot_be_set(access: EffectiveAccess) -> None:
    """Since version 16 a membership can give privileges without SET ROLE, and so without the role's attributes."""
    app, mid, reports = (oid(access, role) for role in ("inv_app", "inv_mid", "inv_reports"))
    only = (
        Membership(role=mid, member=app, admin_option=False, inherit_option=True, set_option=False),
        Membership(role=reports, member=mid, admin_option=False, inherit_option=True, set_option=True),
    )
    access = EffectiveAccess(replace(access.inventory, memberships=only), TENANCY)
    assert [(b.role.name, b.can_set_role) for b in access.reachable_roles("inv_app")] == [
        ("inv_app", True), ("inv_mid", False), ("inv_reports", False),
    ]  # fmt: skip
    granting = (only[0], replace(only[1], admin_option=True))
    again = EffectiveAccess(replace(access.inventory, memberships=granting), TENANCY)
    assert [b.role.name for b in again.reachable_roles("inv_app") if b.can_set_role] == ["inv_app", "inv_reports"]


def test_memberships_in_a_circle_end(access: EffectiveAccess) -> None:
    """PostgreSQL allows no circle; an inventory with one does not cause an endless loop."""
    app, mid = oid(access, "inv_app"), oid(access, "inv_mid")
    circle = tuple(
        Membership(role=role, member=member, admin_option=False, inherit_option=True, set_option=True)
        for role, member in ((app, mid), (mid, app))
    )
    access = EffectiveAccess(replace(access.inventory, memberships=circle), TENANCY)
    assert [b.role.name for b in access.reachable_roles("inv_app")] == ["inv_app", "inv_mid"]


def test_policies_apply_by_command_and_by_inherited_role(access: EffectiveAccess) -> None:
    """A policy applies for its command or ALL, and for PUBLIC or a role whose privileges are inherited."""
    bills = relation(access, "bills")
    app, reports = oid(access, "inv_app"), oid(access, "inv_reports")
    assert [p.name for p in access.policies(bills, app, Command.SELECT)] == ["a", "b"]
    assert [p.name for p in access.policies(bills, reports, Command.SELECT)] == ["b"]
    assert [p.name for p in access.policies(bills, reports, Command.UPDATE)] == ["b", "c"]
    assert [p.name for p in access.policies(bills, app, Command.DELETE)] == ["b", "d"]
    assert len(access.policies_on(bills)) == 4


def test_superusers_bypassrls_and_owners_are_exempt(access: EffectiveAccess) -> None:
    """Row security exempts superusers, BYPASSRLS, and owners unless it is forced; members inherit no attribute."""
    queue = relation(access, "queue")
    assert access.rls_exemption(oid(access, "inv_reports"), queue) == "BYPASSRLS"
    assert access.rls_exemption(oid(access, "inv_app"), queue) == ""
    assert access.rls_exemption(oid(access, "inv_owner"), queue) == "owns it and row security is not forced"
    assert access.rls_exemption(oid(access, "inv_owner"), replace(queue, rls_forced=True)) == ""
    assert access.rls_exemption(10, queue) == "superuser"


def test_a_relation_in_a_schema_without_usage_is_reachable_only_through_a_view(access: EffectiveAccess) -> None:
    """A grant without USAGE on the schema only has an effect through a security_invoker view, which holds OIDs."""
    app = oid(access, "inv_app")
    assert access.commands(app, relation(access, "My Schema.bills_1")) == frozenset()
    assert access.accessible_by(relation(access, "My Schema.bills_1")) == ()
    assert access.relation_privileges(app, relation(access, "My Schema.bills_1")) == {"SELECT"}
    assert access.commands(app, relation(access, "My Schema.Old Bills")) == {Command.SELECT}
    assert [str(b) for b in access.accessible_by(relation(access, "bills"))][:1] == ["inv_app"]


def test_a_function_needs_execute_and_usage_on_its_schema(access: EffectiveAccess) -> None:
    """PUBLIC has EXECUTE by default, but a role without USAGE on the schema cannot name the function."""
    functions = {function.name: function for function in access.inventory.functions}
    assert [b.role.name for b in access.executable_by(functions["public.open()"])] == ["inv_app"]
    assert access.executable_by(functions['"My Schema".hidden()']) == ()


def test_an_approval_is_for_one_object_with_one_digest(access: EffectiveAccess) -> None:
    """Kind, name and digest must match, and the approval must not have expired."""
    digest = f"sha256:{'a' * 64}"
    entry = ApprovedObject(kind="view", name="seen", digest=digest, owner="us", reason="read", until=date(2026, 3, 1))
    tenancy: Tenancy = TENANCY.model_copy(update={"approved_objects": (entry,)})
    access = EffectiveAccess(access.inventory, tenancy)
    assert access.is_approved("view", "seen", digest, NOW)
    assert not access.is_approved("function", "seen", digest, NOW)
    assert not access.is_approved("view", "other", digest, NOW)
    assert not access.is_approved("view", "seen", digest.replace("a", "b"), NOW)
    assert not access.is_approved("view", "seen", digest, datetime(2026, 3, 2, tzinfo=UTC))


def test_an_owner_has_privileges_that_it_revoked_from_itself(access: EffectiveAccess) -> None:
    """An owner can grant itself a revoked privilege again, so ownership gives every privilege."""
    owner, queue = oid(access, "inv_owner"), replace(relation(access, "queue"), oid=1, grants=())
    assert {"SELECT", "TRUNCATE", "TRIGGER"} <= access.relation_privileges(owner, queue)
    assert access.has_privilege(owner, owner, (), "EXECUTE")
    assert access.relation_privileges(oid(access, "inv_app"), queue) == frozenset()
