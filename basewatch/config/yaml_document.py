"""A YAML document as plain values, with the location of each in its file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import TypeAlias, cast

import yaml
from yaml.constructor import SafeConstructor

from basewatch.config.syntax import syntax_problem
from basewatch.errors import ConfigError, Problem
from basewatch.model import JSON

KeyPath: TypeAlias = tuple[str | int, ...]
LARGEST_NUMBER = 2**63 - 1
"""The largest bigint of PostgreSQL, such as a tenant id. No setting needs a larger number."""
_NUMBER_REMEDY = f"write a number up to {LARGEST_NUMBER}"
_DIGITS = re.compile(r"[-+]?[0-9][0-9_:]*")
_TEXT_TAGS = {"tag:yaml.org,2002:str", "tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:value"}
_NUMBER_TAGS = {"tag:yaml.org,2002:null", "tag:yaml.org,2002:bool", "tag:yaml.org,2002:int", "tag:yaml.org,2002:float"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceLocation:
    """A location in a file; `line` and `column` count from 1."""

    file: str
    line: int
    column: int

    def problem(self, at: KeyPath, message: str, remedy: str) -> Problem:
        """A problem with the value at this location and key path."""
        return Problem(
            message=message, remedy=remedy, key=format_key_path(at), file=self.file, line=self.line, column=self.column
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class YamlDocument:
    """Plain values and, by key path, the locations of keys and values, and the spelling of plain scalars."""

    tree: JSON
    key_locations: Mapping[KeyPath, SourceLocation]
    value_locations: Mapping[KeyPath, SourceLocation]
    scalar_text: Mapping[KeyPath, str]
    problems: tuple[Problem, ...] = ()

    def value(self, at: KeyPath) -> JSON:
        """The value at `at`; None also when nothing was written there."""
        value = self.tree
        for key in at:
            if isinstance(value, dict) and isinstance(key, str):
                value = value.get(key)
            elif isinstance(value, list) and isinstance(key, int) and key < len(value):
                value = value[key]
            else:
                return None
        return value

    def location(self, at: KeyPath) -> SourceLocation:
        """The location of the value at `at`, or of its nearest ancestor that was written."""
        while at and at not in self.value_locations:
            at = at[:-1]
        return self.value_locations[at]

    def key_location(self, at: KeyPath) -> SourceLocation:
        """The location of the key at `at`, or of its value when it is an item of a list or was not written."""
        return self.key_locations.get(at) or self.location(at)

    def problem(self, at: KeyPath, message: str, remedy: str, *, on_key: bool = False) -> Problem:
        """A problem with the value at `at`, or with its key."""
        return (self.key_location(at) if on_key else self.location(at)).problem(at, message, remedy)


def format_key_path(at: KeyPath) -> str:
    """A key path as people write it, such as `components.tables[2].pitr`."""
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in at).lstrip(".")


def read_yaml(text: str, file: str) -> YamlDocument:
    """The one document in `text`; its problems include repeated keys, aliases and tags.

    Raises: ConfigError, when the text is not YAML at all.
    """
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise ConfigError(syntax_problem(error, text, file)) from None
    except RecursionError:
        raise ConfigError(Problem(message="nested too deep to be a configuration", file=file)) from None
    reading = _Reading(file)
    tree = reading.value(node, ()) if node else None
    reading.values.setdefault((), SourceLocation(file=file, line=1, column=1))
    return YamlDocument(
        tree=tree,
        key_locations=reading.keys,
        value_locations=reading.values,
        scalar_text=reading.spelled,
        problems=tuple(reading.problems),
    )


class _Reading:
    """One traversal of the nodes of a document, which collects locations and problems."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.keys: dict[KeyPath, SourceLocation] = {}
        self.values: dict[KeyPath, SourceLocation] = {}
        self.spelled: dict[KeyPath, str] = {}
        self.problems: list[Problem] = []
        self._seen: set[int] = set()

    def value(self, node: yaml.Node, at: KeyPath) -> JSON:
        """The plain value of `node`."""
        self.values[at] = self._location(node)
        if id(node) in self._seen:
            self._report(node, at, "YAML aliases are not used here", "write the value out where it is meant")
            return None
        self._seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, at)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*at, index)) for index, item in enumerate(node.value)]
        return self._scalar(node, at)

    def _mapping(self, node: yaml.MappingNode, at: KeyPath) -> dict[str, JSON]:
        plain: dict[str, JSON] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._report(key_node, at, "a key is one word", "write `key: value`")
                continue
            key = cast("str", key_node.value)
            here = (*at, key)
            if key in plain:
                first = self.keys[here]
                self._report(
                    key_node,
                    here,
                    f"this key was written before, in line {first.line}",
                    "keep one of the two",
                )
                continue
            self.keys[here] = self._location(key_node)
            plain[key] = self.value(value_node, here)
        return plain

    def _scalar(self, node: yaml.Node, at: KeyPath) -> JSON:
        if node.tag in _TEXT_TAGS:
            return cast("str", node.value)
        if node.tag in _NUMBER_TAGS:
            self.spelled[at] = cast("str", node.value)
            try:
                plain = cast("JSON", SafeConstructor().construct_object(node))
            except (ValueError, KeyError):
                # More digits than Python reads, or an explicit tag such as `!!int abc`.
                plain = inf if _DIGITS.fullmatch(node.value) else None
            if plain is not None or node.tag == "tag:yaml.org,2002:null":
                if _is_finite(plain):
                    return plain
                self._report(node, at, "this is not a number that can be used", _NUMBER_REMEDY)
                return None
        self._report(node, at, "YAML tags are not used here", "write the value without the word that starts with !")
        return None

    def _location(self, node: yaml.Node) -> SourceLocation:
        mark = node.start_mark
        return SourceLocation(file=self.file, line=mark.line + 1, column=mark.column + 1)

    def _report(self, node: yaml.Node, at: KeyPath, message: str, remedy: str) -> None:
        self.problems.append(self._location(node).problem(at, message, remedy))


def _is_finite(value: JSON) -> bool:
    """Whether a value can be calculated with, if it is a number: it is neither infinite nor NaN."""
    return not isinstance(value, int | float) or abs(value) <= LARGEST_NUMBER
