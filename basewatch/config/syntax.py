"""What is wrong with a text that is not YAML, in words for the person who wrote it."""

from __future__ import annotations

import re
from typing import Final

import yaml
from yaml.reader import ReaderError

from basewatch.errors import Problem

# PyYAML's own words quote the text, which may be a secret; so they are recognised here and never repeated.
_WORDS: Final = (
    (
        r"found character '\\t'",
        "a tab cannot indent YAML",
        "indent with two spaces; let your editor show white space",
    ),
    (
        r"found character '[@`%|>]' that cannot start any token|found character '`'",
        "a value cannot start with this sign",
        "put the value in quotes",
    ),
    (
        r"mapping values are not allowed here",
        "a second `: ` in one line, or a key that is indented unlike its neighbours",
        "put a value that holds `: ` in quotes, or align the key with the others of its list",
    ),
    (
        r"found undefined alias|expected alphabetic or numeric character",
        "a value that starts with * or & means something else in YAML",
        "put the value in quotes",
    ),
    (
        r"expected a single document",
        "a second document starts here",
        "remove the line `---`, or move what follows to a file of its own in a folder",
    ),
    (
        r"while scanning a quoted scalar|found unexpected end of stream",
        "a quotation mark is opened here and never closed",
        "close it on the same line",
    ),
    (
        r"while parsing a flow (sequence|mapping)|expected ',' or",
        "a bracket is opened here and never closed, or a comma is missing in it",
        "close it, and put a comma between the values",
    ),
    (
        r"but found '[\]}]'",
        "a bracket is closed here that was never opened",
        "remove it",
    ),
    (
        r"while parsing a block (mapping|collection)|expected <block end>",
        "the indentation does not fit the lines above",
        "align keys of one mapping, and the dashes of one list, in one column",
    ),
    (
        r"could not find expected ':'|while scanning a simple key",
        "a key without a colon",
        "write `key: value`, with a space after the colon",
    ),
)


def syntax_problem(error: yaml.YAMLError, text: str, file: str) -> Problem:
    """The one problem for which YAML could not be read, with its place."""
    if isinstance(error, ReaderError):
        before = text[: error.position]
        return Problem(
            message="a control character that YAML does not allow",
            remedy="remove it, or write it as an escape in double quotes",
            file=file,
            line=before.count("\n") + 1,
            column=len(before) - before.rfind("\n"),
        )
    text_of_error = f"{getattr(error, 'context', None) or ''} {getattr(error, 'problem', None) or ''}"
    message, remedy = _words(text_of_error)
    mark = _mark(error, opened="opened here" in message)
    if mark is None:
        return Problem(message=message, remedy=remedy, file=file)
    return Problem(message=message, remedy=remedy, file=file, line=mark.line + 1, column=mark.column + 1)


def _words(text: str) -> tuple[str, str]:
    for pattern, message, remedy in _WORDS:
        if re.search(pattern, text):
            return message, remedy
    return "this is not YAML", "compare the line with its neighbours, or put the value in quotes"


def _mark(error: yaml.YAMLError, *, opened: bool) -> yaml.Mark | None:
    if not isinstance(error, yaml.MarkedYAMLError):
        return None
    first, second = (error.context_mark, error.problem_mark) if opened else (error.problem_mark, error.context_mark)
    return first or second
