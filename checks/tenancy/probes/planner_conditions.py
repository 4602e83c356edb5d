"""What the conditions of a scan, as printed by EXPLAIN, bind the tenant key to. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from checks.tenancy.probes.expression_tokens import (
    Token,
    TokenKind,
    TokenTree,
    leaves,
    split_at_keyword,
    token_tree,
    tokenize,
)


class KeyBinding(StrEnum):
    """What a condition compares the tenant key with.

    SETTING is the context itself, CONTEXT_FUNCTION a function known to return it, PARAMETER a value computed before the
    scan (InitPlan, `$0`), SUBPLAN a sub-select, FUNCTION a function that is not approved.
    """

    SETTING = "setting"
    CONTEXT_FUNCTION = "context function"
    PARAMETER = "parameter"
    SUBPLAN = "sub-select"
    FUNCTION = "function"


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownNames:
    """The names to find in conditions: settings in lower case, functions without their schema.

    With `passes_global_rows`, a condition may also ask for rows without a tenant, or with `global_values`.
    """

    key: tuple[str, ...]
    settings: frozenset[str]
    context_functions: frozenset[str] = frozenset()
    functions: frozenset[str] = frozenset()
    passes_global_rows: bool = False
    global_values: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanBinding:
    """The binding of one scan.

    `every_row` says that the complete key is bound for every row; `some_rows` that at least one branch of an OR binds
    it. `bindings` is what it is bound to, over all branches.
    """

    every_row: bool
    some_rows: bool
    bindings: tuple[KeyBinding, ...]


_QUALIFIED = 2  # a column with the name or alias of its table
_IN_PLAN = {"InitPlan": KeyBinding.PARAMETER, "SubPlan": KeyBinding.SUBPLAN}


def scan_binding(conditions: Iterable[str], names: KnownNames) -> ScanBinding:
    """What the conditions of one scan, combined with AND, bind the key to."""
    groups = [token_tree(tokenize(condition)) for condition in conditions]
    bound = frozenset[str]().union(*(_bound_columns(group, names) for group in groups))
    atoms = [atom for group in groups for atom in _atoms(group)]
    bindings = {binding for atom in atoms for binding in (_bindings(atom, names) if _named(atom, names) else ())}
    return ScanBinding(every_row=bound >= set(names.key), some_rows=bool(bindings), bindings=tuple(sorted(bindings)))


def _bound_columns(group: TokenTree, names: KnownNames) -> frozenset[str]:
    """The key columns that are bound in every row that passes a condition."""
    kind, parts = _parts(group)
    if kind == "":
        if names.passes_global_rows and names.global_values and _has_values(group, names.global_values):
            return frozenset(names.key)
        asks_for_none = names.passes_global_rows and not names.global_values and _is_null_test(group)
        bound = _bindings(group, names) or asks_for_none
        return _named(group, names) if bound else frozenset()
    each = [_bound_columns(part, names) for part in parts]
    return frozenset[str]().union(*each) if kind == "AND" else frozenset(names.key).intersection(*each)


def _parts(group: TokenTree) -> tuple[str, tuple[TokenTree, ...]]:
    while len(group) == 1 and isinstance(group[0], tuple):
        group = group[0]
    for word in ("OR", "AND"):
        parts = split_at_keyword(group, word)
        if len(parts) > 1:
            return word, parts
    return "", (group,)


def _atoms(group: TokenTree) -> Iterator[TokenTree]:
    kind, parts = _parts(group)
    if kind == "":
        yield parts[0]
    else:
        for part in parts:
            yield from _atoms(part)


def _is_null_test(atom: TokenTree) -> bool:
    """Whether an atom is `column IS NULL`."""
    return [token.text for token in leaves(atom) if token.kind is TokenKind.NAME][-2:] == ["IS", "NULL"]


def _has_values(atom: TokenTree, values: tuple[tuple[str, str], ...]) -> bool:
    """Whether an atom asks for the declared value of the one column: by `column = value`, or by its truth value."""
    ((column, value), *more) = values
    texts = [token.text for token in leaves(atom) if token.kind in {TokenKind.NAME, TokenKind.TEXT, TokenKind.NUMBER}]
    marked = value == "true" and texts[-1:] == [column] and len(texts) <= _QUALIFIED
    return not more and (marked or (column, value) in pairwise(texts))


def _named(atom: TokenTree, names: KnownNames) -> frozenset[str]:
    """The key columns in a comparison; before version 17, a hashed sub-select does not print them."""
    found = tuple(leaves(atom))
    printed = {token.text for token in found if token.kind is TokenKind.NAME}
    seen = frozenset(names.key) & printed
    hidden = not seen and any(token.text in {"SubPlan", "InitPlan"} for token in found)
    return frozenset(names.key) if hidden else seen


def _bindings(atom: TokenTree, names: KnownNames) -> frozenset[KeyBinding]:
    return frozenset(binding for token in leaves(atom) if (binding := _binding(token, names)) is not None)


def _binding(token: Token, names: KnownNames) -> KeyBinding | None:
    match token.kind:
        case TokenKind.TEXT:
            return KeyBinding.SETTING if token.text.lower() in names.settings else None
        case TokenKind.PARAMETER:
            return KeyBinding.PARAMETER
        case TokenKind.NAME if token.text in _IN_PLAN and not token.quoted:
            return _IN_PLAN[token.text]
        case TokenKind.NAME if token.text in names.context_functions:
            return KeyBinding.CONTEXT_FUNCTION
        case TokenKind.NAME if token.text in names.functions and token.text not in names.key:
            return KeyBinding.FUNCTION
        case _:
            return None


def canary_constants(texts: Iterable[str], canaries: frozenset[str]) -> frozenset[str]:
    """The ids of canaries that are constants in printed expressions."""
    found = (token for text in texts for token in tokenize(text) if token.kind in {TokenKind.TEXT, TokenKind.NUMBER})
    return canaries & {token.text for token in found}
