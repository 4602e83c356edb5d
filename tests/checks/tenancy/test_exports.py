"""Unapproved egress from the database is found."""
# SQL that is run is not wrapped

from __future__ import annotations

from dataclasses import replace

import psycopg
import pytest

from basewatch.model import Severity, Status
from checks.tenancy.egress.exports import no_unapproved_egress as CHECK  # noqa: N812  # the check under test
from checks.tenancy.egress.known_extensions import (
    DISCLOSING_EXTENSIONS,
    EGRESS_EXTENSIONS,
    HARMLESS_EXTENSIONS,
    SUPERUSER_CHECKED_EXTENSIONS,
)
from demo.database import SandboxDatabase
from isolation.inventory import Inventory
from isolation.inventory.egress import Extension, ForeignServer, ReplicationSlot, Subscription, SystemGrant
from isolation.inventory.roles import Grant, Membership
from tests.checks.tenancy.looking import NOW, SECUREBASE, one_in_three
from tests.checks.tenancy.statics import Change, changed, entry_in, facts_of, faults, findings, with_approval

LOW, MEDIUM, HIGH = Severity.LOW, Severity.MEDIUM, Severity.HIGH
DIGEST = f"sha256:{'0' * 64}"
BROKEN = (
    Change(
        name="everything published",
        does="CREATE PUBLICATION everything FOR ALL TABLES",
        undoes="DROP PUBLICATION everything",
        found=(("publication everything", MEDIUM),),
    ),
    Change(
        name="a tenant table published",
        does='CREATE PUBLICATION "To Lake" FOR TABLE regions, invoices',
        undoes='DROP PUBLICATION "To Lake"',
        found=(("publication To Lake", MEDIUM),),
    ),
    Change(
        name="a schema published",
        does="CREATE PUBLICATION p FOR TABLES IN SCHEMA public",
        undoes="DROP PUBLICATION p",
        found=(("publication p", MEDIUM),),
    ),
    Change(
        name="some rows published",
        does="CREATE PUBLICATION p FOR TABLE invoices WHERE (customer_id IS NULL) WITH (publish = 'insert')",
        undoes="DROP PUBLICATION p",
        found=(("publication p", LOW),),
    ),
    Change(
        name="old rows published",
        does="ALTER TABLE invoices REPLICA IDENTITY FULL; "
        "CREATE PUBLICATION p FOR TABLE invoices WHERE (customer_id IS NULL)",
        undoes="DROP PUBLICATION p; ALTER TABLE invoices REPLICA IDENTITY DEFAULT",
        found=(("publication p", MEDIUM),),
    ),
    Change(
        name="the tenants published",
        does="CREATE PUBLICATION p FOR TABLE customers",
        undoes="DROP PUBLICATION p",
        found=(("publication p", MEDIUM),),
    ),
)


@pytest.fixture(scope="module")
def facts(box_database: SandboxDatabase) -> Inventory:
    """The inventory of the demo database, to change in the test."""
    return facts_of(box_database)


def found(facts: Inventory) -> dict[str, Severity | None]:
    """The FAILs of the check on these facts, by subject."""
    verdicts = CHECK.judge(facts, SECUREBASE, NOW)
    return {verdict.subject: verdict.severity for verdict in verdicts if verdict.status is not Status.PASS}


def extension(name: str) -> Extension:
    """An installed extension."""
    return Extension(name=name, version="1.0", schema="public", owner=10, digest=DIGEST)


def oid(facts: Inventory, name: str) -> int:
    """The OID of a role."""
    return next(role.oid for role in facts.roles if role.name == name)


@pytest.mark.parametrize("change", one_in_three(BROKEN, lambda change: change.name))
def test_only_the_publication_of_tenants_is_found(box_database: SandboxDatabase, change: Change) -> None:
    """Exactly that publication is a finding, and none after its repair."""
    with changed(box_database, change):
        assert faults(box_database, CHECK) == dict(change.found)
    assert faults(box_database, CHECK) == {}


def test_a_publication_of_shared_tables_passes(box_database: SandboxDatabase) -> None:
    """Shared tables may be published."""
    with changed(
        box_database, Change(name="", does="CREATE PUBLICATION p FOR TABLE regions", undoes="DROP PUBLICATION p")
    ):
        assert faults(box_database, CHECK) == {}


def test_an_approved_publication_passes_until_it_changes(box_database: SandboxDatabase) -> None:
    """The entry in the remedy approves the publication, until a table is added to it."""
    with changed(box_database, BROKEN[1]):
        (finding,) = findings(box_database, CHECK)
        component = with_approval("publication", *entry_in(finding))
        assert faults(box_database, CHECK, component) == {}
        box_database.execute('ALTER PUBLICATION "To Lake" ADD TABLE documents')
        assert set(faults(box_database, CHECK, component)) == {"publication To Lake"}


def test_a_large_object_readable_by_a_principal_is_found(box_database: SandboxDatabase) -> None:
    """It has no policy and is accessible to all tenants; one that only its owner reads is no finding."""
    whole = "SELECT lo_from_bytea(424242, 'a contract')"
    grant = f"{whole}; GRANT SELECT ON LARGE OBJECT 424242 TO PUBLIC"
    gone = "SELECT lo_unlink(424242)"
    with changed(box_database, Change(name="", does=whole, undoes=gone)):
        assert faults(box_database, CHECK) == {}
    with changed(box_database, Change(name="", does=grant, undoes=gone)):
        assert faults(box_database, CHECK) == {"large object 424242": MEDIUM}
    assert faults(box_database, CHECK) == {}


