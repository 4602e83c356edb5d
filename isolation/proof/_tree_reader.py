"""What the readers of sub-selects need of the translation: its open scopes, and numbers for new rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from isolation.proof._expressions import Expression
from isolation.proof._nodes import Node


class Scope(Protocol):
    """One query level, which resolves its variables."""

    def column(self, var: Node, reader: TreeReader) -> Expression:
        """The expression of a variable with a positive number. Raises: UnreadableTree."""
        ...


class TreeReader(Protocol):
    """The reader of one tree, as a scope uses it: the scopes of the open sub-selects, and the numbers of new rows."""

    scopes: list[Scope]

    @property
    def fresh(self) -> Iterator[int]:
        """The numbers of rows that are not taken yet."""
        ...

    def read(self, node: Node) -> Expression:
        """The expression of a node. Raises: UnreadableTree."""
        ...
