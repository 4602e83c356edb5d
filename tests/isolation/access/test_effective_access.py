"""What the world works out of roles and relations, on a schema with other names and keys than the demo's."""

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
from tests.isolation.inventory.asking import Own, declared

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
def seen(database: Own) -> Iterator[EffectiveAccess]:
    """The schema above under its manifest."""
    database.run(SCHEMA)
    yield EffectiveAccess(database.read(), TENANCY)
    database.run("DROP OWNED BY inv_owner CASCADE")


def relation(world: EffectiveAccess, declared_name: str) -> Relation:
    """The relation that the configuration names so."""
    found = world.relation_named(declared_name)
    assert found is not None
    return found


def oid(world: EffectiveAccess, role: str) -> int:
    """The OID of a role."""
    found = world.role_named(role)
    assert found is not None
    return found.oid


def test_relations_have_the_names_of_the_configuration(seen: EffectiveAccess) -> None:
    """Bare in the first schema, else with the schema; for SQL always with the schema, and quoted where it must be."""
    old = relation(seen, "My Schema.Old Bills")
    assert seen.declared_name(old) == "My Schema.Old Bills"
    assert seen.sql_name(old) == '"My Schema"."Old Bills"'
    assert relation(seen, "public.bills") is relation(seen, "bills")
    assert seen.relation_named("nothing") is None
    assert seen.relation(old.oid) is old
    assert (quoted("user"), quoted('a"b'), quoted("a_1"), qualified("a", "B")) == ('"user"', '"a""b"', "a_1", 'a."B"')


