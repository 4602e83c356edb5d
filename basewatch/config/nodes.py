"""A YAML text as plain values, and the place in its file where each was written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias, cast

import yaml
from yaml.constructor import SafeConstructor

from basewatch.config.syntax import syntax_problem
from basewatch.errors import ConfigError, Problem
from basewatch.model import JSON

Keys: TypeAlias = tuple[str | int, ...]
_TEXT_TAGS = {"tag:yaml.org,2002:str", "tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:value"}
_NUMBER_TAGS = {"tag:yaml.org,2002:null", "tag:yaml.org,2002:bool", "tag:yaml.org,2002:int", "tag:yaml.org,2002:float"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where something was written; `line` and `column` count from 1."""

    file: str
    line: int
    column: int

    def problem(self, at: Keys, message: str, remedy: str) -> Problem:
        """A problem with what stands here under the key path `at`."""
        return Problem(
            message=message, remedy=remedy, key=path_text(at), file=self.file, line=self.line, column=self.column
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """Plain values and, by key path, where each key and each value was written, and how a plain scalar was spelled."""

    tree: JSON
    keys: Mapping[Keys, Place]
    values: Mapping[Keys, Place]
    spelled: Mapping[Keys, str]
    problems: tuple[Problem, ...] = ()

    def value(self, at: Keys) -> JSON:
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

    def place(self, at: Keys) -> Place:
        """Where the value at `at` stands: itself, or its nearest ancestor that was written."""
        while at and at not in self.values:
            at = at[:-1]
        return self.values[at]

    def key_place(self, at: Keys) -> Place:
        """Where the key of `at` stands, or its value when it is an item of a list or was not written."""
        return self.keys.get(at) or self.place(at)

    def problem(self, at: Keys, message: str, remedy: str, *, on_key: bool = False) -> Problem:
        """A problem with the value at `at`, or with its key."""
        return (self.key_place(at) if on_key else self.place(at)).problem(at, message, remedy)


def path_text(at: Keys) -> str:
    """A key path as people write it, such as `components.tables[2].pitr`."""
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in at).lstrip(".")


def read_yaml(text: str, file: str) -> Document:
    """The one document in `text`; repeated keys, aliases and tags are among its problems.

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
    reading.values.setdefault((), Place(file=file, line=1, column=1))
    return Document(
        tree=tree,
        keys=reading.keys,
        values=reading.values,
        spelled=reading.spelled,
        problems=tuple(reading.problems),
    )


class _Reading:
    """One walk over the nodes of a document, noting places and problems on the way."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.keys: dict[Keys, Place] = {}
        self.values: dict[Keys, Place] = {}
        self.spelled: dict[Keys, str] = {}
        self.problems: list[Problem] = []
        self._seen: set[int] = set()

    def value(self, node: yaml.Node, at: Keys) -> JSON:
        """The plain value of `node`."""
        self.values[at] = self._place(node)
        if id(node) in self._seen:
            self._complain(node, at, "YAML aliases are not used here", "write the value out where it is meant")
            return None
        self._seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, at)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*at, index)) for index, item in enumerate(node.value)]
        return self._scalar(node, at)

    def _mapping(self, node: yaml.MappingNode, at: Keys) -> dict[str, JSON]:
        plain: dict[str, JSON] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._complain(key_node, at, "a key is one word", "write `key: value`")
                continue
            key = cast("str", key_node.value)
            here = (*at, key)
            if key in plain:
                first = self.keys[here]
                self._complain(
                    key_node,
                    here,
                    f"this key was written before, in line {first.line}",
                    "keep one of the two",
                )
                continue
            self.keys[here] = self._place(key_node)
            plain[key] = self.value(value_node, here)
        return plain

    def _scalar(self, node: yaml.Node, at: Keys) -> JSON:
        if node.tag in _TEXT_TAGS:
            return cast("str", node.value)
        if node.tag in _NUMBER_TAGS:
            self.spelled[at] = cast("str", node.value)
            try:
                return cast("JSON", SafeConstructor().construct_object(node))
            except (ValueError, KeyError):
                pass  # an explicit tag such as `!!int abc`, which falls through to the complaint about tags
        self._complain(node, at, "YAML tags are not used here", "write the value without the word that starts with !")
        return None

    def _place(self, node: yaml.Node) -> Place:
        mark = node.start_mark
        return Place(file=self.file, line=mark.line + 1, column=mark.column + 1)

    def _complain(self, node: yaml.Node, at: Keys, message: str, remedy: str) -> None:
        self.problems.append(self._place(node).problem(at, message, remedy))
