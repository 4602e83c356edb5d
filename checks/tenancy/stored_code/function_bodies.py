"""What the body of a function does, by its text: literals are redacted, and long bodies are not stored."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from isolation.inventory.code import Function

_COMMENTS: Final = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
# RAISE with these levels does not stop the statement: https://www.postgresql.org/docs/15/plpgsql-errors-and-messages.html
_RAISES: Final = re.compile(r"\braise\b(?!\s+(?:debug|log|info|notice|warning)\b)")
_RAISES_FIRST: Final = re.compile(rf"\s*(?:declare\b(?:(?!\bbegin\b).)*)?begin\s+{_RAISES.pattern}", re.DOTALL)
_CATCHES: Final = re.compile(r"\bexception\s+when\b")
_CALLS: Final = re.compile(r"\b(?:perform|call|execute|select|assert)\b")
_COPIES: Final = re.compile(
    r"\b(?:insert|merge)\s+into\b|\bselect\b[^;]*\binto\s+(?:temp|table)\b|\bcreate\b[^;]*\btable\b"
)
_NOTIFIES: Final = re.compile(r"\bpg_notify\s*\(([^;]*)|\bnotify\s+[\w\"]+\s*(?:,[^;]*)?;")
# Payloads without row data: literals, and the variables of the trigger.
_NO_ROW_DATA: Final = re.compile(r"(?:'[^']*'|tg_\w+|null|text|[\s,|:()])*")
_OUTSIDE: Final = re.compile(
    r"\b(?:lo_\w+|loread|lowrite|dblink\w*|aws_\w+\s*\.\s*\w+|cron\s*\.\s*\w+|net\s*\.\s*\w+|http\w*|curl\w*|pg_read_\w+"
    r"|pg_file_\w+|pg_logical_emit_message|\w+_to_xml\w*)\s*\(|\bcopy\b[^;]*\b(?:to|from)\b"
)
_OUTSIDE_WORDS: Final = re.compile(r"lo_\w+|dblink\w*|aws_\w+|cron|http\w*|curl\w*|pg_read_\w+|copy")
_DYNAMIC_SQL: Final = re.compile(r"\bexecute\s+(?!function\b|procedure\b)")
_STATEMENTS: Final = re.compile(
    r"\b(?:insert|update|delete|merge|select|perform|execute|call|copy|notify|truncate|alter|create|drop|grant|revoke"
    r"|set|reset|listen|lock|for|open|fetch)\b"
)


class Stops(StrEnum):
    """Whether a trigger function stops the statement."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


def normalized_body(function: Function) -> str:
    """The body in lower case and without comments; empty when it is not known."""
    return _COMMENTS.sub(" ", function.body).lower()


def stops(function: Function, *, before_each_row: bool) -> Stops:
    """Whether a trigger function always raises an error or skips the row.

    A function that ends without RETURN raises an error: https://www.postgresql.org/docs/15/plpgsql-trigger.html
    """
    body = normalized_body(function)
    if function.language != "plpgsql" or not body.strip() or _CATCHES.search(body):
        return Stops.UNKNOWN
    if _RAISES_FIRST.match(body) or not re.search(r"\breturn\b", body):
        return Stops.YES
    if before_each_row and not re.search(r"\breturn\b(?!\s+null\s*;)", body):
        return Stops.YES
    return Stops.UNKNOWN if _RAISES.search(body) or _CALLS.search(body) else Stops.NO


def copies_rows(function: Function) -> bool:
    """Whether a function writes rows into a table."""
    if function.body:
        return bool(_COPIES.search(normalized_body(function)))
    return bool({"insert", "merge", "create"} & set(function.body_keywords)) and "into" in function.body_keywords


def notifies(function: Function) -> bool:
    """Whether a function sends NOTIFY with a payload other than its own literals."""
    if not function.body:
        return bool({"notify", "pg_notify"} & set(function.body_keywords))
    payloads = (match.group(1) or "" for match in _NOTIFIES.finditer(normalized_body(function)))
    return any(not _NO_ROW_DATA.fullmatch(each) for each in payloads)


def reaches_outside(function: Function) -> bool:
    """Whether a function uses files, connections, large objects or other means outside policies."""
    if function.body:
        return bool(_OUTSIDE.search(normalized_body(function)))
    return any(_OUTSIDE_WORDS.fullmatch(word) for word in function.body_keywords)


def runs_dynamic_sql(function: Function) -> bool:
    """Whether a function runs dynamic SQL."""
    if function.body:
        return bool(_DYNAMIC_SQL.search(normalized_body(function)))
    return "execute" in function.body_keywords


def only_computes(function: Function, functions: Iterable[Function]) -> bool:
    """Whether a function only computes and raises: it runs no statement, and calls only built-in functions."""
    body = normalized_body(function)
    if function.language != "plpgsql" or not body.strip():
        return False
    called = {name.strip('"') for name in re.findall(r'(\w+|"[^"]+")\s*\(', body)}
    return not _STATEMENTS.search(body) and called.isdisjoint(bare_name(other) for other in functions)


def bare_name(function: Function) -> str:
    """The function's name without its schema and arguments, in lower case."""
    name = function.name.partition("(")[0]
    return name.removeprefix(f"{function.schema}.").rpartition(".")[2].strip('"').lower()