@pytest.mark.parametrize(
    ("name", "standing", "key"),
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
def test_a_relation_stands_as_its_columns_and_its_parents_say(
    seen: EffectiveAccess, name: str, standing: TableClass, key: tuple[str, ...] | None
) -> None:
    """Keys by the manifest, for partitions and children as for their parents; what is left over is something else."""
    found = seen.tenant_key(relation(seen, name))
    assert seen.table_class(relation(seen, name)) is standing
    assert (tuple(column.name for column in found) if isinstance(found, tuple) else found) == key


def test_a_derived_key_is_told_as_it_is_declared(seen: EffectiveAccess) -> None:
    """A table whose rows belong to their parent row's tenant is a tenant table without a column of its own."""
    lines = relation(seen, "lines")
    assert isinstance(seen.tenant_key(lines), DerivedKey)
    assert lines in seen.tenant_tables()


def test_a_shared_table_with_the_tenant_key_is_a_tenant_table(seen: EffectiveAccess) -> None:
    """Declaring it shared does not make it so; and the table of members is known by its declaration."""
    shared = TENANCY.model_copy(update={"shared": ("bills",)})
    assert EffectiveAccess(seen.inventory, shared).table_class(relation(seen, "bills")) is TableClass.TENANT
    members = TENANCY.model_copy(update={"members": TenantMembership(table="people", member="who", key=("tenant",))})
    assert EffectiveAccess(seen.inventory, members).table_class(relation(seen, "people")) is TableClass.MEMBERS


def test_a_principal_becomes_all_that_it_is_led_to(seen: EffectiveAccess) -> None:
    """By SET ROLE and by ADMIN OPTION, with the way there; an unknown role becomes nobody."""
    assert [str(becomes) for becomes in seen.reachable_roles("inv_app")] == [
        "inv_app", "inv_app -> inv_mid", "inv_app -> inv_mid -> inv_reports",
    ]  # fmt: skip
    assert seen.reachable_roles("nobody_at_all") == ()
    assert seen.all_reachable_roles() == seen.reachable_roles("inv_app")


def test_what_is_only_inherited_is_held_and_not_become(seen: EffectiveAccess) -> None:
    """From version 16 a membership may hand on privileges alone: the role's attributes do not come with them."""
    app, mid, reports = (oid(seen, role) for role in ("inv_app", "inv_mid", "inv_reports"))
    only = (
        Membership(role=mid, member=app, admin_option=False, inherit_option=True, set_option=False),
        Membership(role=reports, member=mid, admin_option=False, inherit_option=True, set_option=True),
    )
    world = EffectiveAccess(replace(seen.inventory, memberships=only), TENANCY)
    assert [(b.role.name, b.can_set_role) for b in world.reachable_roles("inv_app")] == [
        ("inv_app", True), ("inv_mid", False), ("inv_reports", False),
    ]  # fmt: skip
    granting = (only[0], replace(only[1], admin_option=True))
    again = EffectiveAccess(replace(seen.inventory, memberships=granting), TENANCY)
    assert [b.role.name for b in again.reachable_roles("inv_app") if b.can_set_role] == ["inv_app", "inv_reports"]


def test_memberships_in_a_circle_end(seen: EffectiveAccess) -> None:
    """PostgreSQL allows none, but what was read must not hang the pass."""
    app, mid = oid(seen, "inv_app"), oid(seen, "inv_mid")
    circle = tuple(
        Membership(role=role, member=member, admin_option=False, inherit_option=True, set_option=True)
        for role, member in ((app, mid), (mid, app))
    )
    world = EffectiveAccess(replace(seen.inventory, memberships=circle), TENANCY)
    assert [b.role.name for b in world.reachable_roles("inv_app")] == ["inv_app", "inv_mid"]


def test_policies_apply_by_command_and_by_inherited_role(seen: EffectiveAccess) -> None:
    """As PostgreSQL chooses them: for the command or for all, for PUBLIC or a role whose privileges are held."""
    bills = relation(seen, "bills")
    app, reports = oid(seen, "inv_app"), oid(seen, "inv_reports")
    assert [p.name for p in seen.policies(bills, app, Command.SELECT)] == ["a", "b"]
    assert [p.name for p in seen.policies(bills, reports, Command.SELECT)] == ["b"]
    assert [p.name for p in seen.policies(bills, reports, Command.UPDATE)] == ["b", "c"]
    assert [p.name for p in seen.policies(bills, app, Command.DELETE)] == ["b", "d"]
    assert len(seen.policies_on(bills)) == 4


def test_exempt_is_who_row_security_does_not_ask(seen: EffectiveAccess) -> None:
    """Superusers, BYPASSRLS, and owners unless it is forced; attributes are nobody's but the role's own."""
    queue = relation(seen, "queue")
    assert seen.rls_exemption(oid(seen, "inv_reports"), queue) == "BYPASSRLS"
    assert seen.rls_exemption(oid(seen, "inv_app"), queue) == ""
    assert seen.rls_exemption(oid(seen, "inv_owner"), queue) == "owns it and row security is not forced"
    assert seen.rls_exemption(oid(seen, "inv_owner"), replace(queue, rls_forced=True)) == ""
    assert seen.rls_exemption(10, queue) == "superuser"


def test_without_usage_on_its_schema_a_relation_is_not_reached_unless_a_view_names_it(seen: EffectiveAccess) -> None:
    """A grant behind a closed schema opens nothing, but a security_invoker view has looked the name up already."""
    app = oid(seen, "inv_app")
    assert seen.commands(app, relation(seen, "My Schema.bills_1")) == frozenset()
    assert seen.accessible_by(relation(seen, "My Schema.bills_1")) == ()
    assert seen.relation_privileges(app, relation(seen, "My Schema.bills_1")) == {"SELECT"}
    assert seen.commands(app, relation(seen, "My Schema.Old Bills")) == {Command.SELECT}
    assert [str(b) for b in seen.accessible_by(relation(seen, "bills"))][:1] == ["inv_app"]


def test_functions_are_called_by_who_can_name_them(seen: EffectiveAccess) -> None:
    """PUBLIC may execute any by default, and who lacks USAGE on its schema cannot say which."""
    functions = {function.name: function for function in seen.inventory.functions}
    assert [b.role.name for b in seen.executable_by(functions["public.open()"])] == ["inv_app"]
    assert seen.executable_by(functions['"My Schema".hidden()']) == ()


def test_an_entry_vouches_for_one_thing_as_it_was(seen: EffectiveAccess) -> None:
    """Kind, name and digest agree, and the day has not passed."""
    digest = f"sha256:{'a' * 64}"
    entry = ApprovedObject(kind="view", name="seen", digest=digest, owner="us", reason="read", until=date(2026, 3, 1))
    tenancy: Tenancy = TENANCY.model_copy(update={"allowed": (entry,)})
    world = EffectiveAccess(seen.inventory, tenancy)
    assert world.is_approved("view", "seen", digest, NOW)
    assert not world.is_approved("function", "seen", digest, NOW)
    assert not world.is_approved("view", "other", digest, NOW)
    assert not world.is_approved("view", "seen", digest.replace("a", "b"), NOW)
    assert not world.is_approved("view", "seen", digest, datetime(2026, 3, 2, tzinfo=UTC))


def test_an_owner_has_what_it_took_from_itself(seen: EffectiveAccess) -> None:
    """It can grant itself again whatever it revoked, so ownership counts as every privilege."""
    owner, queue = oid(seen, "inv_owner"), replace(relation(seen, "queue"), oid=1, grants=())
    assert {"SELECT", "TRUNCATE", "TRIGGER"} <= seen.relation_privileges(owner, queue)
    assert seen.has_privilege(owner, owner, (), "EXECUTE")
    assert seen.relation_privileges(oid(seen, "inv_app"), queue) == frozenset()
