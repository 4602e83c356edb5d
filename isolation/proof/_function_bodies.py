"""Reads the bodies of functions: the value that one returns, or the query of the rows that it returns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Final

from isolation.inventory import Inventory
from isolation.inventory.builtin_oids import BOOLEAN, FIRST_USER_OID, TYPES, TypeFamily
from isolation.inventory.code import Function
from isolation.inventory.relations import Relation
from isolation.proof._body_names import NamesInBody, body_tokens
from isolation.proof._body_select import SelectReader
from isolation.proof._body_tokens import UnreadableBody
from isolation.proof._expressions import Expression, FunctionCall, Query, SubqueryExpr
from isolation.proof._nodes import UnreadableTree
from isolation.proof._plpgsql_body import PlpgsqlReader
from isolation.proof._rewriting import expression_read_as, read_as
from isolation.proof._setting_effects import unqualified_name
from isolation.proof._translation import read_body
from isolation.proof._value_types import type_of

_RECORD: Final = 2249
"""The type of a row with several columns, as RETURNS TABLE gives."""


@dataclass(slots=True)
class FunctionBodies:
    """The bodies of the functions of one inventory.

    `call_named` gives the expression of a call by the function's schema and name, and `read_context` that of a text
    with settings. `with_claims` reads the claims of a setting with JSON in a body.
    """

    inventory: Inventory
    call_named: Callable[[str, str, tuple[Expression, ...]], Expression | None]
    read_context: Callable[[Function, str], Expression]
    with_claims: Callable[[Expression], Expression]
    _relations: dict[tuple[str, str], Relation] = field(init=False)

    # No tree and no proof has these numbers: a body may contain what another one returns.
    _rows: Iterator[int] = field(default_factory=lambda: count(1 << 32))
    _domains: frozenset[int] = field(init=False)
    _own_functions: frozenset[str] = field(init=False)
    _own_equality: bool = field(init=False)

    def __post_init__(self) -> None:
        self._relations = {(each.schema, each.name): each for each in self.inventory.relations}
        self._own_functions = frozenset(unqualified_name(function) for function in self.inventory.functions)
        self._domains = frozenset(domain.oid for domain in self.inventory.domains)
        self._own_equality = any(
            use.kind == "operator" and use.name.partition("(")[0].removeprefix("operator ").rpartition(".")[2] == "="
            for use in self.inventory.function_uses
        )

    @property
    def _temporary_tables(self) -> bool:
        server = self.inventory.server
        return any(
            grant.privilege == "TEMPORARY" and grant.grantee != server.database_owner
            for grant in server.database_grants
        )

    def value(self, function: Function, call: FunctionCall) -> Expression | None:
        """The value of a call, as the rights of the function give it; None if it is unknown."""
        found = self._read(function, call)
        if isinstance(found, Query):
            found = SubqueryExpr("value", None, found) if found.simple and len(found.targets) == 1 else None
        if found is None or not self._has_type(found, call.type):
            return None
        found = self.with_claims(found)
        return expression_read_as(found, function.owner) if function.security_definer else found

    def rows(self, function: Function, call: FunctionCall) -> Query | None:
        """The query of the rows that a set-returning function returns; None if it is unknown."""
        found = self._read(function, call)
        if found is not None and not isinstance(found, Query):
            found = Query((), (), (found,), True, (1, 1))  # noqa: FBT003  # simple
        if found is None or not found.simple:
            return None
        of_one_type = len(found.targets) == 1 and self._has_type(found.targets[0], call.type)
        if call.type != _RECORD and not of_one_type:
            return None
        rows = self.with_claims(SubqueryExpr("exists", None, found))
        assert isinstance(rows, SubqueryExpr)  # noqa: S101  # only parts of it are changed
        return read_as(rows.query, function.owner) if function.security_definer else rows.query

    def _read(self, function: Function, call: FunctionCall) -> Expression | Query | None:
        try:
            return self._of_text(function, call) if function.tree is None else read_body(function.tree, call.arguments)
        except (UnreadableBody, UnreadableTree, RecursionError):
            return None

    def _of_text(self, function: Function, call: FunctionCall) -> Expression | Query:
        if any(max(cast.source, cast.target) < FIRST_USER_OID for cast in self.inventory.casts):
            raise UnreadableBody  # a cast between built-in types may run a function
        variables = dict[str, Expression]()
        names = NamesInBody(
            function=function,
            relations=self._relations,
            own_functions=self._own_functions,
            own_equality=self._own_equality,
            temporary_tables=self._temporary_tables,
            arguments=call.arguments,
            variables=variables,
            call_named=self.call_named,
            read_context=lambda text: self.read_context(function, text),
        )
        tokens, select = body_tokens(function), SelectReader(names, self._rows)
        if function.language == "plpgsql":
            return PlpgsqlReader(select, call.type, variables, returns_set=call.returns_set).read(tokens)
        return select.query(tokens) if call.returns_set else select.result(tokens, boolean=call.type == BOOLEAN)

    def _has_type(self, found: Expression, wanted: int) -> bool:
        """Whether a value has the type that the function returns, so that it is not converted; a domain checks it."""
        own = type_of(found)
        return (
            own == wanted
            or (TYPES.get(own) is TypeFamily.TEXT and TYPES.get(wanted) is TypeFamily.TEXT)
            or (own in TYPES and wanted in self._domains)
        )
