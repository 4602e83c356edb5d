"""Gives a sub-select new row numbers each time it is expanded, so that two evaluations never share a row."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import count

from isolation.proof._expressions import (
    ColumnRef,
    Expression,
    FunctionCall,
    Opaque,
    Query,
    RowOfFunction,
    RowOfQuery,
    SubqueryExpr,
)
from isolation.proof._rewriting import rewritten, rewritten_query
from isolation.proof._set_returning import set_returning
from isolation.proof._value_types import type_of

_FIRST = 1 << 20
"""The first number of an instance; the rows that a tree numbers itself are below."""
_MOST_DERIVED = 8


def _from_first() -> Iterator[int]:
    return count(_FIRST)


def _unknown(call: FunctionCall) -> Query | None:
    del call
    return None


@dataclass(slots=True)
class RowInstances:
    """The rows of one proof. `rows_of` gives the query of a set-returning function, or None if that is unknown.

    Each tree numbers its rows from 1: without new numbers, rows of two policies, of two calls of a function or of two
    evaluations of a sub-select would be taken for one, and an equality of the first for one of the second.
    """

    rows_of: Callable[[FunctionCall], Query | None] = _unknown
    _numbers: Iterator[int] = field(default_factory=_from_first)

    def of(self, select: SubqueryExpr) -> tuple[SubqueryExpr, ...]:
        """The same sub-select with rows that nothing else of the proof has, and those of its functions.

        Several, if a row of it may be one of different queries. A row of the sub-select is a row of one of them.
        """
        return tuple(self._of_queries(self._numbered(select), 0))

    def _of_queries(self, select: SubqueryExpr, depth: int) -> Iterator[SubqueryExpr]:
        """The sub-select with the rows of each query that one of its own may be of."""
        select = self._with_functions(select)
        derived = next((one for one in select.query.conditions if isinstance(one, RowOfQuery)), None)
        if derived is None or depth > _MOST_DERIVED:
            yield select
            return
        for query in derived.queries:
            yield from self._of_queries(self._from_query(select, derived.row, query), depth + 1)

    def _from_query(self, select: SubqueryExpr, row: int, query: Query) -> SubqueryExpr:
        """The sub-select with the rows of a query in place of one of its own rows."""
        rows = self._numbered(SubqueryExpr("exists", None, query)).query

        def replaced(part: Expression) -> Expression | None:
            if not isinstance(part, ColumnRef) or part.row != row:
                return None
            value = rows.targets[part.number - 1] if part.number <= len(rows.targets) else None
            known = value is not None and type_of(value) in {0, part.type}
            return value if known else Opaque("column", (), part.type)

        others = tuple(
            one for one in select.query.conditions if not isinstance(one, RowOfFunction | RowOfQuery) or one.row != row
        )
        test = None if select.test is None else rewritten(select.test, replaced, _as_it_is)
        rest = rewritten_query(replace(select.query, conditions=others), replaced, _as_it_is)
        return SubqueryExpr(select.kind, test, _joined(rest, rows))

    def _with_functions(self, select: SubqueryExpr) -> SubqueryExpr:
        for condition in select.query.conditions:
            found = self.rows_of(condition.call) if isinstance(condition, RowOfFunction) else None
            if found is not None and isinstance(condition, RowOfFunction):
                select = self._from_query(select, condition.row, found)
        # With two functions in SELECT, the shorter one is filled up with NULL.
        calls = set_returning(select.query.targets)
        return self._with_rows(select, calls[0]) if len(calls) == 1 and select.query.simple else select

    def _numbered(self, select: SubqueryExpr) -> SubqueryExpr:
        first, end = select.query.span
        start = next(self._numbers)
        for _ in range(first + 1, end):
            next(self._numbers)
        own, by = range(first, end), start - first

        def moved(part: Expression) -> Expression | None:
            if isinstance(part, RowOfFunction | RowOfQuery) and part.row in own:
                return rewritten(replace(part, row=part.row + by), moved, renumbered)
            return replace(part, row=part.row + by) if isinstance(part, ColumnRef) and part.row in own else None

        def renumbered(query: Query) -> Query:
            begin, after = query.span
            rows = tuple((row + by if row in own else row, relation) for row, relation in query.rows)
            readers = tuple((row + by if row in own else row, role) for row, role in query.readers)
            span = (begin + by, after + by) if begin in own else query.span
            return replace(query, rows=rows, readers=readers, span=span)

        found = rewritten(select, moved, renumbered)
        assert isinstance(found, SubqueryExpr)  # noqa: S101  # only columns are changed
        return found

    def _with_rows(self, select: SubqueryExpr, call: FunctionCall) -> SubqueryExpr:
        """The sub-select with the rows that a function in SELECT reads, and what it selects in place of the call."""
        found = self.rows_of(call)
        rows = None if found is None else self._numbered(SubqueryExpr("exists", None, found)).query
        if rows is None or len(rows.targets) != 1:
            return select

        def replaced(part: Expression) -> Expression | None:
            if isinstance(part, SubqueryExpr):
                return part  # the same call in an inner sub-select is evaluated again, and gives other rows
            return rows.targets[0] if part == call else None

        test = None if select.test is None else rewritten(select.test, replaced, _as_it_is)
        query = rewritten_query(select.query, replaced, _as_it_is)
        return SubqueryExpr(select.kind, test, _joined(query, rows))


def _joined(query: Query, rows: Query) -> Query:
    """A query with the rows and conditions of another one."""
    return replace(
        query,
        rows=(*query.rows, *rows.rows),
        readers=(*query.readers, *rows.readers),
        conditions=(*query.conditions, *rows.conditions),
        cut=query.cut or rows.cut,
    )


def _as_it_is(query: Query) -> Query:
    return query
