"""What is to be shown of a row: that it is the current tenant's, by its key, by its parent, or by a membership."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from basewatch.tenancy import DerivedKey, TenantMembership
from isolation.inventory.relations import Relation
from isolation.inventory.standing import Key
from isolation.proof.branches import Branch, Reading
from isolation.proof.expressions import OWN_ROW
from isolation.proof.scene import Scene, enough
from isolation.proof.terms import Equality, Place, Strength

_DEEPEST = 5


@dataclass(frozen=True, slots=True)
class Known:
    """What a branch says: its rows with their relations, and which places hold the same id."""

    rows: dict[int, int]
    edges: list[Equality]

    def same(self, one: Place, other: Place, strengths: AbstractSet[Strength]) -> bool:
        """Whether two places hold the same id, over any number of equalities that are strong enough."""
        seen, waiting = {one}, [one]
        while waiting:
            place = waiting.pop()
            if place == other:
                return True
            for edge in self.edges:
                if edge.strength in strengths and place in {edge.one, edge.other}:
                    far = edge.other if place == edge.one else edge.one
                    if far not in seen:
                        seen.add(far)
                        waiting.append(far)
        return False


@dataclass(frozen=True, slots=True)
class Goal:
    """That the own row of a scene is the current tenant's."""

    scene: Scene
    reading: Reading

    def held(self, branch: Branch) -> str:
        """Why it follows from a branch, as a line of a certificate; empty when it does not."""
        rows = {OWN_ROW: self.scene.relation.oid, **branch.rows}
        known = Known(rows, [*self.reading.equalities(branch), *self._trusted(branch)])
        if branch.rows:
            known.edges.extend(list(self._by_foreign_keys(known)))
        return self._belongs(OWN_ROW, known, 0)

    def _belongs(self, row: int, known: Known, depth: int) -> str:  # noqa: PLR0911  # one case per way to belong
        relation = self.scene.world.relation(known.rows[row])
        if relation is None or depth > _DEEPEST:
            return ""
        name = self.scene.world.name(relation)
        if row != OWN_ROW and self.scene.trusted(relation.oid):
            return f"the policies of {name} hold what is read of it to the tenant"
        members = self.scene.tenancy.members
        if members is not None:
            found = self._by_membership(row, relation, members, known)
            if found:
                return found
        key = self.scene.world.key(relation)
        if isinstance(key, DerivedKey):
            return self._by_parent(row, relation, key, known, depth)
        settings = self.scene.tenancy.context
        if not key or members is not None or len(key) != len(settings):
            return ""
        for index, column in enumerate(key):
            strengths = enough(column.type, self.scene.tenancy.context_type)
            if not known.same(("column", row, column.number), ("context", index, 0), strengths):
                return ""
        return ", ".join(f"{name}.{column.name} = {setting}" for column, setting in zip(key, settings, strict=True))

    def _by_parent(self, row: int, relation: Relation, key: DerivedKey, known: Known, depth: int) -> str:
        parent = self.scene.world.relation_named(key.parent)
        pairs = [(relation.column(own), parent.column(its) if parent else None) for own, its in key.on.items()]
        on = [(own, its) for own, its in pairs if own and its]
        if parent is None or len(on) != len(pairs) or not self.scene.is_one_row(parent.oid, {i.number for _, i in on}):
            return ""
        for other in [other for other, oid in known.rows.items() if oid == parent.oid and other != row]:
            joined = all(known.same(*_ends(row, o.number, other, i.number), enough(i.type, "text")) for o, i in on)
            why = self._belongs(other, known, depth + 1) if joined else ""
            if why:
                names = ", ".join(f"{self.scene.world.name(relation)}.{own.name}" for own, _ in on)
                return f"{names} names one row of {key.parent}, and {why}"
        return ""

    def _by_membership(self, row: int, relation: Relation, members: TenantMembership, known: Known) -> str:
        table = self.scene.world.relation_named(members.table)
        member = table.column(members.member) if table else None
        if table is None or member is None:
            return ""
        own, its = self.scene.world.key(relation), self.scene.world.key(table)
        for other, oid in known.rows.items():
            found = self.scene.world.relation(oid)
            if found is None or other in {row, OWN_ROW} or not self.scene.trusted(oid):
                continue
            if self._same_tenant((row, own), (other, self.scene.world.key(found)), known):
                return (
                    f"the row is of a tenant of {self.scene.world.name(found)}, whose policies hold what is read of it"
                )
        for other in [other for other, oid in known.rows.items() if oid == table.oid]:
            user = ("column", other, member.number), ("context", 0, 0)
            same = other == row or self._same_tenant((row, own), (other, its), known)
            if same and known.same(*user, enough(member.type, "text")):
                return f"{members.table}.{members.member} = {self.scene.tenancy.context[0]} for the tenant of the row"
        return ""

    def _same_tenant(self, one: tuple[int, Key], other: tuple[int, Key], known: Known) -> bool:
        own, its = one[1], other[1]
        if not isinstance(own, tuple) or not isinstance(its, tuple) or len(own) != len(its):
            return False
        return all(
            known.same(*_ends(one[0], a.number, other[0], b.number), enough(a.type, self.scene.tenancy.context_type))
            for a, b in zip(own, its, strict=True)
        )

    def _trusted(self, branch: Branch) -> Iterator[Equality]:
        """What is known of rows that their own policies hold to the tenant."""
        if self.scene.tenancy.members is not None:
            return
        for row, oid in branch.rows.items():
            relation = self.scene.world.relation(oid)
            key = self.scene.world.key(relation) if relation else None
            if isinstance(key, tuple) and self.scene.trusted(oid):
                for index, column in enumerate(key):
                    yield Equality(("column", row, column.number), ("context", index, 0), Strength.EXACT)

    def _by_foreign_keys(self, known: Known) -> Iterator[Equality]:
        """The other columns of a foreign key whose row is the one it points to."""
        for key in self.scene.world.inventory.foreign_keys:
            pairs = list(zip(key.columns, key.target_columns, strict=False))
            for row, oid in known.rows.items():
                if oid != key.relation or not key.validated or not self._spans(oid, key.columns):
                    continue
                for target, its in known.rows.items():
                    if its != key.target or target == row:
                        continue
                    joined = {b for a, b in pairs if known.same(*_ends(row, a, target, b), {Strength.EXACT})}
                    if self.scene.is_one_row(its, joined):
                        yield from (Equality(*_ends(row, a, target, b), Strength.EXACT) for a, b in pairs)

    def _spans(self, relation: int, columns: tuple[int, ...]) -> bool:
        """Whether a foreign key is asked of every row of a relation: none of its columns is ever NULL."""
        found = [self.scene.column(relation, number) for number in columns]
        return not self.scene.has_children(relation) and all(column and column.not_null for column in found)


def _ends(row: int, number: int, target: int, its: int) -> tuple[Place, Place]:
    return ("column", row, number), ("column", target, its)
