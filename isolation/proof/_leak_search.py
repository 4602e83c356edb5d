"""Whether a branch plainly lets another tenant's row through: a row and a context for which all of it is so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from basewatch.tenancy import DerivedKey
from isolation.inventory.builtin_oids import EQUALS, FIRST_USER_OID, NOT_EQUALS
from isolation.inventory.relations import RelationKind
from isolation.proof._branches import Branch
from isolation.proof._candidate_rows import candidate_rows
from isolation.proof._evaluation import CandidateRow, EvaluationError, Undetermined
from isolation.proof._expressions import (
    FALSE,
    OWN_ROW,
    TRUE,
    Comparison,
    Constant,
    Expression,
    FunctionCall,
    IsNull,
    QuantifiedComparison,
    TypeCast,
    subexpressions,
)
from isolation.proof._proof_context import ProofContext
from isolation.proof._rendering import render
from isolation.proof._variables import Variable, underlying_variable, variables

SignedFormula = tuple[Expression, int]
_AFTER: Final = frozenset({1324, 1325, 1097, 1098, 2064, 2065, 2388, 2389, 2375, 2376, 2349, 2350, 2362, 2363})
"""Operators > and >= of dates and timestamps (pg_operator)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak:
    """What is let through, and why: both to be read by a person."""

    what: str
    because: str


