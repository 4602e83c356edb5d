"""What a branch knows about its rows: which columns and settings hold the same id, and which hold a constant."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from isolation.inventory.relations import Column
from isolation.proof._constants import Constants, canonical
from isolation.proof._terms import Equality, EqualityStrength, ValueRef


@dataclass(frozen=True, slots=True)
class EquivalenceClasses:
    """The knowledge of a branch: its rows with their relations, and the equalities between columns and settings.

    `unfiltered` are the rows that another role reads, so that the policies of this role do not apply to them, and
    `constants` the constants that columns equal.
    """

    rows: dict[int, int]
    equalities: list[Equality]
    unfiltered: AbstractSet[int]
    constants: Constants

    def has_value(self, row: int, column: Column | None, values: Iterable[str]) -> bool:
        """Whether a column equals one of these values."""
        found = self.constants.get((row, column.number), frozenset()) if column else frozenset[str]()
        return column is not None and any(canonical(value, column.id_type) in found for value in values)

    def are_equal(self, one: ValueRef, other: ValueRef, strengths: AbstractSet[EqualityStrength]) -> bool:
        """Whether two values hold the same id, by a chain of equalities that each have one of the strengths."""
        seen, pending = {one}, [one]
        while pending:
            value_ref = pending.pop()
            if value_ref == other:
                return True
            for edge in self.equalities:
                if edge.strength in strengths and value_ref in {edge.one, edge.other}:
                    far = edge.other if value_ref == edge.one else edge.one
                    if far not in seen:
                        seen.add(far)
                        pending.append(far)
        return False
