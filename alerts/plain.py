"""Text that a tenant or a resource name can influence, made harmless and short before a channel escapes it."""

from __future__ import annotations

import unicodedata

_REPLACEMENT = "\ufffd"
# A joiner is part of a letter or an emoji, and does nothing by itself.
_JOINERS = frozenset("\u200c\u200d")
_REGIONAL_INDICATORS = ("\U0001f1e6", "\U0001f1ff")
_SKIN_TONES = ("\U0001f3fb", "\U0001f3ff")


def one_line(text: str) -> str:
    """The text on one line: runs of space are one space, and what is invisible or turns the text around is �.

    So no control character, escape sequence, direction override or lone surrogate reaches a channel.
    """
    harmless = text if text.isprintable() else text.translate(_HARMLESS)
    return " ".join(harmless.split())


def lines(text: str) -> str:
    """The text with its line breaks; each line is as `one_line` gives it."""
    return "\n".join(one_line(line) for line in text.splitlines())


def cut(text: str, limit: int) -> str:
    """At most `limit` characters of the text; what is left out is counted: `… (1,234 more characters)`.

    A letter is not separated from its accents, nor an emoji from its parts.
    """
    if len(text) <= limit:
        return text
    kept = limit
    # The note is longer when it counts more, so it is measured until it fits.
    while kept > 0 and kept + len(_note(len(text) - kept)) > limit:
        kept -= 1
    kept = _boundary(text, kept)
    return (text[:kept] + _note(len(text) - kept))[:limit] if kept else text[: max(limit - 1, 0)] + "…"[:limit]


def cut_bytes(text: str, limit: int) -> str:
    """At most `limit` bytes of the text in UTF-8, cut as `cut` does."""
    size = len(text.encode())
    if size <= limit:
        return text
    characters = min(len(text), limit)
    while len((shorter := cut(text, characters)).encode()) > limit and characters > 0:
        characters -= max(1, (len(shorter.encode()) - limit) // 4)
    return shorter


class _Harmless(dict[int, str]):
    """What stands for each character, found when it is first met."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        hidden = unicodedata.category(character) in ("Cc", "Cf", "Cs") and character not in _JOINERS
        self[code] = " " if character.isspace() else _REPLACEMENT if hidden else character
        return self[code]


_HARMLESS = _Harmless()


def _note(count: int) -> str:
    return f"… ({count:,} more characters)"


def _boundary(text: str, at: int) -> int:
    """The last place at or before `at` where the text may be cut; 0 when there is none near."""
    place = at
    while place > max(at - 40, 0) and _continues(text, place):
        place -= 1
    return place if not _continues(text, place) else at


def _continues(text: str, at: int) -> bool:
    """Whether the character at this place belongs to the one before it."""
    if not 0 < at < len(text):
        return False
    before, here = text[at - 1], text[at]
    flag = all(_REGIONAL_INDICATORS[0] <= each <= _REGIONAL_INDICATORS[1] for each in (before, here))
    return (
        unicodedata.category(here).startswith("M")
        or here in _JOINERS
        or before in _JOINERS
        or _SKIN_TONES[0] <= here <= _SKIN_TONES[1]
        or (flag and _flags_before(text, at) % 2 == 1)
    )


def _flags_before(text: str, at: int) -> int:
    count = 0
    while count < at and _REGIONAL_INDICATORS[0] <= text[at - 1 - count] <= _REGIONAL_INDICATORS[1]:
        count += 1
    return count
