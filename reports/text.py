"""Texts of times and statuses, and escaping of text that may come from a tenant."""

from __future__ import annotations

import unicodedata
from datetime import datetime

from basewatch.model import Status

_INVISIBLE = {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"}


def escape_invisible(text: str) -> str:
    """The text with invisible and text-direction characters replaced by their code points."""
    return text if text.isprintable() else "".join(_escaped(character) for character in text)


def _escaped(character: str) -> str:
    if unicodedata.category(character) not in _INVISIBLE or character in "\n\t":
        return character
    return f"\\u{ord(character):04x}"


def minute_text(at: datetime) -> str:
    """A time to the minute, such as `2026-03-01 12:00 UTC`."""
    return f"{at:%Y-%m-%d %H:%M} UTC"


def status_label(status: Status) -> str:
    """A status in lower case, with spaces."""
    return status.replace("_", " ").lower()
