"""What the database's catalogues say of its tenancy: relations, policies and roles, read once for every check."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from basewatch import components
from basewatch.postgres import Database, Parameters
from basewatch.postgres.probe import Place
from basewatch.tenancy import Tenancy
from checks.sql import load


class Kind(StrEnum):
    """PostgreSQL's letter for what a relation is."""

    TABLE = "r"
    PARTITIONED = "p"
    VIEW = "v"
    MATERIALIZED_VIEW = "m"
    FOREIGN_TABLE = "f"


class Command(StrEnum):
    """What a policy is for."""

    SELECT = "SELECT"
    INSERT = "INSERT"
    UPDATE = "UPDATE"
    DELETE = "DELETE"
    ALL = "ALL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """One relation; `keyed` says that it has the tenant key, `invoker` that a view runs with its reader's rights."""

    schema: str
    name: str
    kind: Kind
    partition: bool
    keyed: bool
    enabled: bool
    forced: bool
    policies: int
    owner_exempt: bool
    invoker: bool
    reached_by: tuple[str, ...]
    read_by: tuple[str, ...]
    public_privileges: tuple[str, ...]

    @property
    def place(self) -> Place:
        """Where the relation is, for a probe."""
        return Place(schema=self.schema, name=self.name)

    @property
    def is_table(self) -> bool:
        """Whether row-level security can stand on it."""
        return self.kind in {Kind.TABLE, Kind.PARTITIONED}

    def concerns(self, tenancy: Tenancy) -> bool:
        """Whether it is in a declared schema, or a principal reaches it wherever it is."""
        return self.schema in tenancy.schemas or bool(self.reached_by)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One policy; `applies_to` are the principals it binds, and `own_objects` says it uses more than built-ins."""

    schema: str
    table: str
    name: str
    permissive: bool
    command: Command
    applies_to: tuple[str, ...]
    using_text: str | None
    check_text: str | None
    own_objects: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """One role that a principal is or can become; `owns` are tables with the tenant key, as schema.name."""

    principal: str
    role: str
    superuser: bool
    bypasses: bool
    replicates: bool
    grants_any_role: bool
    owns: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """All three, as three statements in a row saw them."""

    relations: tuple[Relation, ...]
    policies: tuple[Policy, ...]
    reaches: tuple[Reach, ...]


def catalogue(database: Database, component: components.Database) -> Catalogue:
    """The catalogue of every relation, policy and reachable role. Raises: CouldNotLook."""
    tenancy = component.tenancy
    principals = tenancy.principals
    return Catalogue(
        relations=relations(database, tenancy),
        policies=database.rows(load("tenancy_policies"), Policy, {"principals": principals}),
        reaches=database.rows(load("tenancy_roles"), Reach, {"principals": principals, "key": tenancy.key[0]}),
    )


def relations(database: Database, tenancy: Tenancy) -> tuple[Relation, ...]:
    """Every relation that is not PostgreSQL's own. Raises: CouldNotLook."""
    parameters: Parameters = {"principals": tenancy.principals, "key": tenancy.key[0]}
    return database.rows(load("tenancy_relations"), Relation, parameters)


def declared_name(schema: str, name: str, tenancy: Tenancy) -> str:
    """A relation as the configuration names it: bare in the first declared schema, else with its schema."""
    return name if schema == tenancy.schemas[0] else f"{schema}.{name}"
