"""Records the inventory of the schema of shapes from a live server, as the golden files hold it."""

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
from isolation.proof._gates import Prover
from isolation.proof._kernel import ProofResult
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
        tables=2,
        canaries=Canaries(a=(ID,), b=(f"{ID[:-1]}2",)),
    ),
)


def build(url: str) -> None:
    """Make the schema in an empty database, with one policy for each shape. `url` is a superuser's."""
    with psycopg.connect(url, autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (ROLE,)).fetchone():
            connection.execute(f"CREATE ROLE {ROLE}".encode())
        connection.execute((SCHEMA + GRANTS).encode())
        for table, shapes in EXPECTED.items():
            for number, shape in enumerate(shapes):
                connection.execute(f"CREATE POLICY p{number:03} ON {table} USING ({shape})".encode())


def look(url: str) -> Inventory:
    """The inventory of the schema, without the roles and grants that only the server has."""
    with connect(Secret("env:SHAPES", url), run="shapes") as client:
        found = inventory(client, COMPONENT)
    own = tuple(role for role in found.roles if role.name == ROLE or role.oid == found.relations[0].owner)
    return replace(found, roles=own, memberships=(), role_settings=(), system_grants=())


def record(url: str, path: Path) -> None:
    """Write the inventory of a live server to a golden file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(orjson.dumps(to_json(Inventory, look(url))) + b"\n")


def recorded(path: Path) -> Inventory:
    """The inventory of a golden file."""
    return from_json(Inventory, orjson.loads(path.read_bytes()))


def answers(found: Inventory) -> dict[str, dict[str, ProofResult]]:
    """What the kernel says of each policy by itself, by table and name."""
    made: EffectiveAccess = effective_access(found, COMPONENT.tenancy)
    proving, becomes = Prover(made, NOW), made.reachable_roles(ROLE)[0]
    assert proving.unsupported_reason == ""
    said = dict[str, dict[str, ProofResult]]()
    for table in EXPECTED:
        relation = made.relation_named(table)
        assert relation is not None
        kernel = proving.kernel_for(becomes, relation)
        own = [(policy, policy.using) for policy in made.policies_on(relation) if policy.using is not None]
        said[table] = {asked[0].name: kernel.judge([asked], []) for asked in own}
    return said
