"""Policies that call helpers are proven from what the bodies of the helpers say, and from nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from basewatch.components import Database
from basewatch.postgres import connect
from basewatch.secrets import Reference, Secret
from basewatch.tenancy import ApprovedObject, Tenancy
from demo.database import SandboxDatabase
from isolation.access.effective_access import effective_access
from isolation.inventory import Inventory
from isolation.inventory.snapshot import inventory
from isolation.proof import ProofStatus, Prover
from isolation.proof._body_tokens import UnreadableBody, tokens_of
from tests.isolation.proof.recording import NOW
from tests.isolation.proof.session_functions import NOT_RESTRICTING, RESTRICTING, ROLE, SCHEMA, TENANCY

POLICIES = (*RESTRICTING, *NOT_RESTRICTING)


@pytest.fixture(scope="module")
def found(box_database: SandboxDatabase) -> Iterator[Inventory]:
    """The inventory of the helpers, with one policy of docs for each expression."""
    with psycopg.connect(box_database.superuser_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE helped")
        connection.execute(f"CREATE ROLE {ROLE}".encode())
    url = make_conninfo(box_database.superuser_url, dbname="helped")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(SCHEMA.encode())
        for number, using in enumerate(POLICIES):
            connection.execute(f"CREATE POLICY p{number} ON docs USING ({using})".encode())
    component = Database(name="helped", cluster="helped", url=Reference("env", "X"), tenancy=TENANCY)
    with connect(Secret("env:X", url), run="helped") as client:
        yield inventory(client, component)
    with psycopg.connect(box_database.superuser_url, autocommit=True) as connection:
        connection.execute("DROP DATABASE helped WITH (FORCE)")
        connection.execute(f"DROP ROLE {ROLE}".encode())


def statuses(found: Inventory, tenancy: Tenancy = TENANCY) -> dict[str, ProofStatus]:
    """The status of each policy alone."""
    access = effective_access(found, tenancy)
    relation, prover = access.relation_named("docs"), Prover(access, NOW)
    assert relation is not None
    kernel = prover.kernel_for(access.reachable_roles(ROLE)[0], relation)
    each = {int(one.name[1:]): one for one in access.policies_on(relation)}
    judged = {POLICIES[at]: kernel.judge([(one, one.using)], []) for at, one in each.items() if one.using}
    return {using: result.status for using, result in judged.items()}


def test_helpers_that_read_memberships_are_proven(found: Inventory) -> None:
    """Scalar, boolean, array and set-returning helpers, in SQL and PL/pgSQL, with their owner's rights and without."""
    got = statuses(found)
    assert [using for using in RESTRICTING if got[using] is not ProofStatus.PROVEN] == []


def test_helpers_that_let_more_through_are_not_proven(found: Inventory) -> None:
    """A condition with OR, another column, no membership, UNION, a second statement, BETWEEN, NOT or an outer join."""
    got = statuses(found)
    assert [using for using in NOT_RESTRICTING if got[using] is ProofStatus.PROVEN] == []


def test_a_helper_that_is_declared_immutable_proves_nothing(found: Inventory) -> None:
    """A prepared plan keeps the result of an IMMUTABLE function for its first user."""
    frozen = tuple(replace(one, volatility="i") if one.schema == "private" else one for one in found.functions)
    got = statuses(replace(found, functions=frozen))
    assert [using for using in RESTRICTING if "private." in using and got[using] is ProofStatus.PROVEN] == []


def test_a_helper_that_changes_other_settings_is_not_read(found: Inventory) -> None:
    """With a SET clause other than search_path, the body runs under other settings than the policy."""
    changed = tuple(
        replace(one, settings=("row_security", *one.settings)) if one.schema == "private" else one
        for one in found.functions
    )
    got = statuses(replace(found, functions=changed))
    assert [using for using in RESTRICTING if "private." in using and got[using] is ProofStatus.PROVEN] == []


def test_without_temporary_tables_the_path_of_a_function_is_enough(found: Inventory) -> None:
    """If nobody may create temporary tables, an unqualified name denotes the table of the function's own path."""
    using = "org_id IN (SELECT private.temporary())"
    assert statuses(found)[using] is not ProofStatus.PROVEN
    kept = tuple(grant for grant in found.server.database_grants if grant.privilege != "TEMPORARY")
    without = replace(found, server=replace(found.server, database_grants=kept))
    assert statuses(without)[using] is ProofStatus.PROVEN


def test_an_approved_function_returns_the_tenants(found: Inventory) -> None:
    """A set-returning function whose body is not understood can be approved as one that returns the user's tenants."""
    using = "org_id IN (SELECT private.unioned())"
    (function,) = (one for one in found.functions if one.name == "private.unioned()")
    approved = ApprovedObject(
        kind="function",
        name=function.name,
        digest=function.digest,
        owner="platform",
        reason="reviewed",
        until=NOW.date(),
        returns_tenant=True,
    )
    got = statuses(found, TENANCY.model_copy(update={"approved_objects": (approved,)}))
    assert got[using] is ProofStatus.PROVEN
    assert got["org_id NOT IN (SELECT private.my_orgs())"] is not ProofStatus.PROVEN


def test_a_name_keeps_its_case_only_in_quotes() -> None:
    """Names are those that PostgreSQL stores."""
    (first, second, third) = tokens_of('Public."My Table" X')[:2] + tokens_of("…")
    assert (first.parts, second.parts, third.kind) == (("public", "My Table"), ("x",), "number")
    with pytest.raises(UnreadableBody):
        tokens_of("SELECT $q$ x $q$")
