"""Where a policy is asked: the table, the role, and what the catalogue says of the rows a sub-select may read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from basewatch.tenancy import Tenancy
from isolation.access.effective_access import EffectiveAccess
from isolation.inventory.builtin_oids import FIRST_USER_OID, TYPES, TypeFamily
from isolation.inventory.relations import Column, Command, Relation
from isolation.proof._terms import EqualityStrength, TermNormalizer

_BY_CONTEXT_TYPE = {
    "uuid": frozenset({EqualityStrength.UUID, EqualityStrength.FOLDED}),
    "integer": frozenset({EqualityStrength.NUMBER, EqualityStrength.FOLDED}),
    "bigint": frozenset({EqualityStrength.NUMBER, EqualityStrength.FOLDED}),
    "text": frozenset[EqualityStrength](),
}
_EXACT = frozenset({EqualityStrength.EXACT})


def sufficient_strengths(kind: int, context_type: str) -> frozenset[EqualityStrength]:
    """How strongly a column of a type must equal the context, so that it can be but one tenant's.

    A text that the manifest says is a uuid or a number may be compared as one.
    """
    family = TYPES.get(kind)
    if family is TypeFamily.UUID:
        return _EXACT | _BY_CONTEXT_TYPE["uuid"]
    if family is TypeFamily.NUMBER:
        return _EXACT | _BY_CONTEXT_TYPE["bigint"]
    padded = {EqualityStrength.PADDED} if family is TypeFamily.BLANK_PADDED else set[EqualityStrength]()
    return _EXACT | _BY_CONTEXT_TYPE[context_type] | padded


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofContext:
    """One table and the role that reads it, in one world.

    `reads_proven` says of a relation's OID that its own policies are proven to hold what this role reads to the tenant.
    `children` are the partitions of a relation and what inherits from it, by its OID.
    """

    access: EffectiveAccess
    relation: Relation
    role: int
    principal: str
    normalizer: TermNormalizer
    reads_proven: Callable[[int], bool]
    children: Mapping[int, tuple[Relation, ...]]

    @property
    def tenancy(self) -> Tenancy:
        """The manifest."""
        return self.access.tenancy

    def column(self, relation: int, number: int) -> Column | None:
        """A column by its number."""
        found = self.access.relation(relation)
        return next((c for c in found.columns if c.number == number), None) if found else None

    def is_unique_key(self, relation: int, columns: set[int]) -> bool:
        """Whether these columns say which row it is: a whole unique index, and no children that it does not span."""
        return not self.has_inheriting_tables(relation) and any(
            index.relation == relation
            and index.unique
            and index.valid
            and not index.partial
            and index.columns
            and set(index.columns) <= columns
            for index in self.access.inventory.indexes
        )

    def has_inheriting_tables(self, relation: int) -> bool:
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
            column.deterministic_collation
            for relation in self.access.inventory.relations
            for column in relation.columns
            if column.collation == collation
        }
        return found == {True}

    def has_rls(self, relation: int) -> bool:
        """Whether row security is asked of this role when it reads a relation; of what is not known it may be."""
        found = self.access.relation(relation)
        return found is None or (found.rls_enabled and not self.access.rls_exemption(self.role, found))

    def may_write(self, relation: int) -> bool:
        """Whether this role may add or change rows of a relation."""
        found = self.access.relation(relation)
        return found is not None and bool(self.access.commands(self.role, found) & {Command.INSERT, Command.UPDATE})
