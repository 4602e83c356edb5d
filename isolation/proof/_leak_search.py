"""Searches a branch for a leak: a row of another tenant and a context for which every literal of the branch holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from basewatch.tenancy import DerivedKey
from isolation.inventory.builtin_oids import EQUALS, FIRST_USER_OID, LATER_THAN, NOT_EQUALS
from isolation.inventory.relations import RelationKind
from isolation.proof._branches import Branch
from isolation.proof._candidate_rows import candidate_rows
from isolation.proof._comparison_rules import SignedFormula
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
)
from isolation.proof._links import tie_tenant_to_context
from isolation.proof._proof_context import ProofContext
from isolation.proof._rendering import render
from isolation.proof._rewriting import subexpressions
from isolation.proof._variables import Variable, underlying_variable, variables


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak:
    """The rows that pass, and the part of the policy that passes them, as text for a person."""

    rows: str
    condition: str


@dataclass(frozen=True, slots=True)
class LeakSearch:
    """Searches for a row of another tenant that the policies of a proof context let through.

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
        """The leak of a branch; None if there is none, or if it cannot be determined."""
        try:
            return self._find(branch)
        except Undetermined:
            return None

    def _find(self, branch: Branch) -> Leak | None:
        literals = list(branch.literals)
        used = [list(self._variables(expression)) for expression, _ in literals]
        self._check_columns(used)
        writable = self._check_rows(branch, used)
        remaining, needs_context = self._without_free_choices(literals)
        rendered = [render(expression, values, self.proof_context) for expression, values in literals]
        condition = " AND ".join(rendered) or "true"
        for rows, candidate in () if tie_tenant_to_context(literals, used) else candidate_rows(self.proof_context):
            if (needs_context and not all(candidate.context)) or self._raises(candidate):
                continue
            if all(
                self._holds(replace(candidate, settings=self._settings(remaining, candidate)), one) for one in remaining
            ):
                return Leak(rows=rows, condition=condition + writable)
        return None

    def _variables(self, expression: Expression) -> Iterator[Variable]:
        return variables(expression, self.proof_context, self.tenant_key_columns)

    def _counted(self, literals: Iterable[SignedFormula]) -> Counter[Variable]:
        return Counter(one for expression, _ in literals for one in self._variables(expression))

    def _underlying(self, expression: Expression) -> tuple[Variable, bool] | None:
        return underlying_variable(expression, self.proof_context, self.tenant_key_columns)

    def _settings(self, literals: list[SignedFormula], candidate: CandidateRow) -> dict[str, str]:
        """The other settings of the literals, all set to the id of the candidate row."""
        value = next((str(value) for value in candidate.column_values.values()), "on")
        return {str(name): value for kind, _, name in self._counted(literals) if kind == "setting"}

    def _raises(self, candidate: CandidateRow) -> bool:
        """Whether any part of the policies raises an error for this context, so that no row is visible."""
        pending = list(self.expressions)
        while pending:
            expression = pending.pop()
            pending.extend(subexpressions(expression))
            if isinstance(expression, FunctionCall) and expression.arguments:
                resolved = self.proof_context.normalizer.resolve(expression)
                pending.extend(() if resolved is expression else (resolved,))
            if isinstance(expression, FunctionCall | TypeCast):
                try:
                    candidate.evaluate(expression)
                except EvaluationError:
                    return True
                except Undetermined:
                    continue
        return False

    def _holds(self, candidate: CandidateRow, literal: SignedFormula) -> bool:
        try:
            return bool(candidate.truth_value(literal[0]) & literal[1])
        except EvaluationError:
            return False

    def _check_columns(self, used: list[list[Variable]]) -> None:
        """Raises: Undetermined, if a column has no free value: it is generated, or its parent row determines it."""
        columns = {column.number: column for column in self.proof_context.relation.columns}
        derived = isinstance(self.proof_context.access.tenant_key(self.proof_context.relation), DerivedKey)
        keys = self.proof_context.access.inventory.foreign_keys if derived else ()
        tied = {number for key in keys if key.relation == self.proof_context.relation.oid for number in key.columns}
        for each in used:
            alone = all(one[:2] == ("column", OWN_ROW) for one in each)
            for kind, row, number in each:
                column = columns.get(int(number)) if (kind, row) == ("column", OWN_ROW) else None
                if column and (column.generated or (column.number in tied and not alone)):
                    raise Undetermined

    def _check_rows(self, branch: Branch, used: list[list[Variable]]) -> str:
        """A note on writable tables of sub-selects. Raises: Undetermined, if their rows may not have free values."""
        known, writable = {OWN_ROW, *branch.rows}, list[str]()
        if branch.cut or any(kind in {"column", "key"} and row not in known for each in used for kind, row, _ in each):
            raise Undetermined
        for row, oid in branch.rows.items():
            relation = self.proof_context.access.relation(oid)
            if relation is None or relation.kind not in {RelationKind.TABLE, RelationKind.PARTITIONED}:
                raise Undetermined
            if self.proof_context.has_rls(oid, branch.readers.get(row, self.proof_context.role)):
                raise Undetermined
            if self.proof_context.may_write(oid):
                writable.append(self.proof_context.access.declared_name(relation))
                continue
            links = [each for each in used if any(one[:2] == ("column", row) for one in each)]
            joined = [each for each in links if any(one[1] == OWN_ROW and one[0] == "column" for one in each)]
            if joined and any(one[0] == "context" for each in used for one in each):
                raise Undetermined
        return f"; and the same role can write {', '.join(writable)}" if writable else ""

    def _without_free_choices(self, literals: list[SignedFormula]) -> tuple[list[SignedFormula], bool]:
        """The literals without those that a free variable satisfies, and whether a context must be set.

        A variable is free if it occurs in one literal alone.
        """
        needs_context, chosen, progress = False, set[str](), True
        once = self._counted(literals)
        literals = self._without_inequalities(literals)
        while progress:
            progress = False
            count = self._counted(literals)
            for literal in literals:
                found = next((v for v in self._choices(literal) if count[v] == 1), None)
                if found is None:
                    continue
                is_id = found[0] in {"key", "context"}
                if is_id and (once[found] > 1 or not self._may_choose(found, literal, chosen)):
                    continue
                others = {v[0] for v in self._variables(literal[0])} - {found[0]}
                needs_context = needs_context or "context" in others
                chosen.add(found[0])
                literals = [one for one in literals if one is not literal]
                progress = True
                break
        return literals, needs_context

    def _without_inequalities(self, literals: list[SignedFormula]) -> list[SignedFormula]:
        """The literals without those that only exclude constants for a variable: it can have another value."""
        excluding = dict[Variable, list[SignedFormula]]()
        for literal in literals:
            found = self._excluded_constant(literal)
            if found:
                excluding.setdefault(found, []).append(literal)
        count = self._counted(literals)
        free = [one for found, each in excluding.items() if count[found] == len(each) for one in each]
        return [literal for literal in literals if not any(literal is one for one in free)]

    def _excluded_constant(self, literal: SignedFormula) -> Variable | None:
        expression, truth_values = literal
        wanted = FALSE if isinstance(expression, Comparison) and expression.operator in EQUALS else TRUE
        if not isinstance(expression, Comparison) or not truth_values & wanted:
            return None
        one, other = expression.arguments[0], expression.arguments[-1]
        if expression.operator not in EQUALS | NOT_EQUALS or not {type(one), type(other)} & {Constant}:
            return None
        found = self._underlying(one if isinstance(other, Constant) else other)
        return found[0] if found and found[0][0] in {"column", "setting"} else None

    def _may_choose(self, found: Variable, literal: SignedFormula, chosen: set[str]) -> bool:
        """Whether an id may be chosen freely and still differ from the context: not if both occur."""
        kinds = {v[0] for v in self._variables(literal[0])}
        known = any(isinstance(part, Constant) and part.value is not None for part in subexpressions(literal[0]))
        return not known and not {"key", "context"} <= kinds and not chosen & {"key", "context"} and found[0] in kinds

    def _choices(self, literal: SignedFormula) -> Iterator[Variable]:
        """The variables that can be chosen so that a literal has its required truth value."""
        expression, truth_values = literal
        single = self._underlying(expression)
        if single is not None:
            if truth_values & (TRUE | FALSE) or single[1]:
                yield single[0]
            return
        if isinstance(expression, IsNull):
            found = self._underlying(expression.argument)
            if found and (truth_values & FALSE or found[1]) and found[0][0] not in {"key", "context"}:
                yield found[0]
        if truth_values & (TRUE | FALSE):
            yield from self._choices_of_comparison(expression, truth_values)

    def _choices_of_comparison(self, expression: Expression, truth_values: int) -> Iterator[Variable]:
        """The variables of a comparison that can satisfy it, for any value of the other side."""
        if isinstance(expression, QuantifiedComparison):
            sides: tuple[Expression, ...] = (expression.left, expression.right)
        else:
            sides = expression.arguments if isinstance(expression, Comparison) else ()
        if not isinstance(expression, Comparison | QuantifiedComparison) or expression.operator >= FIRST_USER_OID:
            return
        for argument in sides:
            found = self._underlying(argument)
            others = [other for other in sides if other is not argument]
            if found and all(_allows_choice(found[0], expression, other, truth_values) for other in others):
                yield found[0]


def _allows_choice(
    found: Variable, test: Comparison | QuantifiedComparison, other: Expression, truth_values: int
) -> bool:
    """Whether the other side of a comparison allows the choice; of the current time, only a later one is possible."""
    if isinstance(other, Constant) and other.null:
        return False
    if found[0] != "now":
        return True
    if isinstance(test, QuantifiedComparison):
        return False
    later = test.operator in LATER_THAN
    first = test.arguments[0] is not other
    return bool(truth_values & TRUE) and later is first and not subexpressions(other)
