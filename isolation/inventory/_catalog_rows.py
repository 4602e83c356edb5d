"""Rows of statements that need conversion to facts: their constants are redacted."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from sys import intern

import orjson

from basewatch.facts import from_json
from basewatch.postgres import Row
from isolation.inventory.definitions import Definitions
from isolation.inventory.redaction import stored_expression
from isolation.inventory.relations import Command, Policy
from isolation.inventory.roles import Grant


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerRow:
    """A row of inventory_server; `is_aurora` is true if aurora_version() exists."""

    version_num: int
    is_aurora: bool
    database: str
    database_oid: int
    database_owner: int
    database_grants: tuple[Grant, ...]
    standby: bool
    context_defaults: tuple[str, ...]
    json_operators_are_built_in: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyRow:
    """A row of inventory_policies; it contains the constants of the policy, so it is never stored."""

    oid: int
    relation: int
    name: str
    permissive: bool
    command: Command
    roles: tuple[int, ...]
    using_tree: str | None
    using_text: str | None
    check_tree: str | None
    check_text: str | None
    functions: tuple[int, ...]
    operators: tuple[int, ...]
    relations: tuple[int, ...]
    other_dependencies: int

    def policy(self, context_settings: Collection[str], definitions: Definitions) -> Policy:
        """The policy with redacted expressions and their digests."""
        using = stored_expression(
            self.using_tree, self.using_text, definitions.digest(f"using {self.oid}"), context_settings
        )
        check = definitions.digest(f"check {self.oid}")
        same = self.check_tree == self.using_tree
        return Policy(
            oid=self.oid,
            relation=self.relation,
            name=self.name,
            permissive=self.permissive,
            command=self.command,
            roles=self.roles,
            using=using,
            check=using if same else stored_expression(self.check_tree, self.check_text, check, context_settings),
            functions=self.functions,
            operators=self.operators,
            relations=self.relations,
            other_dependencies=self.other_dependencies,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicationSchemaRow:
    """A schema that a publication includes with all its tables."""

    publication: str
    schema: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TextRow:
    """A row with one text value."""

    value: str


class SharedValues:
    """Values that are equal in many rows, each kept once: grants, and words such as the names of schemas."""

    def __init__(self) -> None:
        self._grants = dict[bytes, tuple[Grant, ...]]()

    def share(self, row: Row, *words: str) -> Row:
        """The row with its `grants` and these `words` shared with the rows before."""
        key = orjson.dumps(row["grants"])
        if key not in self._grants:
            self._grants[key] = tuple(from_json(Grant, each) for each in row["grants"])
        row["grants"] = self._grants[key]
        row |= {name: intern(row[name]) for name in words}
        return row
