"""Rows of statements that need conversion to facts: their constants are redacted, or digests are added."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from isolation.inventory.code import EventTrigger, Function, Trigger
from isolation.inventory.redaction import stored_expression, text_digest
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

    def policy(self, context_settings: Collection[str]) -> Policy:
        """The policy with redacted expressions."""
        using = stored_expression(self.using_tree, self.using_text, context_settings)
        same = self.check_tree == self.using_tree
        return Policy(
            oid=self.oid,
            relation=self.relation,
            name=self.name,
            permissive=self.permissive,
            command=self.command,
            roles=self.roles,
            using=using,
            check=using if same else stored_expression(self.check_tree, self.check_text, context_settings),
            functions=self.functions,
            operators=self.operators,
            relations=self.relations,
            other_dependencies=self.other_dependencies,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerRow:
    """A row of inventory_triggers."""

    oid: int
    relation: int
    name: str
    function: int
    type: int
    enabled: str
    has_when: bool
    columns: tuple[int, ...]
    source: str
    extra: str

    def trigger(self, functions: Mapping[int, Function]) -> Trigger:
        """The trigger, with its digest."""
        return Trigger(
            oid=self.oid,
            relation=self.relation,
            name=self.name,
            function=self.function,
            type=self.type,
            enabled=self.enabled,
            has_when=self.has_when,
            columns=self.columns,
            digest=_digest(functions.get(self.function), self.source, self.extra),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EventTriggerRow:
    """A row of inventory_event_triggers."""

    name: str
    event: str
    enabled: str
    owner: int
    function: int
    source: str
    extra: str

    def event_trigger(self, functions: Mapping[int, Function]) -> EventTrigger:
        """The event trigger, with its digest."""
        return EventTrigger(
            name=self.name,
            event=self.event,
            enabled=self.enabled,
            owner=self.owner,
            function=self.function,
            digest=_digest(functions.get(self.function), self.source, self.extra),
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


def _digest(function: Function | None, source: str, extra: str) -> str:
    own = function.digest if function else text_digest(source)
    return text_digest(f"{own} {extra}") if extra else own
