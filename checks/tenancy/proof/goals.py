"""What is to be shown of a row: that it is the current tenant's, by its key, by its parent, or by a membership."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from basewatch.tenancy import Derived, Members
from checks.tenancy.inventory.relations import Relation
from checks.tenancy.proof.branches import Branch, Reading
from checks.tenancy.proof.expressions import OWN_ROW
from checks.tenancy.proof.scene import Scene, enough
from checks.tenancy.proof.terms import Equality, Place, Strength

_DEEPEST = 5


@dataclass(frozen=True, slots=True)
class Goal:
    """That the own row of a scene is the current tenant's."""

    scene: Scene
    reading: Reading

    def held(self, branch: Branch) -> str:
        """Why it follows from a branch, as a line of a certificate; empty when it does not."""
        rows = {OWN_ROW: self.scene.relation.oid, **branch.rows}
        edges = [*self.reading.equalities(branch), *self._trusted(branch)]
        if branch.rows:
            edges.extend(self._by_foreign_keys(rows, edges))
        return self._belongs(OWN_ROW, rows, edges, 0)

    def _belongs(self, row: int, rows: dict[int, int], edges: list[Equality], depth: int) -> str:
        relation = self.scene.world.relation(rows[row])
        if relation is None or depth > _DEEPEST:
            return ""
        name = self.scene.world.name(relation)
        if row != OWN_ROW and self.scene.trusted(relation.oid):
            return f"the policies of {name} hold what is read of it to the tenant"
        members = self.scene.tenancy.members
        if members is not None:
            found = self._by_membership(row, relation, members, rows, edges)
            if found:
                return found
        key = self.scene.world.key(relation)
        if isinstance(key, Derived):
            return self._by_parent(row, relation, key, rows, edges, depth)
        settings = self.scene.tenancy.context
        if not key or members is not None or len(key) != len(settings):
            return ""
        for index, column in enumerate(key):
            strengths = enough(column.type, self.scene.tenancy.context_type)
            if not _same(("column", row, column.number), ("context", index, 0), edges, strengths):
                return ""
        return ", ".join(f"{name}.{column.name} = {setting}" for column, setting in zip(key, settings, strict=True))

    def _by_parent(
        self, row: int, relation: Relation, key: Derived, rows: dict[int, int], edges: list[Equality], depth: int
    ) -> str:
        parent = self.scene.world.relation_named(key.parent)
        pairs = [(relation.column(own), parent.column(its) if parent else None) for own, its in key.on.items()]
        known = [(own, its) for own, its in pairs if own and its]
        if parent is None or len(known) != len(pairs):
            return ""
        if not self.scene.is_one_row(parent.oid, {its.number for _, its in known}):
            return ""
        for other, oid in rows.items():
            joined = (
                oid == parent.oid
                and other != row
                and all(
                    _same(
                        ("column", row, own.number),
                        ("column", other, its.number),
                        edges,
                        enough(its.type, "text"),
                    )
                    for own, its in known
                )
            )
            why = self._belongs(other, rows, edges, depth + 1) if joined else ""
            if why:
                on = ", ".join(f"{self.scene.world.name(relation)}.{own.name}" for own, _ in known)
                return f"{on} names one row of {key.parent}, and {why}"
        return ""

    def _by_membership(
        self, row: int, relation: Relation, members: Members, rows: dict[int, int], edges: list[Equality]
    ) -> str:
        table = self.scene.world.relation_named(members.table)
        member = table.column(members.member) if table else None
        if table is None or member is None:
            return ""
        key = self.scene.world.key(relation)
        its = [table.column(name) for name in members.key]
        for other, oid in rows.items():
            user = ("column", other, member.number), ("context", 0, 0)
            if oid != table.oid or not _same(*user, edges, enough(member.type, "text")):
                continue
            same = other == row or (
                isinstance(key, tuple)
                and len(key) == len(its)
                and all(
                    one is not None
                    and _same(
                        ("column", row, own.number),
                        ("column", other, one.number),
                        edges,
                        enough(own.type, self.scene.tenancy.context_type),
                    )
                    for own, one in zip(key, its, strict=True)
                )
            )
            if same:
                return f"{members.table}.{members.member} = {self.scene.tenancy.context[0]} for the tenant of the row"
        return ""

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

    def _by_foreign_keys(self, rows: dict[int, int], edges: list[Equality]) -> Iterator[Equality]:
        """The other columns of a foreign key whose row is the one it points to."""
        for key in self.scene.world.inventory.foreign_keys:
            pairs = list(zip(key.columns, key.target_columns, strict=False))
            for row, oid in rows.items():
                if oid != key.relation or not key.validated or not self._spans(oid, key.columns):
                    continue
                for target, its in rows.items():
                    if its != key.target or target == row:
                        continue
                    joined = {b for a, b in pairs if _same(*_ends(row, a, target, b), edges, {Strength.EXACT})}
                    if self.scene.is_one_row(its, joined):
                        yield from (Equality(*_ends(row, a, target, b), Strength.EXACT) for a, b in pairs)

    def _spans(self, relation: int, columns: tuple[int, ...]) -> bool:
        """Whether a foreign key is asked of every row of a relation: none of its columns is ever NULL."""
        found = [self.scene.column(relation, number) for number in columns]
        return not self.scene.has_children(relation) and all(column and column.not_null for column in found)


def _ends(row: int, number: int, target: int, its: int) -> tuple[Place, Place]:
    return ("column", row, number), ("column", target, its)


def _same(one: Place, other: Place, edges: list[Equality], strengths: frozenset[Strength] | set[Strength]) -> bool:
    """Whether two places hold the same id, over any number of equalities that are strong enough."""
    seen, waiting = {one}, [one]
    while waiting:
        place = waiting.pop()
        if place == other:
            return True
        for edge in edges:
            if edge.strength in strengths and place in {edge.one, edge.other}:
                far = edge.other if place == edge.one else edge.one
                if far not in seen:
                    seen.add(far)
                    waiting.append(far)
    return False
