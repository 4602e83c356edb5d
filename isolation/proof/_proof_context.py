"""The context of one proof: the table, the role, and facts of the catalogue that the proof may use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from basewatch.tenancy import Tenancy
from isolation.access.effective_access import EffectiveAccess
from isolation.inventory.builtin_oids import FIRST_USER_OID, TYPES, TypeFamily
from isolation.inventory.relations import Column, Command, Relation, RelationKind
from isolation.proof._terms import EqualityStrength, TermNormalizer

_STRENGTHS = {
    TypeFamily.UUID: EqualityStrength.UUID,
    TypeFamily.NUMBER: EqualityStrength.NUMBER,
    TypeFamily.TEXT: EqualityStrength.EXACT,
    TypeFamily.BLANK_PADDED: EqualityStrength.PADDED,
}
_EXACT = frozenset({EqualityStrength.EXACT})
_SUFFICIENT = {
    TypeFamily.UUID: _EXACT | {EqualityStrength.UUID, EqualityStrength.FOLDED},
    TypeFamily.NUMBER: _EXACT | {EqualityStrength.NUMBER, EqualityStrength.FOLDED},
    TypeFamily.BLANK_PADDED: _EXACT | {EqualityStrength.PADDED},
}


def sufficient_strengths(type_oid: int) -> frozenset[EqualityStrength]:
    """The strengths of equality that are sufficient for a column of a type to identify one tenant.

    The column's own type decides: '0901' and '901' are two texts, and so two tenants, even if they are one number.
    """
    family = TYPES.get(type_oid)
    return _EXACT if family is None else _SUFFICIENT.get(family, _EXACT)


def strength_of(type_oid: int) -> EqualityStrength | None:
    """How two values of a type are equal; None for a type that is no id."""
    family = TYPES.get(type_oid)
    return None if family is None else _STRENGTHS.get(family)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofContext:
    """One table and the role that reads it, under one effective access.

    `reads_proven` returns for the OID of a relation whether its policies are proven to restrict this role's reads to
    the tenant, and `reads_permitted` whether to the tenant's rows and everybody's. `children` are the partitions and
    inheriting tables of each relation, by its OID. `global_rows` says that this gate may pass rows that the manifest
    declares as everybody's: only a gate that reads may.
    """

    access: EffectiveAccess
    relation: Relation
    role: int
    principal: str
    normalizer: TermNormalizer
    reads_proven: Callable[[int], bool]
    reads_permitted: Callable[[int], bool]
    children: Mapping[int, tuple[Relation, ...]]
    global_rows: bool = False

    @property
    def tenancy(self) -> Tenancy:
        """The manifest."""
        return self.access.tenancy

    def column(self, relation: int, number: int) -> Column | None:
        """A column by its number."""
        found = self.access.relation(relation)
        return next((c for c in found.columns if c.number == number), None) if found else None

    def is_unique_key(self, relation: int, columns: set[int]) -> bool:
        """Whether columns identify one row: they contain a complete unique index, and no inheriting table exists."""
        return not self.has_inheriting_tables(relation) and any(
            index.relation == relation
            and index.unique
            and index.valid
            and index.immediate
            and not index.partial
            and index.columns
            and set(index.columns) <= columns
            for index in self.access.inventory.indexes
        )

    def has_inheriting_tables(self, relation: int) -> bool:
        """Whether tables other than partitions inherit from it: they share its policies, but not its constraints."""
        return any(not child.partition for child in self.children.get(relation, ()))

    def not_null(self) -> frozenset[int]:
        """The numbers of the table's columns that are NOT NULL, in all partitions and inheriting tables too."""
        columns = {column.number: column.name for column in self.relation.columns if column.not_null}
        pending = [self.relation.oid]
        while pending:
            for child in self.children.get(pending.pop(), ()):
                pending.append(child.oid)
                enforced = child.kind is not RelationKind.FOREIGN_TABLE  # PostgreSQL does not enforce its constraints
                kept = {column.name for column in child.columns if column.not_null and enforced}
                columns = {number: name for number, name in columns.items() if name in kept}
        return frozenset(columns)

    def deterministic(self, collation: int) -> bool:
        """Whether a collation is deterministic: different texts are never equal. All collations of initdb are."""
        if collation < FIRST_USER_OID:
            return True
        found = {
            column.deterministic_collation
            for relation in self.access.inventory.relations
            for column in relation.columns
            if column.collation == collation
        }
        return found == {True}

    def has_rls(self, relation: int, role: int) -> bool:
        """Whether row security applies to a role when it reads a relation; true for an unknown relation."""
        found = self.access.relation(relation)
        return found is None or (found.rls_enabled and not self.access.rls_exemption(role, found))

    def may_write(self, relation: int) -> bool:
        """Whether this role may insert or update rows of a relation."""
        found = self.access.relation(relation)
        return found is not None and bool(self.access.commands(self.role, found) & {Command.INSERT, Command.UPDATE})
