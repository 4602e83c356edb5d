"""What a policy asks about its surroundings (the time, the client, the session), with other answers in place. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from checks.tenancy.probes.expression_tokens import ExpressionContents

MAX_ANSWERS: Final = 16
"""Other answers to one question at most."""
# Settings that every role may change in its session; `role` and `is_superuser`, for example, are none.
_CHANGEABLE: Final = (
    "application_name|search_path|timezone|datestyle|intervalstyle|client_encoding|bytea_output|extra_float_digits"
    "|statement_timeout|lock_timeout|idle_in_transaction_session_timeout|work_mem|jit|row_security|enable_\\w+"
    "|(?:default_)?transaction_(?:read_only|isolation|deferrable)"
)
_SETTING: Final = rf"current_setting\('(?P<setting>(?i:{_CHANGEABLE}))'::text(?:, (?:true|false))?\)"
_NOW: Final = r"(?:now|transaction_timestamp|statement_timestamp|clock_timestamp)\(\)|CURRENT_TIMESTAMP(?:\(\d+\))?"
# Text constants and quoted names, in which nothing is asked.
_QUOTED: Final = r"""E?'(?:[^'\\]|''|\\.)*'|"(?:[^"]|"")*\""""
_DATES: Final = ("2000-01-01", "9999-01-01")


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherAnswer:
    """A predicate in which one question about its surroundings has another answer, described without values."""

    description: str
    predicate: str


def other_answers(predicate: str, contents: ExpressionContents) -> Iterator[OtherAnswer]:
    """The predicate with each question that it asks about its surroundings answered otherwise, one at a time."""
    texts = list(dict.fromkeys(word for c in contents.constants for word in (c.text, c.text.replace("%", ""))))
    typed = [f"{_literal(text)}::text" for text in (*texts, "another")]
    networks = [text for text in texts if re.fullmatch(r"[\da-fA-F.:/]+", text)]
    addresses = [f"{_literal(one)}::inet" for text in networks for one in (text, text.partition("/")[0])]
    questions: tuple[tuple[str, str, Iterable[str]], ...] = (
        ("at another time", _NOW, [f"'{day}'::timestamp with time zone" for day in _DATES]),
        ("at another time", r"LOCALTIMESTAMP(?:\(\d+\))?", [f"'{day}'::timestamp without time zone" for day in _DATES]),
        ("at another time", r"CURRENT_DATE", [f"'{day}'::date" for day in _DATES]),
        ("from another address", r"inet_client_addr\(\)", addresses),
        ("with other random numbers", r"random\(\)", ["0::double precision", "0.999999::double precision"]),
        ("in another query", r"current_query\(\)", typed),
        ("in a trigger", r"pg_trigger_depth\(\)", ["1"]),
        ("on a replica", r"pg_is_in_recovery\(\)", ["true", "false"]),
    )
    for description, pattern, answers in questions:
        yield from _answered(predicate, description, pattern, answers)
    for setting in dict.fromkeys(match["setting"] for match in re.finditer(_SETTING, predicate)):
        pattern = rf"current_setting\('{re.escape(setting)}'::text(?:, (?:true|false))?\)"
        yield from _answered(predicate, f"with {setting} set", pattern, typed)


def as_session_user(predicate: str, role: str) -> str:
    """The predicate in a session of this role, which SET ROLE does not give."""
    return _replaced(predicate, r"\bSESSION_USER\b", f"{_literal(role)}::name")


def _answered(predicate: str, description: str, pattern: str, answers: Iterable[str]) -> Iterator[OtherAnswer]:
    for answer in islice(answers, MAX_ANSWERS):
        changed = _replaced(predicate, pattern, answer)
        if changed != predicate:
            yield OtherAnswer(description=description, predicate=changed)


def _replaced(text: str, pattern: str, answer: str) -> str:
    found = re.compile(rf"(?P<asked>{pattern})|{_QUOTED}", re.DOTALL)
    return found.sub(lambda match: f"({answer})" if match["asked"] is not None else match[0], text)


def _literal(text: str) -> str:
    return " E'" + text.replace("\\", "\\\\").replace("'", "''") + "'"
