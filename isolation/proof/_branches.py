"""The branches of a condition: every way it comes to TRUE, as what it takes of single comparisons (a tableau)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from isolation.inventory.builtin_oids import (
    FIRST_USER_OID,
    GREATER_OR_EQUAL,
    LESS_OR_EQUAL,
    NOT_EQUALS,
    TypeFamily,
)
from isolation.proof._comparison_rules import Conjunction, SignedFormula
from isolation.proof._expansion import expand
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
from isolation.proof._terms import Equality, TermNormalizer, equality, family_of, may_be_null

MAX_BRANCHES: Final = 400
"""How many branches are followed before a condition is said to be too long."""


class TooManyBranches(Exception):
    """The condition has more ways to be TRUE than are followed."""


@dataclass(slots=True)
class Branch:
    """One way for a condition to be TRUE: what its literals come to, and the rows that must exist for it.

    `stable` are the literals that come to the same wherever they stand; of the `volatile` each stands for itself, as
    two constants that were blanked look alike. `rows` are the relations' OIDs by the number of the row.
    """

    stable: dict[Expression, int] = field(default_factory=dict[Expression, int])
    volatile: list[SignedFormula] = field(default_factory=list[SignedFormula])
    rows: dict[int, int] = field(default_factory=dict[int, int])

    @property
    def literals(self) -> tuple[SignedFormula, ...]:
        """All its literals, each with what it comes to."""
        return (*self.stable.items(), *self.volatile)

    def copy(self) -> Branch:
        """A branch that goes on from here by itself."""
        return Branch(dict(self.stable), list(self.volatile), dict(self.rows))


@dataclass(frozen=True, slots=True)
class EqualityTheory:
    """How literals are read: by terms, NOT NULL columns of the own row, and collations that tell all texts apart."""

    normalizer: TermNormalizer
    not_null: frozenset[int]
    deterministic: Callable[[int], bool]

    def add(self, branch: Branch, literal: Expression, truth_values: int) -> bool:
        """Add what a literal must come to; False when it cannot, so that the branch is closed."""
        if isinstance(literal, SubqueryExpr) and literal.kind == "present":
            branch.rows.update(literal.query.rows)
            return True
        truth_values &= self._possible(literal)
        if self._is_steady(literal):
            truth_values &= branch.stable.get(literal, ANY_TRUTH_VALUE)
            branch.stable[literal] = truth_values
        else:
            branch.volatile.append((literal, truth_values))
        return truth_values != 0

    def _possible(self, literal: Expression) -> int:
        """What a literal may come to at all."""
        if isinstance(literal, IsNull):
            return TRUE | FALSE if self._may_be_null(literal.argument) else FALSE
        if isinstance(literal, Comparison) and literal.operator < FIRST_USER_OID:
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

    def _is_steady(self, literal: Expression) -> bool:
        """Whether it comes to the same each time it is asked: nothing is in it but columns and the context."""
        match literal:
            case ColumnRef():
                return True
            case IsNull():
                return self.normalizer.normalize(literal.argument) is not None
            case Comparison():
                return all(self.normalizer.normalize(argument) is not None for argument in literal.arguments)
            case _:
                return False

    def equalities(self, branch: Branch) -> Iterator[Equality]:
        """The places that hold the same id on this branch."""
        bounds = set[tuple[Expression, Expression, int]]()
        for literal, mask in branch.stable.items():
            if not isinstance(literal, Comparison) or len(literal.arguments) != 2:  # noqa: PLR2004  # both sides
                continue
            one, other = literal.arguments
            family = family_of(literal.operator) if mask == TRUE else None
            if mask == FALSE and literal.operator in NOT_EQUALS:
                family = NOT_EQUALS[literal.operator][0]
            found = LESS_OR_EQUAL.get(literal.operator) or GREATER_OR_EQUAL.get(literal.operator)
            if mask == TRUE and found:
                pair = (one, other) if literal.operator in LESS_OR_EQUAL else (other, one)
                bounds.add((*pair, literal.collation))
                family = found[0] if (pair[1], pair[0], literal.collation) in bounds else None
            same = None if family is None else self._equality(one, other, family, literal.collation)
            if same:
                yield same

    def _equality(self, one: Expression, other: Expression, family: TypeFamily, collation: int) -> Equality | None:
        if family in {TypeFamily.TEXT, TypeFamily.BLANK_PADDED} and not self.deterministic(collation):
            return None
        left, right = self.normalizer.normalize(one), self.normalizer.normalize(other)
        return equality(left, right, family) if left and right else None


class Tableau:
    """Follows the branches of a condition until each is closed, held by the goal, or complete without it."""

    def __init__(self, theory: EqualityTheory, justification: Callable[[Branch], str]) -> None:
        self._reading = theory
        self._held = justification
        self._left = MAX_BRANCHES
        self.justifications: dict[str, None] = {}

    def open_branches(self, conditions: Conjunction) -> Iterator[Branch]:
        """The complete branches on which the goal does not follow. Raises: TooManyBranches."""
        return self._follow(list(conditions), [], Branch())

    def _follow(
        self, waiting: list[SignedFormula], forks: list[tuple[Conjunction, ...]], branch: Branch
    ) -> Iterator[Branch]:
        self._left -= 1
        if self._left < 0:
            raise TooManyBranches
        forks = list(forks)
        while waiting:
            literal, mask = waiting.pop()
            if mask == ANY_TRUTH_VALUE:
                continue
            ways = expand((literal, mask), self._reading.normalizer.resolve) if mask else ()
            if ways is None and self._reading.add(branch, literal, mask):
                continue
            if not ways:
                return
            if len(ways) == 1:
                waiting.extend(ways[0])
            else:
                forks.append(ways)
        why = self._held(branch)
        if why:
            self.justifications[why] = None
        elif forks:
            for way in forks[0]:
                yield from self._follow(list(way), forks[1:], branch.copy())
        else:
            yield branch
