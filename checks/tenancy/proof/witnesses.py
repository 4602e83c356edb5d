"""Whether a branch plainly lets another tenant's row through: a row and a context for which all of it is so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Final

from basewatch.tenancy import Derived
from checks.tenancy.inventory.relations import RelationKind
from checks.tenancy.proof.branches import Branch
from checks.tenancy.proof.builtins import DIFFERS, EQUALS, FIRST_USER_OID, TYPES, Family
from checks.tenancy.proof.evaluation import Known, Raises, Situation, Unsure
from checks.tenancy.proof.expressions import (
    FALSE,
    OWN_ROW,
    TRUE,
    Comparison,
    Constant,
    Expression,
    IsNull,
    Quantified,
    parts,
)
from checks.tenancy.proof.rendering import render
from checks.tenancy.proof.scene import Scene
from checks.tenancy.proof.variables import Variable, bare, variables

Literal = tuple[Expression, int]
# Two ids of each kind, and two that begin alike.
_UUIDS: Final = tuple(f"{'ab'[n % 2] * 8 if n < 2 else 'c' * 8}-0000-4000-8000-00000000000{n}" for n in range(4))
_NUMBERS: Final = ("1000000", "2000000", "3000001", "3000002")
_WORDS: Final = ("one-tenant", "two-tenant", "like-tenant-a", "like-tenant-b")
_ANOTHER: Final = "another tenant's rows"
_AFTER: Final = frozenset({1324, 1325, 1097, 1098, 2064, 2065, 2388, 2389, 2375, 2376, 2349, 2350, 2362, 2363})
"""Operators > and >= of dates and timestamps (pg_operator)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak:
    """What is let through, and why: both to be read by a person."""

    what: str
    because: str


