"""What the names in the text of a function body denote: tables, parameters, and functions without arguments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from isolation.inventory.code import Function
from isolation.inventory.relations import Relation
from isolation.proof._body_tokens import Token, UnreadableBody, tokens_of
from isolation.proof._expressions import Expression

_BUILT_IN: Final = frozenset({
    "gen_random_uuid", "uuidv4", "uuidv7", "now", "random", "version", "current_database", "current_schema", "lastval",
    "txid_current", "statement_timestamp", "clock_timestamp", "transaction_timestamp", "timeofday", "inet_client_port",
    "inet_server_port", "inet_client_addr", "inet_server_addr", "current_query", "getdatabaseencoding", "unistr", "pi",
})  # fmt: skip
"""Functions of PostgreSQL without arguments."""


@dataclass(frozen=True, slots=True)
class NamesInBody:
    """The names of one body; `relations` are those of the inventory, by schema and name.

    `own_functions` are the names of all functions of the inventory, without schema. `own_equality` is true if an
    operator of the database's own is named `=`.

    `arguments` are the values of the parameters in order, and `variables` those of local variables by name.
    `call_named` gives the expression of a function by its schema and name, and `read_context` that of a text. With
    `temporary_tables`, roles other than the database's owner may create some.
    """

    function: Function
    relations: Mapping[tuple[str, str], Relation]
    own_functions: AbstractSet[str]
    own_equality: bool
    temporary_tables: bool
    arguments: tuple[Expression, ...]
    variables: Mapping[str, Expression]
    call_named: Callable[[str, str, tuple[Expression, ...]], Expression | None]
    read_context: Callable[[str], Expression]

    @property
    def operators_are_built_in(self) -> bool:
        """Whether an operator in the body is PostgreSQL's own, for any caller.

        One of another schema that takes exactly the types of both sides comes before one of pg_catalog that does not.
        """
        own = set(_schemas(self.function)) - {"", "pg_catalog", "pg_temp"}
        pinned_to_built_in = is_pinned(self.function) and not own
        return pinned_to_built_in or not self.own_equality

    def is_built_in(self, function: str) -> bool:
        """Whether a function without schema is PostgreSQL's own, for any caller."""
        return function not in self.own_functions

    def is_ambiguous(self, column: str) -> bool:
        """Whether a column without table may be a variable instead: plpgsql.variable_conflict decides."""
        named = column in self.variables or column in self.function.argument_names
        return named and self.function.language == "plpgsql"

    @property
    def _path(self) -> tuple[str, ...]:
        """The schemas in which an unqualified name is searched. Raises: UnreadableBody, if the caller decides."""
        if self.function.search_path is None or "$user" in self.function.search_path:
            raise UnreadableBody
        return tuple(name for name in _schemas(self.function) if name and name not in {"pg_catalog", "pg_temp"})

    def relation(self, parts: tuple[str, ...]) -> Relation:
        """The table of this name. Raises: UnreadableBody, also if a temporary table could stand in for it."""
        *schema, name = parts
        if len(schema) > 1 or name.startswith("pg_"):
            raise UnreadableBody
        # https://www.postgresql.org/docs/18/sql-createfunction.html, "Writing SECURITY DEFINER Functions Safely".
        if not schema and self.temporary_tables and "pg_temp" not in _schemas(self.function):
            raise UnreadableBody
        found = [self.relations[each, name] for each in schema or self._path if (each, name) in self.relations]
        if len(found) != 1:
            raise UnreadableBody  # with two of them, the one that the caller may not see is passed over
        return found[0]

    def variable(self, parts: tuple[str, ...]) -> Expression:
        """A parameter or a local variable. Raises: UnreadableBody."""
        *owner, name = parts
        if owner and owner != [self.function.name.partition("(")[0].rpartition(".")[2].strip('"')]:
            raise UnreadableBody
        if not owner and name in self.variables:
            return self.variables[name]
        if name.startswith("$") and self.function.language == "plpgsql" and self.function.returns_set:
            raise UnreadableBody  # PL/pgSQL also counts the parameters for output
        named = [at for at, each in enumerate(self.function.argument_names) if each == name]
        at = named[0] if len(named) == 1 else int(name[1:]) - 1 if name[:1] == "$" and name[1:].isdigit() else -1
        if not 0 <= at < len(self.arguments):
            raise UnreadableBody
        return self.arguments[at]

    def call(self, parts: tuple[str, ...], arguments: tuple[Expression, ...]) -> Expression:
        """A call as what it returns; one of a set-returning function as itself. Raises: UnreadableBody."""
        *schema, name = parts
        if len(schema) > 1 or (not schema and (arguments or name in _BUILT_IN or name.startswith("pg_"))):
            raise UnreadableBody  # pg_catalog comes first
        found = [call for each in schema or self._path if (call := self.call_named(each, name, arguments)) is not None]
        if len(found) != 1:
            raise UnreadableBody
        return found[0]

    def context(self, tokens: tuple[Token, ...]) -> Expression:
        """An expression of settings. Raises: UnreadableBody."""
        if not tokens:
            raise UnreadableBody
        return self.read_context(self.function.body[tokens[0].start : tokens[-1].end])


def body_tokens(function: Function) -> tuple[Token, ...]:
    """The tokens of a body, without the semicolon at its end. Raises: UnreadableBody."""
    tokens = tokens_of(function.body)
    if function.language != "sql":
        return tokens
    tokens = tokens[:-1] if tokens and tokens[-1].text == ";" else tokens
    if any(token.text == ";" for token in tokens):
        raise UnreadableBody  # the last of several statements returns the result
    return tokens


def is_pinned(function: Function) -> bool:
    """Whether unqualified names and operators in a body denote PostgreSQL's own, by the function's search_path."""
    if function.search_path is None:
        return False
    # https://www.postgresql.org/docs/18/runtime-config-client.html#GUC-SEARCH-PATH: first, unless it is listed.
    return "pg_catalog" not in _schemas(function)[1:]


def _schemas(function: Function) -> tuple[str, ...]:
    return tuple(name.strip().strip('"') for name in (function.search_path or "").split(","))
