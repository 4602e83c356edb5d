"""What is to be shown of a row: that it is the current tenant's, by its key, by its parent, or by a membership."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from basewatch.tenancy import DerivedKey, TenantMembership
from isolation.access.table_class import TenantKey
from isolation.inventory.relations import Relation
from isolation.proof._branches import Branch, EqualityTheory
from isolation.proof._expressions import OWN_ROW
from isolation.proof._proof_context import ProofContext, sufficient_strengths
from isolation.proof._terms import Equality, EqualityStrength, ValueRef

_DEEPEST = 5


@dataclass(frozen=True, slots=True)
class EquivalenceClasses:
    """What a branch says: its rows with their relations, and which places hold the same id."""

    rows: dict[int, int]
    equalities: list[Equality]

    def are_equal(self, one: ValueRef, other: ValueRef, strengths: AbstractSet[EqualityStrength]) -> bool:
        """Whether two places hold the same id, over any number of equalities that are strong enough."""
        seen, waiting = {one}, [one]
        while waiting:
            place = waiting.pop()
            if place == other:
                return True
            for edge in self.equalities:
                if edge.strength in strengths and place in {edge.one, edge.other}:
                    far = edge.other if place == edge.one else edge.one
                    if far not in seen:
                        seen.add(far)
                        waiting.append(far)
        return False


@dataclass(frozen=True, slots=True)
class Goal:
    """That the own row of a scene is the current tenant's."""

    proof_context: ProofContext
    theory: EqualityTheory

    def justification(self, branch: Branch) -> str:
        """Why it follows from a branch, as a line of a certificate; empty when it does not."""
        rows = {OWN_ROW: self.proof_context.relation.oid, **branch.rows}
        known = EquivalenceClasses(rows, [*self.theory.equalities(branch), *self._trusted(branch)])
        if branch.rows:
            known.equalities.extend(list(self._by_foreign_keys(known)))
        return self._belongs(OWN_ROW, known, 0)

    def _belongs(self, row: int, equivalences: EquivalenceClasses, depth: int) -> str:  # noqa: PLR0911  # one case per way to belong
        relation = self.proof_context.access.relation(equivalences.rows[row])
        if relation is None or depth > _DEEPEST:
            return ""
        name = self.proof_context.access.declared_name(relation)
        if row != OWN_ROW and self.proof_context.reads_proven(relation.oid):
            return f"the policies of {name} hold what is read of it to the tenant"
        members = self.proof_context.tenancy.members
        if members is not None:
            found = self._by_membership(row, relation, members, equivalences)
            if found:
                return found
        key = self.proof_context.access.tenant_key(relation)
        if isinstance(key, DerivedKey):
            return self._by_parent(row, relation, key, equivalences, depth)
        settings = self.proof_context.tenancy.context
        if not key or members is not None or len(key) != len(settings):
            return ""
        for index, column in enumerate(key):
            strengths = sufficient_strengths(column.type, self.proof_context.tenancy.context_type)
            if not equivalences.are_equal(("column", row, column.number), ("context", index, 0), strengths):
                return ""
        return ", ".join(f"{name}.{column.name} = {setting}" for column, setting in zip(key, settings, strict=True))

    def _by_parent(
        self, row: int, relation: Relation, key: DerivedKey, equivalences: EquivalenceClasses, depth: int
    ) -> str:
        parent = self.proof_context.access.relation_named(key.parent)
        pairs = [(relation.column(own), parent.column(its) if parent else None) for own, its in key.on.items()]
        on = [(own, its) for own, its in pairs if own and its]
        if (
            parent is None
            or len(on) != len(pairs)
            or not self.proof_context.is_unique_key(parent.oid, {i.number for _, i in on})
        ):
            return ""
        for other in [other for other, oid in equivalences.rows.items() if oid == parent.oid and other != row]:
            joined = all(
                equivalences.are_equal(*_ends(row, o.number, other, i.number), sufficient_strengths(i.type, "text"))
                for o, i in on
            )
            why = self._belongs(other, equivalences, depth + 1) if joined else ""
            if why:
                names = ", ".join(f"{self.proof_context.access.declared_name(relation)}.{own.name}" for own, _ in on)
                return f"{names} names one row of {key.parent}, and {why}"
        return ""

    def _by_membership(
        self, row: int, relation: Relation, members: TenantMembership, equivalences: EquivalenceClasses
    ) -> str:
        table = self.proof_context.access.relation_named(members.table)
        member = table.column(members.member) if table else None
        if table is None or member is None:
            return ""
        own, its = self.proof_context.access.tenant_key(relation), self.proof_context.access.tenant_key(table)
        for other, oid in equivalences.rows.items():
            found = self.proof_context.access.relation(oid)
            if found is None or other in {row, OWN_ROW} or not self.proof_context.reads_proven(oid):
                continue
            if self._same_tenant((row, own), (other, self.proof_context.access.tenant_key(found)), equivalences):
                return f"the row is of a tenant of {self.proof_context.access.declared_name(found)}, whose policies hold what is read of it"
        for other in [other for other, oid in equivalences.rows.items() if oid == table.oid]:
            user = ("column", other, member.number), ("context", 0, 0)
            same = other == row or self._same_tenant((row, own), (other, its), equivalences)
            if same and equivalences.are_equal(*user, sufficient_strengths(member.type, "text")):
                return f"{members.table}.{members.member} = {self.proof_context.tenancy.context[0]} for the tenant of the row"
        return ""

    def _same_tenant(
        self, one: tuple[int, TenantKey], other: tuple[int, TenantKey], equivalences: EquivalenceClasses
    ) -> bool:
        own, its = one[1], other[1]
        if not isinstance(own, tuple) or not isinstance(its, tuple) or len(own) != len(its):
            return False
        return all(
            equivalences.are_equal(
                *_ends(one[0], a.number, other[0], b.number),
                sufficient_strengths(a.type, self.proof_context.tenancy.context_type),
            )
            for a, b in zip(own, its, strict=True)
        )

    def _trusted(self, branch: Branch) -> Iterator[Equality]:
        """What is known of rows that their own policies hold to the tenant."""
        if self.proof_context.tenancy.members is not None:
            return
        for row, oid in branch.rows.items():
            relation = self.proof_context.access.relation(oid)
            key = self.proof_context.access.tenant_key(relation) if relation else None
            if isinstance(key, tuple) and self.proof_context.reads_proven(oid):
                for index, column in enumerate(key):
                    yield Equality(("column", row, column.number), ("context", index, 0), EqualityStrength.EXACT)

    def _by_foreign_keys(self, equivalences: EquivalenceClasses) -> Iterator[Equality]:
        """The other columns of a foreign key whose row is the one it points to."""
        for key in self.proof_context.access.inventory.foreign_keys:
            pairs = list(zip(key.columns, key.target_columns, strict=False))
            for row, oid in equivalences.rows.items():
                if oid != key.relation or not key.validated or not self._spans(oid, key.columns):
                    continue
                for target, its in equivalences.rows.items():
                    if its != key.target or target == row:
                        continue
                    joined = {
                        b
                        for a, b in pairs
                        if equivalences.are_equal(*_ends(row, a, target, b), {EqualityStrength.EXACT})
                    }
                    if self.proof_context.is_unique_key(its, joined):
                        yield from (Equality(*_ends(row, a, target, b), EqualityStrength.EXACT) for a, b in pairs)

    def _spans(self, relation: int, columns: tuple[int, ...]) -> bool:
        """Whether a foreign key is asked of every row of a relation: none of its columns is ever NULL."""
        found = [self.proof_context.column(relation, number) for number in columns]
        return not self.proof_context.has_inheriting_tables(relation) and all(
            column and column.not_null for column in found
        )


def _ends(row: int, number: int, target: int, its: int) -> tuple[ValueRef, ValueRef]:
    return ("column", row, number), ("column", target, its)
