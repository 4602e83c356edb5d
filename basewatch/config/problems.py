"""Validation errors of pydantic as problems with a message, a remedy and a location in the file."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from basewatch.component_settings import ConfigModel
from basewatch.config.shape import keys_at, missing_key_remedy
from basewatch.config.yaml_document import KeyPath, YamlDocument, format_key_path
from basewatch.errors import InvalidValueError, Problem, display_value

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

MessageAndRemedy: TypeAlias = tuple[str, str]

_KEYS: Final = ("`key: value` lines are", "write `key: value`, one per line and indented alike")
_LIST: Final = ("a list is", "write [one, another], or one item per line after a dash")
_WHOLE: Final = ("a whole number is", "write for example 7")
_NUMBER: Final = ("a number is", "write for example 0.5")
_BOOLEAN: Final = ("true or false is", "write true or false, without quotes")
_EXPECTED: Final[Mapping[str, MessageAndRemedy]] = {
    "string_type": ("text is", "write one word, or a text in quotes"),
    "int_type": _WHOLE,
    "int_from_float": _WHOLE,
    "float_type": _NUMBER,
    "finite_number": _NUMBER,
    "bool_type": _BOOLEAN,
    "tuple_type": _LIST,
    "model_type": _KEYS,
    "model_attributes_type": _KEYS,
    "dict_type": _KEYS,
}


def validation_problems(error: ValidationError, document: YamlDocument, config: type[ConfigModel]) -> Iterator[Problem]:
    """One problem for each thing pydantic found, with its place in the document."""
    unreadable = {problem.key for problem in document.problems}
    for detail in error.errors(include_url=False):
        kind = detail["type"]
        at = _written_path(detail["loc"], document, may_be_absent=kind == "missing")
        is_consequence = kind == "default_factory_not_called" or (kind == "too_short" and document.value(at))
        if format_key_path(at) in unreadable or is_consequence:
            continue  # only the consequence of a problem that is reported at its own location
        if kind == "extra_forbidden":
            yield document.problem(at, f"there is no key '{at[-1]}' here", _instead(at, document, config), on_key=True)
        elif kind in {"missing", "union_tag_not_found"}:
            missing = at if kind == "missing" else (*at, "kind")
            yield document.problem(
                missing[:-1], f"'{missing[-1]}' is missing", missing_key_remedy(config, missing), on_key=True
            )
        elif kind == "union_tag_invalid":
            yield document.problem((*at, "kind"), *_not_one_of(_context(detail)["tag"], _context(detail)))
        else:
            yield document.problem(at, *_words(detail, at, document))


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The known word nearest to a misspelled one, as a question; empty when none is near."""
    by_folded = {name.casefold(): name for name in known}
    near = difflib.get_close_matches(word.casefold(), by_folded, n=1)
    return f"did you mean '{by_folded[near[0]]}'? " if near else ""


def _written_path(loc: tuple[int | str, ...], document: YamlDocument, *, may_be_absent: bool) -> KeyPath:
    """The key path of a pydantic location, without the names of union members; the last key may be absent."""
    at: KeyPath = ()
    for index, key in enumerate(loc):
        absent = may_be_absent and index == len(loc) - 1
        at = (*at, key) if absent or (*at, key) in document.value_locations else at
    return at


def _instead(at: KeyPath, document: YamlDocument, config: type[ConfigModel]) -> str:
    allowed = keys_at(config, at[:-1], document.value((*at[:-1], "kind")))
    return f"{did_you_mean(str(at[-1]), allowed)}the keys are {', '.join(allowed)}"


def _context(detail: ErrorDetails) -> dict[str, Any]:
    return detail.get("ctx") or {}


def _words(detail: ErrorDetails, at: KeyPath, document: YamlDocument) -> MessageAndRemedy:
    context, kind = _context(detail), detail["type"]
    wrong = context.get("error")
    if isinstance(wrong, InvalidValueError):
        return wrong.message, wrong.remedy
    if at == ("version",):
        return f"this Basewatch reads version 1, not {document.scalar_text.get(at) or 'a text'}", "write `version: 1`"
    if kind in _EXPECTED:
        return _wrong_type(kind, at, document)
    if kind in {"literal_error", "enum"}:
        return _not_one_of(detail["input"], context)
    return _out_of_bounds(kind, context)


def _wrong_type(kind: str, at: KeyPath, document: YamlDocument) -> MessageAndRemedy:
    expected, remedy = _EXPECTED[kind]
    value, spelled = document.value(at), document.scalar_text.get(at)
    if value is None:
        return f"nothing is written here, and {expected} expected", remedy
    if kind == "string_type" and spelled:
        read = "" if spelled == _type_name(value) else f", and YAML reads {spelled} as {_type_name(value)}"
        return f"text is expected{read or f', not {spelled}'}", f'put it in quotes: "{spelled}"'
    return f"{expected} expected, not {spelled or _type_name(value)}", remedy


def _type_name(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    names: dict[type, str] = {int: "a number", float: "a number", str: "text", list: "a list"}
    return names.get(type(value), "`key: value` lines")


def _not_one_of(value: object, context: dict[str, Any]) -> MessageAndRemedy:
    known = re.findall(r"'([^']*)'", str(context.get("expected_tags") or context.get("expected")))
    return (
        f"{display_value(value)} is not one of {', '.join(known)}",
        f"{did_you_mean(str(value), known)}".strip() or "write one of them",
    )


def _out_of_bounds(kind: str, context: dict[str, Any]) -> MessageAndRemedy:
    match kind:
        case "greater_than":
            return f"the number has to be more than {context['gt']:g}", "write a larger one"
        case "greater_than_equal":
            return f"the number has to be {context['ge']:g} or more", "write a larger one"
        case "less_than_equal":
            return f"the number has to be {context['le']:g} or less", "write a smaller one"
        case "too_short" | "string_too_short":
            return "this is empty", "write at least one"
        case _:
            return "this value is not valid here", "compare it with config.yaml of the project"
