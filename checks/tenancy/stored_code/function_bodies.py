"""What the body of a function does, as far as its words say: literals are blanked, and a long body is not there."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from isolation.inventory.code import Function

_COMMENTS: Final = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
# RAISE of these levels says something and goes on: https://www.postgresql.org/docs/15/plpgsql-errors-and-messages.html
_RAISES: Final = re.compile(r"\braise\b(?!\s+(?:debug|log|info|notice|warning)\b)")
_RAISES_FIRST: Final = re.compile(rf"\s*(?:declare\b(?:(?!\bbegin\b).)*)?begin\s+{_RAISES.pattern}", re.DOTALL)
_CATCHES: Final = re.compile(r"\bexception\s+when\b")
_CALLS: Final = re.compile(r"\b(?:perform|call|execute|select|assert)\b")
_COPIES: Final = re.compile(
    r"\b(?:insert|merge)\s+into\b|\bselect\b[^;]*\binto\s+(?:temp|table)\b|\bcreate\b[^;]*\btable\b"
)
_NOTIFIES: Final = re.compile(r"\bpg_notify\s*\(([^;]*)|\bnotify\s+[\w\"]+\s*(?:,[^;]*)?;")
# What tells everybody nothing about a row: literals, and the trigger's own variables.
_TELLS_NOTHING: Final = re.compile(r"(?:'[^']*'|tg_\w+|null|text|[\s,|:()])*")
_OUTSIDE: Final = re.compile(
    r"\b(?:lo_\w+|loread|lowrite|dblink\w*|aws_\w+\s*\.\s*\w+|cron\s*\.\s*\w+|net\s*\.\s*\w+|http\w*|curl\w*|pg_read_\w+"
    r"|pg_file_\w+|pg_logical_emit_message|\w+_to_xml\w*)\s*\(|\bcopy\b[^;]*\b(?:to|from)\b"
)
_OUTSIDE_WORDS: Final = re.compile(r"lo_\w+|dblink\w*|aws_\w+|cron|http\w*|curl\w*|pg_read_\w+|copy")
_PUTS_TOGETHER: Final = re.compile(r"\bexecute\s+(?!function\b|procedure\b)")
_STATEMENTS: Final = re.compile(
    r"\b(?:insert|update|delete|merge|select|perform|execute|call|copy|notify|truncate|alter|create|drop|grant|revoke"
    r"|set|reset|listen|lock|for|open|fetch)\b"
)


class Stops(StrEnum):
    """Whether a trigger's function stops the statement."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


def normalized_body(function: Function) -> str:
    """The body in lower case and without comments; empty when it is not known."""
    return _COMMENTS.sub(" ", function.body).lower()


def stops(function: Function, *, before_each_row: bool) -> Stops:
    """Whether a trigger's function raises whatever happens, or has the row passed over.

    One that ends without RETURN raises: https://www.postgresql.org/docs/15/plpgsql-trigger.html
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
    """Whether it writes rows into a table by name."""
    if function.body:
        return bool(_COPIES.search(normalized_body(function)))
    return bool({"insert", "merge", "create"} & set(function.body_keywords)) and "into" in function.body_keywords


def notifies(function: Function) -> bool:
    """Whether it tells every session that listens something that is not in its own text."""
    if not function.body:
        return bool({"notify", "pg_notify"} & set(function.body_keywords))
    told = (match.group(1) or "" for match in _NOTIFIES.finditer(normalized_body(function)))
    return any(not _TELLS_NOTHING.fullmatch(each) for each in told)


def reaches_outside(function: Function) -> bool:
    """Whether it uses files, connections, large objects or anything else that no policy holds."""
    if function.body:
        return bool(_OUTSIDE.search(normalized_body(function)))
    return any(_OUTSIDE_WORDS.fullmatch(word) for word in function.body_keywords)


def runs_dynamic_sql(function: Function) -> bool:
    """Whether it runs text as a statement."""
    if function.body:
        return bool(_PUTS_TOGETHER.search(normalized_body(function)))
    return "execute" in function.body_keywords


def only_computes(function: Function, functions: Iterable[Function]) -> bool:
    """Whether it only computes and raises: no statement is run, and no function called that is not PostgreSQL's."""
    body = normalized_body(function)
    if function.language != "plpgsql" or not body.strip():
        return False
    called = {name.strip('"') for name in re.findall(r'(\w+|"[^"]+")\s*\(', body)}
    return not _STATEMENTS.search(body) and called.isdisjoint(bare_name(other) for other in functions)


def bare_name(function: Function) -> str:
    """The function's name without its schema and arguments, in lower case."""
    name = function.name.partition("(")[0]
    return name.removeprefix(f"{function.schema}.").rpartition(".")[2].strip('"').lower()
