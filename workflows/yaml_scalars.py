"""Names and texts as YAML, for a configuration that is drafted line by line."""

from __future__ import annotations

import json
import re

_PLAIN = re.compile(r"[A-Za-z_][\w.-]*(?: [\w.-]+)*")
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})


def named(names: tuple[str, ...]) -> str:
    """One name by itself, or several as a list."""
    return scalar(names[0]) if len(names) == 1 else listed(names)


def listed(names: tuple[str, ...]) -> str:
    """Names as a list."""
    return f"[{', '.join(map(scalar, names))}]"


def scalar(text: str) -> str:
    """A text as a YAML scalar: plain if possible, else in double quotes."""
    plain = _PLAIN.fullmatch(text) and text.lower() not in _WORDS
    return text if plain else json.dumps(text, ensure_ascii=False)


def comment(text: str) -> str:
    """A text on one line."""
    return " ".join(text.split())
