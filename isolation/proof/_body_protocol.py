"""What the names of a function body denote, as its readers ask."""

from __future__ import annotations

from typing import Protocol

from isolation.inventory.relations import Relation
from isolation.proof._body_tokens import Token
from isolation.proof._expressions import Expression


class BodyNames(Protocol):
    """What the names of a body denote."""

    @property
    def operators_are_built_in(self) -> bool:
        """Whether an operator in the body is PostgreSQL's own, for any caller."""
        ...

    def is_built_in(self, function: str) -> bool:
        """Whether a function without schema is PostgreSQL's own, for any caller."""
        ...

    def is_ambiguous(self, column: str) -> bool:
        """Whether a column without table may be a variable instead."""
        ...

    def relation(self, parts: tuple[str, ...]) -> Relation:
        """The table of this name. Raises: UnreadableBody."""
        ...

    def variable(self, parts: tuple[str, ...]) -> Expression:
        """A parameter or a local variable. Raises: UnreadableBody."""
        ...

    def call(self, parts: tuple[str, ...], arguments: tuple[Expression, ...]) -> Expression:
        """A call as what it returns; one of a set-returning function as itself. Raises: UnreadableBody."""
        ...

    def context(self, tokens: tuple[Token, ...]) -> Expression:
        """An expression of settings. Raises: UnreadableBody."""
        ...