@dataclass(frozen=True, slots=True)
class Witness:
    """Looks for a row that a scene's policies let through though it is not the current tenant's."""

    scene: Scene

    @property
    def keys(self) -> frozenset[int]:
        """The numbers of the columns of the tenant key; none of a table that derives its tenant."""
        key = self.scene.world.key(self.scene.relation)
        return frozenset(column.number for column in key) if isinstance(key, tuple) else frozenset()

    def find(self, branch: Branch) -> Leak | None:
        """The leak of a branch; None when there is none that is plain to see."""
        try:
            return self._find(branch)
        except Unsure:
            return None

    def _find(self, branch: Branch) -> Leak | None:
        literals = list(branch.literals)
        seen = [list(variables(expression, self.scene, self.keys)) for expression, _ in literals]
        self._check_columns(seen)
        told = self._check_rows(branch, seen)
        left, needs_context = self._chosen(literals)
        because = " AND ".join(render(expression, mask, self.scene) for expression, mask in literals) or "true"
        for what, situation in self._situations():
            if needs_context and not all(situation.context):
                continue
            if all(self._comes_to(situation, literal) for literal in left):
                return Leak(what=what, because=because + told)
        return None

    def _comes_to(self, situation: Situation, literal: Literal) -> bool:
        try:
            return bool(situation.outcome(literal[0]) & literal[1])
        except Raises:
            return False

    def _check_columns(self, seen: list[list[Variable]]) -> None:
        """Raises: Unsure, where a column is no free choice: it is generated, or the parent's row decides."""
        columns = {column.number: column for column in self.scene.relation.columns}
        key = self.scene.world.key(self.scene.relation)
        tied = set[int]()
        if isinstance(key, Derived):
            for foreign in self.scene.world.inventory.foreign_keys:
                if foreign.relation == self.scene.relation.oid:
                    tied.update(foreign.columns)
        for kind, row, number in (one for each in seen for one in each):
            if kind == "column" and row == OWN_ROW:
                column = columns.get(int(number))
                if column is None or column.generated or column.number in tied:
                    raise Unsure

    def _check_rows(self, branch: Branch, seen: list[list[Variable]]) -> str:
        """What to say of the tables that sub-selects trust. Raises: Unsure, where their rows may be no free choice."""
        known, writable = {OWN_ROW, *branch.rows}, list[str]()
        if any(kind in {"column", "key"} and row not in known for each in seen for kind, row, _ in each):
            raise Unsure
        for row, oid in branch.rows.items():
            relation = self.scene.world.relation(oid)
            if relation is None or relation.kind not in {RelationKind.TABLE, RelationKind.PARTITIONED}:
                raise Unsure
            if self.scene.is_filtered(oid):
                raise Unsure
            if self.scene.may_write(oid):
                writable.append(self.scene.world.name(relation))
                continue
            links = [each for each in seen if any(one[:2] == ("column", row) for one in each)]
            joined = [each for each in links if any(one[1] == OWN_ROW and one[0] == "column" for one in each)]
            if joined and any(one[0] == "context" for each in seen for one in each):
                raise Unsure
        return f"; and {', '.join(writable)} can be written by the same role" if writable else ""

    def _chosen(self, literals: list[Literal]) -> tuple[list[Literal], bool]:
        """The literals that are left when each free variable that stands in one alone is chosen to suit it."""
        needs_context, chosen, progress = False, set[str](), True
        literals = self._unlike_all(literals)
        while progress:
            progress = False
            count = Counter(v for expression, _ in literals for v in variables(expression, self.scene, self.keys))
            for literal in literals:
                found = next((v for v in self._choices(literal) if count[v] == 1), None)
                if found is None or (found[0] in {"key", "context"} and not self._may_choose(found, literal, chosen)):
                    continue
                others = {v[0] for v in variables(literal[0], self.scene, self.keys)} - {found[0]}
                needs_context = needs_context or "context" in others
                chosen.add(found[0])
                literals = [one for one in literals if one is not literal]
                progress = True
                break
        return literals, needs_context

    def _unlike_all(self, literals: list[Literal]) -> list[Literal]:
        """The literals without those that only say which constants a variable is not: it can be something else."""
        said = dict[Variable, list[Literal]]()
        for literal in literals:
            found = self._unlike(literal)
            if found:
                said.setdefault(found, []).append(literal)
        count = Counter(v for expression, _ in literals for v in variables(expression, self.scene, self.keys))
        free = [one for found, each in said.items() if count[found] == len(each) for one in each]
        return [literal for literal in literals if not any(literal is one for one in free)]

    def _unlike(self, literal: Literal) -> Variable | None:
        expression, mask = literal
        wanted = FALSE if isinstance(expression, Comparison) and expression.operator in EQUALS else TRUE
        if not isinstance(expression, Comparison) or expression.operator not in EQUALS | DIFFERS or not mask & wanted:
            return None
        one, other = expression.arguments
        found = bare(one if isinstance(other, Constant) else other, self.scene, self.keys)
        constant = isinstance(one, Constant) or isinstance(other, Constant)
        return found[0] if found and constant and found[0][0] in {"column", "setting"} else None

    def _may_choose(self, found: Variable, literal: Literal, chosen: set[str]) -> bool:
        """Whether an id may be chosen freely and still be another than the context's: not when both are."""
        kinds = {v[0] for v in variables(literal[0], self.scene, self.keys)}
        return not {"key", "context"} <= kinds and not chosen & {"key", "context"} and found[0] in kinds

    def _choices(self, literal: Literal) -> Iterator[Variable]:
        """The variables that can be chosen so that a literal comes to what it must."""
        expression, mask = literal
        single = bare(expression, self.scene, self.keys)
        if single is not None:
            if mask & (TRUE | FALSE) or single[1]:
                yield single[0]
            return
        match expression:
            case IsNull(argument=argument):
                found = bare(argument, self.scene, self.keys)
                if found and (mask & FALSE or found[1]) and found[0][0] not in {"key", "context"}:
                    yield found[0]
            case Comparison(operator=operator) if operator < FIRST_USER_OID and mask & (TRUE | FALSE):
                for argument in expression.arguments:
                    found = bare(argument, self.scene, self.keys)
                    others = [other for other in expression.arguments if other is not argument]
                    if found and all(self._is_there(found[0], expression, other, mask) for other in others):
                        yield found[0]
            case Quantified(operator=operator) if operator < FIRST_USER_OID and mask & (TRUE | FALSE):
                for argument in (expression.left, expression.right):
                    found = bare(argument, self.scene, self.keys)
                    if found:
                        yield found[0]
            case _:
                return

    def _is_there(self, found: Variable, test: Comparison, other: Expression, mask: int) -> bool:
        """Whether the other side of a comparison leaves the choice: for the clock, only what time will bring."""
        if isinstance(other, Constant) and other.null:
            return False
        if found[0] != "now":
            return True
        later = test.operator in _AFTER
        first = test.arguments[0] is not other
        return bool(mask & TRUE) and later is first and not parts(other)

    def _situations(self) -> Iterator[tuple[str, Situation]]:
        """Rows that are not the current tenant's, each with a context."""
        key = self.scene.world.key(self.scene.relation)
        columns = key if isinstance(key, tuple) else ()
        tenancy = self.scene.tenancy
        role = self.scene.world.role(self.scene.role)
        start = Situation(
            terms=self.scene.terms,
            columns={},
            context=(None,) * len(tenancy.context),
            role=role.name if role else "",
            principal=self.scene.principal,
        )
        ids = [_ids(column.type, tenancy.context_type) for column in columns]
        contexts = [texts for texts, _ in ids] if tenancy.members is None and ids else [_WORDS] * len(tenancy.context)
        for what, row, now in ((_ANOTHER, 0, 1), (_ANOTHER, 1, 0), ("rows of a tenant whose id begins alike", 2, 3)):
            # A composite key is another tenant's when any part of it is.
            for same in product((False, True), repeat=len(ids)):
                if ids and all(same):
                    continue
                values = [typed[now if alike else row] for (_, typed), alike in zip(ids, same, strict=True)]
                yield what, _put(start, columns, values, tuple(text[now] for text in contexts))
        firsts = [typed[0] for _, typed in ids]
        for what, value in (
            ("every tenant's rows when the context was never set", None),
            ("every tenant's rows when the context is empty", ""),
            ("every tenant's rows when the context is a pattern such as %", "%"),
        ):
            yield what, _put(start, columns, firsts, (value,) * len(tenancy.context))
        kept = {column.number for column in columns if column.not_null}
        if columns and len(kept) < len(columns):
            nulls = [
                None if column.number not in kept else typed[1] for column, (_, typed) in zip(columns, ids, strict=True)
            ]
            yield "rows whose tenant key is NULL", _put(start, columns, nulls, tuple(text[1] for text in contexts))


def _ids(kind: int, context_type: str) -> tuple[tuple[str, ...], tuple[Known, ...]]:
    """Four ids as texts, and as values of a column's type."""
    family = TYPES.get(kind)
    if family is Family.UUID or (family is not Family.NUMBER and context_type == "uuid"):
        return _UUIDS, _UUIDS
    if family is Family.NUMBER:
        return _NUMBERS, tuple(int(number) for number in _NUMBERS)
    return (_NUMBERS, _NUMBERS) if context_type in {"integer", "bigint"} else (_WORDS, _WORDS)


def _put(
    start: Situation, columns: tuple[object, ...], values: list[Known], context: tuple[str | None, ...]
) -> Situation:
    numbers = [getattr(column, "number", 0) for column in columns]
    return replace(start, columns=dict(zip(numbers, values, strict=True)), context=context)
