"""The goal of a proof: the row belongs to the current tenant, by its key, by its parent row or by a membership."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from basewatch.tenancy import DerivedKey, TenantMembership
from isolation.access.effective_access import EffectiveAccess
from isolation.access.table_class import TenantKey
from isolation.inventory.builtin_oids import INTEGERS, TYPES, TypeFamily
from isolation.inventory.relations import Column, Relation
from isolation.proof._branches import Branch, EqualityTheory
from isolation.proof._constants import column_constants
from isolation.proof._equivalences import EquivalenceClasses
from isolation.proof._expressions import OWN_ROW, TENANTS, TRUE, ColumnRef, IsNull
from isolation.proof._proof_context import ProofContext, strength_of, sufficient_strengths
from isolation.proof._terms import Equality, EqualityStrength, ValueRef

_MAX_PARENTS = 5


@dataclass(frozen=True, slots=True)
class Goal:
    """The statement to prove: the own row of a proof context belongs to the current tenant."""

    proof_context: ProofContext
    theory: EqualityTheory

    @property
    def _access(self) -> EffectiveAccess:
        return self.proof_context.access

    def justification(self, branch: Branch) -> str:
        """Why the goal follows from a branch, as one line; empty if it does not follow."""
        rows = {OWN_ROW: self.proof_context.relation.oid, **branch.rows}
        equalities = [*self.theory.equalities(branch), *self._from_proven_reads(branch)]
        constants = column_constants(branch, self.theory.normalizer)
        known = EquivalenceClasses(rows, equalities, branch.readers.keys(), constants)
        if branch.rows:
            known.equalities.extend(list(self._from_foreign_keys(known)))
        return self._belongs(OWN_ROW, known, 0) or self._is_everybodys(OWN_ROW, known, branch, 0)

    def _is_everybodys(self, row: int, known: EquivalenceClasses, branch: Branch, depth: int) -> str:
        """Why a row is everybody's by the manifest: it has no tenant, or its parent row has none."""
        relation = self._access.relation(known.rows[row])
        if not self.proof_context.global_rows or relation is None or depth > _MAX_PARENTS:
            return ""
        if not self._access.has_global_rows(relation):
            return ""
        key = self._access.tenant_key(relation)
        if isinstance(key, DerivedKey):
            parents = self._parents(row, relation, key, known)
            found = (
                self._is_shown(other, known) or self._is_everybodys(other, known, branch, depth + 1)
                for other in parents
            )
            return next((why for why in found if why), "")
        values, name = self._access.global_values(relation), self._access.declared_name(relation)
        if values:
            declared = all(known.has_value(row, relation.column(column), (text,)) for column, text in values.items())
            return f"rows of {name} with these values are declared in tenancy.global_rows" if declared else ""
        nothing = [
            branch.stable.get(IsNull(ColumnRef(row, column.number, column.type))) == TRUE for column in key or ()
        ]
        return (
            f"rows of {name} without a tenant are declared in tenancy.global_rows" if nothing and all(nothing) else ""
        )

    def _belongs(self, row: int, known: EquivalenceClasses, depth: int) -> str:  # one case per way to belong
        relation = self._access.relation(known.rows[row])
        if relation is None or depth > _MAX_PARENTS:
            return ""
        name = self._access.declared_name(relation)
        if row not in {OWN_ROW, *known.unfiltered} and self.proof_context.reads_proven(relation.oid):
            return f"the policies of {name} restrict reads of it to the tenant"
        members = self.proof_context.tenancy.members
        if self._access.is_own(relation):
            return self._by_user(row, relation, known)
        if members is not None:
            by_membership = self._by_membership(row, relation, members, known)
            if by_membership:
                return by_membership
        key = self._access.tenant_key(relation)
        if isinstance(key, DerivedKey):
            return self._by_parent(row, relation, key, known, depth)
        return "" if key is None else self._by_key(row, name, key, known)

    def _by_user(self, row: int, relation: Relation, known: EquivalenceClasses) -> str:
        """Why a row belongs to the user whom the context names: such a row is no tenant's."""
        key = self._access.tenant_key(relation)
        if not isinstance(key, tuple) or len(key) != 1:
            return ""
        column, setting = key[0], self.proof_context.tenancy.context[0]
        user = ("column", row, column.number), ("context", 0, 0)
        same = known.are_equal(*user, sufficient_strengths(column.id_type))
        return f"{self._access.declared_name(relation)}.{column.name} = {setting}" if same else ""

    def _by_key(self, row: int, name: str, key: tuple[Column, ...], known: EquivalenceClasses) -> str:
        if len(key) == 1:
            tenants, strengths = ("context", TENANTS, 0), sufficient_strengths(key[0].id_type)
            if known.are_equal(("column", row, key[0].number), tenants, strengths):
                return f"{name}.{key[0].name} is one of the tenants that an approved function returns"
            if known.has_value(row, key[0], self.proof_context.tenancy.no_tenant):
                return f"{name}.{key[0].name} is an id that no tenant has by tenancy.no_tenant"
        settings = self.proof_context.tenancy.context
        if not key or self.proof_context.tenancy.members is not None or len(key) != len(settings):
            return ""
        for index, column in enumerate(key):
            strengths = sufficient_strengths(column.id_type)
            if not known.are_equal(("column", row, column.number), ("context", index, 0), strengths):
                return ""
        return ", ".join(f"{name}.{column.name} = {setting}" for column, setting in zip(key, settings, strict=True))

    def _is_shown(self, row: int, known: EquivalenceClasses) -> str:
        """Why a row of a sub-select is the tenant's or everybody's: the policies of its table show no other."""
        relation = self._access.relation(known.rows[row])
        if relation is None or row in known.unfiltered or not self.proof_context.reads_permitted(relation.oid):
            return ""
        return f"the policies of {self._access.declared_name(relation)} show rows of the tenant and everybody's alone"

    def _by_parent(self, row: int, relation: Relation, key: DerivedKey, known: EquivalenceClasses, depth: int) -> str:
        for other in self._parents(row, relation, key, known):
            why = self._belongs(other, known, depth + 1)
            if why:
                names = ", ".join(f"{self._access.declared_name(relation)}.{own}" for own in key.on)
                return f"{names} identifies one row of {key.parent}, and {why}"
        return ""

    def _parents(self, row: int, relation: Relation, key: DerivedKey, known: EquivalenceClasses) -> Iterator[int]:
        """The rows that are the parent of a row, by a unique key of the parent's table."""
        parent = self._access.relation_named(key.parent)
        pairs = [(relation.column(own), parent.column(its) if parent else None) for own, its in key.on.items()]
        on = [(own, its) for own, its in pairs if own and its]
        if (
            parent is None
            or len(on) != len(pairs)
            or not self.proof_context.is_unique_key(parent.oid, {its.number for _, its in on})
        ):
            return
        for other in [other for other, oid in known.rows.items() if oid == parent.oid and other != row]:
            if all(
                known.are_equal(*_ends(row, own.number, other, its.number), sufficient_strengths(its.id_type))
                for own, its in on
            ):
                yield other

    def _by_membership(self, row: int, relation: Relation, members: TenantMembership, known: EquivalenceClasses) -> str:
        table = self._access.relation_named(members.table)
        member = table.column(members.member) if table else None
        if table is None or member is None:
            return ""
        own, its = self._access.tenant_key(relation), self._access.tenant_key(table)
        for other, oid in known.rows.items():
            found = self._access.relation(oid)
            if found is None or other in {row, OWN_ROW, *known.unfiltered}:
                continue
            if not self.proof_context.reads_proven(oid) or self._access.is_own(found):
                continue
            if self._same_tenant((row, own), (other, self._access.tenant_key(found)), known):
                name = self._access.declared_name(found)
                return f"the row has the tenant of a row of {name}, and the policies of {name} restrict reads of it"
        for other in [other for other, oid in known.rows.items() if oid == table.oid]:
            user = ("column", other, member.number), ("context", 0, 0)
            same = other == row or self._same_tenant((row, own), (other, its), known)
            if same and known.are_equal(*user, sufficient_strengths(member.id_type)):
                setting = self.proof_context.tenancy.context[0]
                return f"{members.table}.{members.member} = {setting} for the tenant of the row"
        return ""

    def _same_tenant(self, one: tuple[int, TenantKey], other: tuple[int, TenantKey], known: EquivalenceClasses) -> bool:
        own, its = one[1], other[1]
        if not isinstance(own, tuple) or not isinstance(its, tuple) or len(own) != len(its):
            return False
        return all(
            known.are_equal(*_ends(one[0], a.number, other[0], b.number), sufficient_strengths(a.id_type))
            for a, b in zip(own, its, strict=True)
        )

    def _from_proven_reads(self, branch: Branch) -> Iterator[Equality]:
        """The tenant keys of rows that their own policies restrict to the tenant: they equal the context."""
        if self.proof_context.tenancy.members is not None:
            return
        for row, oid in branch.rows.items():
            relation = self._access.relation(oid)
            key = self._access.tenant_key(relation) if relation else None
            if isinstance(key, tuple) and row not in branch.readers and self.proof_context.reads_proven(oid):
                for index, column in enumerate(key):
                    strength = strength_of(column.id_type)
                    if strength is not None:
                        yield Equality(("column", row, column.number), ("context", index, 0), strength)

    def _from_foreign_keys(self, known: EquivalenceClasses) -> Iterator[Equality]:
        """All column pairs of a foreign key, if some of them already identify the referenced row."""
        for key in self._access.inventory.foreign_keys:
            pairs = list(zip(key.columns, key.target_columns, strict=False))
            for row, oid in known.rows.items():
                if oid != key.relation or not key.validated or not self._applies_to_all_rows(oid, key.columns):
                    continue
                for target, its in known.rows.items():
                    if its != key.target or target == row:
                        continue
                    joined = {
                        b for a, b in pairs if known.are_equal(*_ends(row, a, target, b), {EqualityStrength.EXACT})
                    }
                    if self.proof_context.is_unique_key(its, joined):
                        yield from self._of_columns((row, oid), (target, its), pairs)

    def _of_columns(
        self, one: tuple[int, int], other: tuple[int, int], pairs: list[tuple[int, int]]
    ) -> Iterator[Equality]:
        """The equalities that a foreign key enforces: none of ranges, or of texts that a collation takes for one."""
        for a, b in pairs:
            own, its = self.proof_context.column(one[1], a), self.proof_context.column(other[1], b)
            if own is None or its is None or TYPES.get(own.id_type) is not TYPES.get(its.id_type):
                continue
            strength = strength_of(own.id_type)
            if strength is not None and own.deterministic_collation and its.deterministic_collation:
                exact = TYPES[own.id_type] is TypeFamily.UUID or {own.id_type, its.id_type} <= INTEGERS
                yield Equality(*_ends(one[0], a, other[0], b), EqualityStrength.EXACT if exact else strength)

    def _applies_to_all_rows(self, relation: int, columns: tuple[int, ...]) -> bool:
        """Whether a foreign key applies to every row: its columns are NOT NULL, and no table inherits."""
        found = [self.proof_context.column(relation, number) for number in columns]
        return not self.proof_context.has_inheriting_tables(relation) and all(
            column and column.not_null for column in found
        )


def _ends(row: int, number: int, target: int, its: int) -> tuple[ValueRef, ValueRef]:
    return ("column", row, number), ("column", target, its)