@dataclass(frozen=True, slots=True)
class LeakSearch:
    """Looks for a row that a scene's policies let through though it is not the current tenant's.

    `expressions` are the expressions of the policies.
    """

    proof_context: ProofContext
    expressions: tuple[Expression, ...]

    @property
    def tenant_key_columns(self) -> frozenset[int]:
        """The numbers of the columns of the tenant key; none of a table that derives its tenant."""
        key = self.proof_context.access.tenant_key(self.proof_context.relation)
        return frozenset(column.number for column in key) if isinstance(key, tuple) else frozenset()

    def find(self, branch: Branch) -> Leak | None:
        """The leak of a branch; None when there is none that is plain to see."""
        try:
            return self._find(branch)
        except Undetermined:
            return None

    def _find(self, branch: Branch) -> Leak | None:
        literals = list(branch.literals)
        seen = [list(variables(expression, self.proof_context, self.tenant_key_columns)) for expression, _ in literals]
        self._check_columns(seen)
        told = self._check_rows(branch, seen)
        left, needs_context = self._chosen(literals)
        because = " AND ".join(render(expression, mask, self.proof_context) for expression, mask in literals) or "true"
        for what, situation in candidate_rows(self.proof_context):
            if (needs_context and not all(situation.context)) or self._raises(situation):
                continue
            if all(self._comes_to(replace(situation, settings=self._settings(left, situation)), one) for one in left):
                return Leak(what=what, because=because + told)
        return None

    def _settings(self, literals: list[SignedFormula], situation: CandidateRow) -> dict[str, str]:
        """Other settings that stand in several literals, all set to the id that the row has."""
        seen = (
            v for expression, _ in literals for v in variables(expression, self.proof_context, self.tenant_key_columns)
        )
        value = next((str(value) for value in situation.column_values.values()), "on")
        return {str(name): value for kind, _, name in seen if kind == "setting"}

    def _raises(self, situation: CandidateRow) -> bool:
        """Whether something in the policies fails for this context, so that nothing is seen: wherever it stands."""
        waiting = list(self.expressions)
        while waiting:
            expression = waiting.pop()
            waiting.extend(subexpressions(expression))
            if isinstance(expression, FunctionCall) and expression.arguments:
                meant = self.proof_context.normalizer.resolve(expression)
                waiting.extend(() if meant is expression else (meant,))
            if isinstance(expression, FunctionCall | TypeCast):
                try:
                    situation.evaluate(expression)
                except EvaluationError:
                    return True
                except Undetermined:
                    continue
        return False

    def _comes_to(self, situation: CandidateRow, literal: SignedFormula) -> bool:
        try:
            return bool(situation.truth_value(literal[0]) & literal[1])
        except EvaluationError:
            return False

    def _check_columns(self, seen: list[list[Variable]]) -> None:
        """Raises: Unsure, where a column is no free choice: it is generated, or the parent's row decides."""
        columns = {column.number: column for column in self.proof_context.relation.columns}
        key = self.proof_context.access.tenant_key(self.proof_context.relation)
        tied = set[int]()
        if isinstance(key, DerivedKey):
            for foreign in self.proof_context.access.inventory.foreign_keys:
                if foreign.relation == self.proof_context.relation.oid:
                    tied.update(foreign.columns)
        for each in seen:
            alone = all(one[:2] == ("column", OWN_ROW) for one in each)
            for kind, row, number in each:
                column = columns.get(int(number)) if (kind, row) == ("column", OWN_ROW) else None
                if column and (column.generated or (column.number in tied and not alone)):
                    raise Undetermined

    def _check_rows(self, branch: Branch, seen: list[list[Variable]]) -> str:
        """What to say of the tables that sub-selects trust. Raises: Unsure, where their rows may be no free choice."""
        known, writable = {OWN_ROW, *branch.rows}, list[str]()
        if any(kind in {"column", "key"} and row not in known for each in seen for kind, row, _ in each):
            raise Undetermined
        for row, oid in branch.rows.items():
            relation = self.proof_context.access.relation(oid)
            if relation is None or relation.kind not in {RelationKind.TABLE, RelationKind.PARTITIONED}:
                raise Undetermined
            if self.proof_context.has_rls(oid):
                raise Undetermined
            if self.proof_context.may_write(oid):
                writable.append(self.proof_context.access.declared_name(relation))
                continue
            links = [each for each in seen if any(one[:2] == ("column", row) for one in each)]
            joined = [each for each in links if any(one[1] == OWN_ROW and one[0] == "column" for one in each)]
            if joined and any(one[0] == "context" for each in seen for one in each):
                raise Undetermined
        return f"; and {', '.join(writable)} can be written by the same role" if writable else ""

    def _chosen(self, literals: list[SignedFormula]) -> tuple[list[SignedFormula], bool]:
        """The literals that are left when each free variable that stands in one alone is chosen to suit it."""
        needs_context, chosen, progress = False, set[str](), True
        once = Counter(
            v for expression, _ in literals for v in variables(expression, self.proof_context, self.tenant_key_columns)
        )
        literals = self._unlike_all(literals)
        while progress:
            progress = False
            count = Counter(
                v
                for expression, _ in literals
                for v in variables(expression, self.proof_context, self.tenant_key_columns)
            )
            for literal in literals:
                found = next((v for v in self._choices(literal) if count[v] == 1), None)
                if found is None:
                    continue
                is_id = found[0] in {"key", "context"}
                if is_id and (once[found] > 1 or not self._may_choose(found, literal, chosen)):
                    continue
                others = {v[0] for v in variables(literal[0], self.proof_context, self.tenant_key_columns)} - {found[0]}
                needs_context = needs_context or "context" in others
                chosen.add(found[0])
                literals = [one for one in literals if one is not literal]
                progress = True
                break
        return literals, needs_context

    def _unlike_all(self, literals: list[SignedFormula]) -> list[SignedFormula]:
        """The literals without those that only say which constants a variable is not: it can be something else."""
        said = dict[Variable, list[SignedFormula]]()
        for literal in literals:
            found = self._unlike(literal)
            if found:
                said.setdefault(found, []).append(literal)
        count = Counter(
            v for expression, _ in literals for v in variables(expression, self.proof_context, self.tenant_key_columns)
        )
        free = [one for found, each in said.items() if count[found] == len(each) for one in each]
        return [literal for literal in literals if not any(literal is one for one in free)]

    def _unlike(self, literal: SignedFormula) -> Variable | None:
        expression, mask = literal
        wanted = FALSE if isinstance(expression, Comparison) and expression.operator in EQUALS else TRUE
        if (
            not isinstance(expression, Comparison)
            or expression.operator not in EQUALS | NOT_EQUALS
            or not mask & wanted
        ):
            return None
        one, other = expression.arguments
        found = underlying_variable(
            one if isinstance(other, Constant) else other, self.proof_context, self.tenant_key_columns
        )
        constant = isinstance(one, Constant) or isinstance(other, Constant)
        return found[0] if found and constant and found[0][0] in {"column", "setting"} else None

    def _may_choose(self, found: Variable, literal: SignedFormula, chosen: set[str]) -> bool:
        """Whether an id may be chosen freely and still be another than the context's: not when both are."""
        kinds = {v[0] for v in variables(literal[0], self.proof_context, self.tenant_key_columns)}
        if any(isinstance(part, Constant) and part.value is not None for part in subexpressions(literal[0])):
            return False  # it is known, and so it is tried
        return not {"key", "context"} <= kinds and not chosen & {"key", "context"} and found[0] in kinds

    def _choices(self, literal: SignedFormula) -> Iterator[Variable]:
        """The variables that can be chosen so that a literal comes to what it must."""
        expression, mask = literal
        single = underlying_variable(expression, self.proof_context, self.tenant_key_columns)
        if single is not None:
            if mask & (TRUE | FALSE) or single[1]:
                yield single[0]
            return
        if isinstance(expression, IsNull):
            found = underlying_variable(expression.argument, self.proof_context, self.tenant_key_columns)
            if found and (mask & FALSE or found[1]) and found[0][0] not in {"key", "context"}:
                yield found[0]
        if mask & (TRUE | FALSE):
            yield from self._compared(expression, mask)

    def _compared(self, expression: Expression, mask: int) -> Iterator[Variable]:
        """The variables of a comparison that suit it, whatever stands on the other side."""
        if isinstance(expression, QuantifiedComparison):
            sides: tuple[Expression, ...] = (expression.left, expression.right)
        else:
            sides = expression.arguments if isinstance(expression, Comparison) else ()
        if not isinstance(expression, Comparison | QuantifiedComparison) or expression.operator >= FIRST_USER_OID:
            return
        for argument in sides:
            found = underlying_variable(argument, self.proof_context, self.tenant_key_columns)
            others = [other for other in sides if other is not argument]
            if found and all(self._is_there(found[0], expression, other, mask) for other in others):
                yield found[0]

    def _is_there(self, found: Variable, test: Comparison | QuantifiedComparison, other: Expression, mask: int) -> bool:
        """Whether the other side of a comparison leaves the choice: for the clock, only what time will bring."""
        if isinstance(other, Constant) and other.null:
            return False
        if found[0] != "now":
            return True
        if isinstance(test, QuantifiedComparison):
            return False
        later = test.operator in _AFTER
        first = test.arguments[0] is not other
        return bool(mask & TRUE) and later is first and not subexpressions(other)
