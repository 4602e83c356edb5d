"""Where a policy is asked: the table, the role, and what the catalogue says of the rows a sub-select may read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from basewatch.tenancy import Tenancy
from isolation.inventory.builtins import FIRST_USER_OID, TYPES, Family
from isolation.inventory.relations import Column, Command, Relation
from isolation.inventory.world import World
from isolation.proof.terms import Strength, Terms

_BY_CONTEXT_TYPE = {
    "uuid": frozenset({Strength.UUID, Strength.FOLDED}),
    "integer": frozenset({Strength.NUMBER, Strength.FOLDED}),
    "bigint": frozenset({Strength.NUMBER, Strength.FOLDED}),
    "text": frozenset[Strength](),
}
_EXACT = frozenset({Strength.EXACT})


def enough(kind: int, context_type: str) -> frozenset[Strength]:
    """How strongly a column of a type must equal the context, so that it can be but one tenant's.

    A text that the manifest says is a uuid or a number may be compared as one.
    """
    family = TYPES.get(kind)
    if family is Family.UUID:
        return _EXACT | _BY_CONTEXT_TYPE["uuid"]
    if family is Family.NUMBER:
        return _EXACT | _BY_CONTEXT_TYPE["bigint"]
    padded = {Strength.PADDED} if family is Family.BLANK_PADDED else set[Strength]()
    return _EXACT | _BY_CONTEXT_TYPE[context_type] | padded


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One table and the role that reads it, in one world.

    `trusted` says of a relation's OID that its own policies are proven to hold what this role reads to the tenant.
    `children` are the partitions of a relation and what inherits from it, by its OID.
    """

    world: World
    relation: Relation
    role: int
    principal: str
    terms: Terms
    trusted: Callable[[int], bool]
    children: Mapping[int, tuple[Relation, ...]]

    @property
    def tenancy(self) -> Tenancy:
        """The manifest."""
        return self.world.tenancy

    def column(self, relation: int, number: int) -> Column | None:
        """A column by its number."""
        found = self.world.relation(relation)
        return next((c for c in found.columns if c.number == number), None) if found else None

    def is_one_row(self, relation: int, columns: set[int]) -> bool:
        """Whether these columns say which row it is: a whole unique index, and no children that it does not span."""
        return not self.has_children(relation) and any(
            index.relation == relation
            and index.unique
            and index.valid
            and not index.partial
            and index.columns
            and set(index.columns) <= columns
            for index in self.world.inventory.indexes
        )

    def has_children(self, relation: int) -> bool:
        """Whether tables inherit from it that are no partitions: they share its policies and not its constraints."""
        return any(not child.partition for child in self.children.get(relation, ()))

    def not_null(self) -> frozenset[int]:
        """The numbers of the table's columns that are never NULL, in the tables that inherit from it either."""
        columns = {column.number: column.name for column in self.relation.columns if column.not_null}
        waiting = [self.relation.oid]
        while waiting:
            for child in self.children.get(waiting.pop(), ()):
                waiting.append(child.oid)
                kept = {column.name for column in child.columns if column.not_null}
                columns = {number: name for number, name in columns.items() if name in kept}
        return frozenset(columns)

    def deterministic(self, collation: int) -> bool:
        """Whether a collation tells any two texts apart; initdb made none that does not."""
        if collation < FIRST_USER_OID:
            return True
        found = {
            column.deterministic
            for relation in self.world.inventory.relations
            for column in relation.columns
            if column.collation == collation
        }
        return found == {True}

    def is_filtered(self, relation: int) -> bool:
        """Whether row security is asked of this role when it reads a relation; of what is not known it may be."""
        found = self.world.relation(relation)
        return found is None or (found.enabled and not self.world.exempt(self.role, found))

    def may_write(self, relation: int) -> bool:
        """Whether this role may add or change rows of a relation."""
        found = self.world.relation(relation)
        return found is not None and bool(self.world.commands(self.role, found) & {Command.INSERT, Command.UPDATE})
