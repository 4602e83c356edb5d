"""What a scan's condition, as EXPLAIN prints it, ties the tenant key to: pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

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
    """What a condition compares the key with.

    SETTING is the context itself, HELPER a function known to return it, PARAMETER what was worked out before the scan
    (InitPlan, `$0`), SUBPLAN a sub-select, FUNCTION one that nobody vouches for.
    """

    SETTING = "setting"
    CONTEXT_FUNCTION = "helper"
    PARAMETER = "parameter"
    SUBPLAN = "sub-select"
    FUNCTION = "function"


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownNames:
    """The names to look for: settings in lower case, helpers and all functions without their schema."""

    key: tuple[str, ...]
    settings: frozenset[str]
    context_functions: frozenset[str] = frozenset()
    functions: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanBinding:
    """What one scan's conditions come to.

    `every_row` says that no row passes without its whole key being tied; `some_rows` that at least one branch of an OR
    ties it. `bindings` is to what, over all branches.
    """

    every_row: bool
    some_rows: bool
    bindings: tuple[KeyBinding, ...]


_IN_PLAN = {"InitPlan": KeyBinding.PARAMETER, "SubPlan": KeyBinding.SUBPLAN}


def scan_binding(conditions: Iterable[str], names: KnownNames) -> ScanBinding:
    """What the conditions of one scan, all of which must hold, tie the key to."""
    groups = [token_tree(tokenize(condition)) for condition in conditions]
    tied = frozenset[str]().union(*(_tied(group, names) for group in groups))
    atoms = [atom for group in groups for atom in _atoms(group)]
    ties = {tie for atom in atoms for tie in (_ties(atom, names) if _named(atom, names) else ())}
    return ScanBinding(every_row=tied >= set(names.key), some_rows=bool(ties), bindings=tuple(sorted(ties)))


def _tied(group: TokenTree, words: KnownNames) -> frozenset[str]:
    """The key columns that are tied in every row that a condition lets pass."""
    kind, parts = _parts(group)
    if kind == "":
        return _named(group, words) if _ties(group, words) else frozenset()
    each = [_tied(part, words) for part in parts]
    return frozenset[str]().union(*each) if kind == "AND" else frozenset(words.key).intersection(*each)


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


def _named(atom: TokenTree, words: KnownNames) -> frozenset[str]:
    """The key columns that a comparison names; a sub-select that was made a hash hides them before version 17."""
    found = tuple(leaves(atom))
    names = {token.text for token in found if token.kind is TokenKind.NAME}
    seen = frozenset(words.key) & names
    hidden = not seen and any(token.text in {"SubPlan", "InitPlan"} for token in found)
    return frozenset(words.key) if hidden else seen


def _ties(atom: TokenTree, words: KnownNames) -> frozenset[KeyBinding]:
    return frozenset(tie for token in leaves(atom) if (tie := _tie(token, words)) is not None)


def _tie(token: Token, words: KnownNames) -> KeyBinding | None:
    match token.kind:
        case TokenKind.TEXT:
            return KeyBinding.SETTING if token.text.lower() in words.settings else None
        case TokenKind.PARAMETER:
            return KeyBinding.PARAMETER
        case TokenKind.NAME if token.text in _IN_PLAN and not token.quoted:
            return _IN_PLAN[token.text]
        case TokenKind.NAME if token.text in words.context_functions:
            return KeyBinding.CONTEXT_FUNCTION
        case TokenKind.NAME if token.text in words.functions and token.text not in words.key:
            return KeyBinding.FUNCTION
        case _:
            return None


def canary_constants(texts: Iterable[str], canaries: frozenset[str]) -> frozenset[str]:
    """The canaries' ids that stand as constants in printed expressions."""
    found = (token for text in texts for token in tokenize(text) if token.kind in {TokenKind.TEXT, TokenKind.NUMBER})
    return canaries & {token.text for token in found}