def test_a_logical_slot_is_found(facts: Inventory) -> None:
    """Its readers see the changes of all tenants."""
    slot = ReplicationSlot(name="dms", plugin="pgoutput", digest=DIGEST)
    assert found(replace(facts, replication_slots=(slot,))) == {"replication slot dms": MEDIUM}


def test_an_enabled_subscription_is_found(facts: Inventory) -> None:
    """It writes rows of another database; a disabled one is no finding."""
    one = Subscription(name="in", owner=10, enabled=True, digest=DIGEST)
    assert found(replace(facts, subscriptions=(one,))) == {"subscription in": MEDIUM}
    assert found(replace(facts, subscriptions=(replace(one, enabled=False),))) == {}


def test_a_foreign_server_usable_by_a_principal_is_found(facts: Inventory) -> None:
    """By USAGE or by a user mapping, its own or for PUBLIC; a server for administrators alone is no finding."""
    server = ForeignServer(name="loop", wrapper="postgres_fdw", owner=10, mapped_roles=(10,), grants=(), digest=DIGEST)
    usage = Grant(grantee=oid(facts, "app"), privilege="USAGE", grantable=False)
    assert found(replace(facts, foreign_servers=(server,))) == {}
    for used in (
        replace(server, grants=(usage,)),
        replace(server, grants=(replace(usage, grantee=0),)),
        replace(server, mapped_roles=(oid(facts, "analytics"),)),
        replace(server, mapped_roles=(0,)),
    ):
        assert found(replace(facts, foreign_servers=(used,))) == {"foreign server loop": HIGH}


def test_the_severity_of_an_extension_depends_on_its_users(facts: Inventory) -> None:
    """It is HIGH with EXECUTE on its functions for a principal, and MEDIUM without."""
    (function, *_) = [function for function in facts.functions if function.name == "public.aurora_version()"]
    theirs = replace(function, extension="dblink")
    public_users = replace(facts, extensions=(*facts.extensions, extension("dblink")), functions=(theirs,))
    assert found(public_users) == {"extension dblink": HIGH}
    no_users = replace(public_users, functions=(replace(theirs, grants=()),))
    assert found(no_users) == {"extension dblink": MEDIUM}


def test_the_severity_of_a_wrapper_depends_on_its_servers(facts: Inventory) -> None:
    """Its functions have no effect without a server."""
    grant = Grant(grantee=0, privilege="USAGE", grantable=False)
    server = ForeignServer(name="loop", wrapper="postgres_fdw", owner=10, mapped_roles=(), grants=(), digest=DIGEST)
    installed = replace(facts, extensions=(extension("postgres_fdw"),), foreign_servers=(server,))
    assert found(installed) == {"extension postgres_fdw": MEDIUM}
    assert (
        found(replace(installed, foreign_servers=(replace(server, grants=(grant,)),)))["extension postgres_fdw"] is HIGH
    )


def test_a_wrapper_usable_by_a_principal_is_found(facts: Inventory) -> None:
    """A principal with USAGE on the wrapper can create its own servers."""
    usage = SystemGrant(kind="foreign_data_wrapper", name="file_fdw", grantee=oid(facts, "app"), privilege="USAGE")
    installed = replace(facts, extensions=(extension("file_fdw"),))
    assert found(installed) == {"extension file_fdw": MEDIUM}
    assert found(replace(installed, system_grants=(usage,))) == {"extension file_fdw": HIGH}


def test_pg_stat_statements_is_worse_with_readers_of_all_sessions(facts: Inventory) -> None:
    """pg_stat_statements is LOW, and MEDIUM with pg_read_all_stats, directly or through pg_monitor."""
    installed = replace(facts, extensions=(extension("pg_stat_statements"),))
    assert found(installed) == {"extension pg_stat_statements": LOW}
    for role in ("pg_read_all_stats", "pg_monitor"):
        member = Membership(
            role=oid(facts, role), member=oid(facts, "app"), admin_option=False, inherit_option=True, set_option=True
        )
        worse = replace(installed, memberships=(*facts.memberships, member))
        assert found(worse) == {"extension pg_stat_statements": MEDIUM}


def test_an_unknown_extension_is_low(facts: Inventory) -> None:
    """An extension outside the lists is LOW until approved."""
    assert found(replace(facts, extensions=(extension("shiny"),))) == {"extension shiny": LOW}


def test_no_extension_is_in_two_lists() -> None:
    """Each is harmless, moves data, or discloses data."""
    lists = (HARMLESS_EXTENSIONS, set(EGRESS_EXTENSIONS), set(DISCLOSING_EXTENSIONS))
    assert sum(map(len, lists)) == len(HARMLESS_EXTENSIONS.union(*lists[1:]))
    assert set(EGRESS_EXTENSIONS) | set(DISCLOSING_EXTENSIONS) >= SUPERUSER_CHECKED_EXTENSIONS


def test_real_extensions_are_judged(box_database: SandboxDatabase) -> None:
    """If the server has dblink, installing it is HIGH, as PUBLIC may execute it; citext is no finding."""
    with psycopg.connect(box_database.superuser_url) as connection:
        row = connection.execute("SELECT array_agg(name::text) FROM pg_available_extensions").fetchone()
    if not row or not {"dblink", "citext"} <= set(row[0] or ()):
        pytest.skip("this server has no extensions")
    with changed(
        box_database,
        Change(
            name="", does="CREATE EXTENSION dblink; CREATE EXTENSION citext", undoes="DROP EXTENSION dblink, citext"
        ),
    ):
        assert faults(box_database, CHECK) == {"extension dblink": HIGH}
