"""The branches of a condition: each is one way to make the condition TRUE, as a set of literals (a tableau)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from isolation.inventory.builtin_oids import (
    GREATER_OR_EQUAL,
    LESS_OR_EQUAL,
    NOT_EQUALS,
    TOTAL_COMPARISONS,
    TypeFamily,
)
from isolation.proof._comparison_rules import Conjunction, SignedFormula
from isolation.proof._expansion import Expansion, expand
from isolation.proof._expressions import (
    ANY_TRUTH_VALUE,
    FALSE,
    TRUE,
    ColumnRef,
    Comparison,
    Expression,
    FunctionCall,
    IsNull,
    SubqueryExpr,
    TypeCast,
)
from isolation.proof._row_instances import RowInstances
from isolation.proof._terms import Equality, TermNormalizer, equality, family_of, may_be_null

MAX_BRANCHES: Final = 400
"""The number of branches after which the proof of a condition is abandoned."""


class TooManyBranches(Exception):
    """The condition has more than MAX_BRANCHES branches."""


@dataclass(slots=True)
class Branch:
    """One way for a condition to be TRUE: its literals with their truth values, and the rows that must exist.

    `stable` are the literals that have one value throughout the condition. Each of the `volatile` literals is kept
    separately: for example, two redacted constants look equal and may differ. `rows` maps the number of each row to
    its relation's OID, and `readers` those that another role reads to its OID. In a branch that is `cut`, a row that
    meets all conditions may still not be returned.
    """

    stable: dict[Expression, int] = field(default_factory=dict[Expression, int])
    volatile: list[SignedFormula] = field(default_factory=list[SignedFormula])
    rows: dict[int, int] = field(default_factory=dict[int, int])
    readers: dict[int, int] = field(default_factory=dict[int, int])
    cut: bool = False

    @property
    def literals(self) -> tuple[SignedFormula, ...]:
        """All its literals, each with its possible truth values."""
        return (*self.stable.items(), *self.volatile)

    def copy(self) -> Branch:
        """An independent copy of the branch."""
        return Branch(dict(self.stable), list(self.volatile), dict(self.rows), dict(self.readers), self.cut)


@dataclass(frozen=True, slots=True)
class EqualityTheory:
    """Derives equalities from literals, with the NOT NULL columns of the own row and the deterministic collations."""

    normalizer: TermNormalizer
    not_null: frozenset[int]
    deterministic: Callable[[int], bool]

    def add(self, branch: Branch, literal: Expression, truth_values: int) -> bool:
        """Adds a literal with its required truth values. False: no value is possible, so the branch is closed."""
        if isinstance(literal, SubqueryExpr) and literal.kind == "present":
            branch.rows.update(literal.query.rows)
            branch.readers.update(literal.query.readers)
            branch.cut = branch.cut or literal.query.cut
            return True
        truth_values &= self._possible(literal)
        if self._is_stable(literal):
            truth_values &= branch.stable.get(literal, ANY_TRUTH_VALUE)
            branch.stable[literal] = truth_values
        else:
            branch.volatile.append((literal, truth_values))
        return truth_values != 0

    def _possible(self, literal: Expression) -> int:
        """The truth values that a literal can have."""
        if isinstance(literal, IsNull):
            return TRUE | FALSE if self._may_be_null(literal.argument) else FALSE
        if isinstance(literal, Comparison) and literal.operator in TOTAL_COMPARISONS:
            return (
                ANY_TRUTH_VALUE if any(self._may_be_null(argument) for argument in literal.arguments) else TRUE | FALSE
            )
        return ANY_TRUTH_VALUE

    def _may_be_null(self, expression: Expression) -> bool:
        match expression:
            case ColumnRef(row=0, number=number):
                return number not in self.not_null
            case FunctionCall() if self.normalizer.context_index(expression) is not None:
                return may_be_null(expression)
            case TypeCast(cast_method="text" | "relabel"):
                return self._may_be_null(expression.argument)
            case _:
                return True

    def _is_stable(self, literal: Expression) -> bool:
        """Whether a literal has the same value each time: it contains only columns and the context."""
        match literal:
            case ColumnRef():
                return True
            case IsNull():
                return self.normalizer.is_fixed(literal.argument)
            case Comparison():
                return all(self.normalizer.is_fixed(argument) for argument in literal.arguments)
            case _:
                return False

    def equalities(self, branch: Branch) -> Iterator[Equality]:
        """The equalities between columns and context settings that hold on this branch."""
        bounds = set[tuple[Expression, Expression, int]]()
        for literal, truth_values in branch.literals:
            if not isinstance(literal, Comparison) or len(literal.arguments) != 2:  # noqa: PLR2004  # both sides
                continue
            one, other = literal.arguments
            family = family_of(literal.operator) if truth_values == TRUE else None
            if truth_values == FALSE and literal.operator in NOT_EQUALS:
                family = NOT_EQUALS[literal.operator][0]
            bound = LESS_OR_EQUAL.get(literal.operator) or GREATER_OR_EQUAL.get(literal.operator)
            if truth_values == TRUE and bound:
                pair = (one, other) if literal.operator in LESS_OR_EQUAL else (other, one)
                bounds.add((*pair, literal.collation))
                family = bound[0] if (pair[1], pair[0], literal.collation) in bounds else None
            same = None if family is None else self._equality(one, other, family, literal.collation)
            if same:
                yield same

    def _equality(self, one: Expression, other: Expression, family: TypeFamily, collation: int) -> Equality | None:
        if family in {TypeFamily.TEXT, TypeFamily.BLANK_PADDED} and not self.deterministic(collation):
            return None
        left, right = self.normalizer.normalize(one), self.normalizer.normalize(other)
        return equality(left, right, family) if left and right else None


class Tableau:
    """Expands the branches of a condition until each is closed, justified by the goal, or complete without it."""

    def __init__(
        self, theory: EqualityTheory, justification: Callable[[Branch], str], instances: RowInstances | None = None
    ) -> None:
        self._theory = theory
        self._justify = justification
        self._remaining = MAX_BRANCHES
        self._instances = instances or RowInstances()
        self.justifications: dict[str, None] = {}

    def open_branches(self, conditions: Conjunction) -> Iterator[Branch]:
        """The complete branches on which the goal does not follow. Raises: TooManyBranches."""
        return self._expand(list(conditions), [], Branch())

    def _ways(self, signed: SignedFormula) -> Expansion:
        return expand(signed, self._theory.normalizer.resolve, self._instances)

    def _expand(
        self, pending: list[SignedFormula], forks: list[tuple[Conjunction, ...]], branch: Branch
    ) -> Iterator[Branch]:
        self._remaining -= 1
        if self._remaining < 0:
            raise TooManyBranches
        forks = list(forks)
        while pending:
            literal, truth_values = pending.pop()
            if truth_values == ANY_TRUTH_VALUE:
                continue
            ways = self._ways((literal, truth_values)) if truth_values else ()
            if ways is None and self._theory.add(branch, literal, truth_values):
                continue
            if not ways:
                return
            if len(ways) == 1:
                pending.extend(ways[0])
            else:
                forks.append(ways)
        why = self._justify(branch)
        if why:
            self.justifications[why] = None
        elif forks:
            for way in forks[0]:
                yield from self._expand(list(way), forks[1:], branch.copy())
        else:
            yield branch
