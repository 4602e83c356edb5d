"""Parses PostgreSQL's stored expression trees (pg_node_tree) of versions 14 to 18 to nodes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Final

MAX_DEPTH: Final = 200
_TOKENS: Final = re.compile(r"[(){}]|(?:\\.|[^\s(){}\\])+", re.DOTALL)
_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)
# The names since version 16; versions 14 and 15 have shorter ones.
_KINDS: Final = MappingProxyType({
    "RTE": "RANGETBLENTRY",
    "ARRAY": "ARRAYEXPR",
    "CASE": "CASEEXPR",
    "WHEN": "CASEWHEN",
    "CASETEST": "CASETESTEXPR",
    "COALESCE": "COALESCEEXPR",
    "MINMAX": "MINMAXEXPR",
    "ROW": "ROWEXPR",
    "ROWCOMPARE": "ROWCOMPAREEXPR",
    "COLLATE": "COLLATEEXPR",
    "REFERENCE": "SUBSCRIPTINGREF",
})  # fmt: skip


class UnreadableTree(Exception):
    """The text is not a readable tree; the message names the part that is not understood."""


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One node: its kind by its name in PostgreSQL 16, and its fields by name. Nodes are immutable."""

    kind: str
    fields: dict[str, Value]

    def get(self, name: str) -> Value:
        """A field; None if it is empty or absent, as in a version that does not have it."""
        return self.fields.get(name)

    def text(self, name: str) -> str:
        """A field with one word or number, as text. Raises: UnreadableTree."""
        value = self.fields.get(name)
        if not isinstance(value, str):
            raise UnreadableTree(f"{self.kind} has no {name}")
        return value

    def number(self, name: str) -> int:
        """A field with an integer. Raises: UnreadableTree."""
        try:
            return int(self.text(name))
        except ValueError:
            raise UnreadableTree(f"{name} of {self.kind} is not a number") from None

    def nodes(self, name: str) -> tuple[Node, ...]:
        """A field with a list of nodes, which may be empty. Raises: UnreadableTree."""
        value = self.fields.get(name)
        each = () if value is None else value
        if not isinstance(each, tuple):
            raise UnreadableTree(f"{name} of {self.kind} is not a list")
        nodes = tuple(one for one in each if isinstance(one, Node))
        if len(nodes) != len(each):
            raise UnreadableTree(f"{name} of {self.kind} is not a list of nodes")
        return nodes

    def node(self, name: str) -> Node:
        """A field with one node. Raises: UnreadableTree."""
        value = self.fields.get(name)
        if not isinstance(value, Node):
            raise UnreadableTree(f"{self.kind} has no {name}")
        return value


Value = Node | tuple["Value", ...] | bytes | str | None


@lru_cache(maxsize=4096)
def parse(text: str) -> Value:
    """The tree of a pg_node_tree text. Raises: UnreadableTree."""
    tokens = _TOKENS.findall(text)
    value, end = _value(tokens, 0, 0)
    if end != len(tokens):
        raise UnreadableTree("there is text after the tree")
    return value


def _value(tokens: list[str], at: int, depth: int) -> tuple[Value, int]:
    if depth > MAX_DEPTH:
        raise UnreadableTree("it is nested too deeply")
    if at >= len(tokens):
        raise UnreadableTree("the tree ends too early")
    word = tokens[at]
    if word == "{":
        return _node(tokens, at + 1, depth + 1)
    if word == "(":
        each: list[Value] = []
        at += 1
        while at < len(tokens) and tokens[at] != ")":
            one, at = _value(tokens, at, depth + 1)
            each.append(one)
        return tuple(each), _closed(tokens, at)
    if word in {")", "}"}:
        raise UnreadableTree(f"there is an unexpected {word}")
    return (None if word == "<>" else _plain(word)), at + 1


def _node(tokens: list[str], at: int, depth: int) -> tuple[Node, int]:
    if at >= len(tokens) or tokens[at] in "(){}":
        raise UnreadableTree("a node has no kind")
    kind, fields = tokens[at], dict[str, Value]()
    at += 1
    while at < len(tokens) and tokens[at] != "}":
        if not tokens[at].startswith(":"):
            raise UnreadableTree(f"a field of {kind} has no name")
        name = tokens[at][1:]
        if tokens[at + 2 : at + 3] == ["["]:
            fields[name], at = _bytes(tokens, at + 1)
        else:
            fields[name], at = _value(tokens, at + 1, depth)
    return Node(_KINDS.get(kind, kind), fields), _closed(tokens, at)


def _bytes(tokens: list[str], at: int) -> tuple[bytes, int]:
    """A value such as `9 [ 36 0 0 0 ... ]`: its length, then its bytes as signed numbers."""
    try:
        end = tokens.index("]", at)
        return bytes(int(token) % 256 for token in tokens[at + 2 : end]), end + 1
    except ValueError:
        raise UnreadableTree("a constant has an unknown format") from None


def _closed(tokens: list[str], at: int) -> int:
    if at >= len(tokens):
        raise UnreadableTree("the tree ends too early")
    return at + 1


def _plain(token: str) -> str:
    return _ESCAPE.sub(r"\1", token) if "\\" in token else token
