"""Records the inventory of the schema of `shapes` from a live server to golden files."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import orjson
import psycopg

from basewatch.components import Database
from basewatch.facts import from_json, to_json
from basewatch.postgres import connect
from basewatch.secrets import Reference, Secret
from basewatch.tenancy import Canaries, DerivedKey, Tenancy
from isolation.access.effective_access import EffectiveAccess, effective_access
from isolation.inventory import Inventory
from isolation.inventory.snapshot import inventory
from isolation.proof import ProofResult, Prover
from tests.isolation.proof.shapes import EXPECTED, GRANTS, ID, ROLE, SCHEMA

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
COMPONENT = Database(
    name="shapes",
    cluster="shapes",
    url=Reference("env", "SHAPES"),
    tenancy=Tenancy(
        context=("app.c",),
        root="customers",
        key=("customer_id",),
        keys={"lines": DerivedKey(parent="invoices", on={"invoice": "id"})},
        principals=(ROLE,),
        min_tables=2,
        canaries=Canaries(a=(ID,), b=(f"{ID[:-1]}2",)),
    ),
)


def build(url: str) -> None:
    """Creates the schema in an empty database, with one policy for each expression. `url` is that of a superuser."""
    with psycopg.connect(url, autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (ROLE,)).fetchone():
            connection.execute(f"CREATE ROLE {ROLE}".encode())
        connection.execute((SCHEMA + GRANTS).encode())
        for table, shapes in EXPECTED.items():
            for number, shape in enumerate(shapes):
                connection.execute(f"CREATE POLICY p{number:03} ON {table} USING ({shape})".encode())


def observe(url: str) -> Inventory:
    """The inventory of the schema, without the roles and grants of the server itself."""
    with connect(Secret("env:SHAPES", url), run="shapes") as client:
        found = inventory(client, COMPONENT)
    own = tuple(role for role in found.roles if role.name == ROLE or role.oid == found.relations[0].owner)
    return replace(found, roles=own, memberships=(), role_settings=(), system_grants=())


def record(url: str, path: Path) -> None:
    """Writes the inventory of a live server to a golden file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(orjson.dumps(to_json(Inventory, observe(url))) + b"\n")


def recorded(path: Path) -> Inventory:
    """The inventory of a golden file."""
    return from_json(Inventory, orjson.loads(path.read_bytes()))


def results(found: Inventory) -> dict[str, dict[str, ProofResult]]:
    """The kernel's result for each policy alone, by table and name."""
    found_results = dict[str, dict[str, ProofResult]]()
    for table in EXPECTED:
        access: EffectiveAccess = effective_access(with_policies_of(found, table), COMPONENT.tenancy)
        prover, reachable = Prover(access, NOW), access.reachable_roles(ROLE)[0]
        assert prover.unsupported_reason == ""
        relation = access.relation_named(table)
        assert relation is not None
        kernel = prover.kernel_for(reachable, relation)
        own = [(policy, policy.using) for policy in access.policies_on(relation) if policy.using is not None]
        found_results[table] = {clause[0].name: kernel.judge([clause], []) for clause in own}
    return found_results


def with_policies_of(found: Inventory, table: str) -> Inventory:
    """The inventory without the policies of other tables: some of those change the context of whoever reads them."""
    (oid,) = (one.oid for one in found.relations if one.name == table)
    return replace(found, policies=tuple(policy for policy in found.policies if policy.relation == oid))
