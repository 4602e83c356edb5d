"""What is kept of an expression: its shape and the names of settings, and no constant that might be a tenant's id."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection
from typing import Final

from isolation.inventory.relations import StoredExpression

REDACTED: Final = "redacted"
"""What stands for a constant in a node tree: `:constvalue redacted`."""
_GAP: Final = "…"
_BOOLEAN: Final = "16"
_TEXTS: Final = frozenset({"19", "25", "705", "1042", "1043"})  # name, text, unknown, bpchar, varchar
_NAME_TYPE: Final = "19"
_HEADER: Final = 4
_EMPTY: Final = 2  # the length of ""
_SETTING: Final = re.compile(r"[a-z_]\w*\.[a-z_]\w*", re.IGNORECASE | re.ASCII)
# Where in the source something stood; from version 17 on mostly -1, and no part of what is meant.
_LOCATION: Final = re.compile(r" :(?:(?:\w+_)?location|stmt_len|list_start|list_end) -?\d+")
# A constant, with the call of current_setting (OID 2077, 3294) right before it, or one in a shape that is not known.
_CONSTANT: Final = re.compile(
    r"(?P<call>\{FUNCEXPR :funcid (?:2077|3294) [^{}]*:args \()?"
    r"(?P<head>\{CONST :consttype (?P<type>\d+) [^{}\[\]]*:constvalue )(?P<size>\d+) \[ (?P<bytes>[-\d ]*)\]"
    r"|:constvalue \d+ \[[^\]]*\]"
    r"|\{A_CONST [^{}]*\}"
)
_TOKEN: Final = re.compile(
    r"""
      (?P<comment> --[^\n]* | /\*.*?(?:\*/|\Z) )
    | (?P<dollar> \$(?P<tag>[A-Za-z_\x80-\U0010ffff]?[\w]*)\$ .*? (?:\$(?P=tag)\$|\Z) )
    | (?P<kept> "(?:[^"]|"")*(?:"|\Z) | \$\d+ )
    | (?P<text> [Ee]'(?:[^'\\]|''|\\.)*(?:'|\Z) | (?:[BbXxNn]|[Uu]&)?'(?:[^']|'')*(?:'|\Z) )
    | (?P<word> [^\W\d][\w$]* )
    | (?P<number> \.?\d[\w.]* )
    """,
    re.VERBOSE | re.DOTALL,
)
_NAMING: Final = re.compile(r"\b(?:current_setting|set_config)\s*\(\s*\Z", re.IGNORECASE)


def text_digest(text: str) -> str:
    """The sha256 of a text, as findings print it and the manifest's `allowed` repeats it."""
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def stored_expression(tree: str | None, text: str | None, context_settings: Collection[str]) -> StoredExpression | None:
    """A stored expression as it may be kept; None for none. The digest is of the tree without locations."""
    if tree is None:
        return None
    placed = _LOCATION.sub("", tree)
    return StoredExpression(
        tree=redact_tree(placed, context_settings),
        text=redact_text(text or "", context_settings),
        digest=text_digest(placed),
    )


def redact_tree(tree: str, context_settings: Collection[str]) -> str:
    """A node tree without locations and constants.

    Kept are booleans, NULL, the empty text, the context settings' names, and what current_setting is asked for.
    """
    return _CONSTANT.sub(lambda found: _constant(found, context_settings), _LOCATION.sub("", tree))


def redact_text(text: str, context_settings: Collection[str]) -> str:
    """An expression or a function's body in SQL or PL/pgSQL without comments, strings and numbers.

    Kept are the empty string, the context settings' names, and what current_setting and set_config are asked for. What
    cannot be told apart, as where a quote never ends, is blanked as a whole.
    """
    if any(_is_open(found) for found in _TOKEN.finditer(text)):
        return _GAP
    return _TOKEN.sub(lambda found: _token(found, context_settings), text)


def _constant(found: re.Match[str], context_settings: Collection[str]) -> str:
    if found["head"] is None:
        return f":constvalue {REDACTED}" if found[0].startswith(":") else "{A_CONST " + REDACTED + "}"
    if found["type"] == _BOOLEAN:
        return found[0]
    text = _decoded(found["type"], found["size"], found["bytes"])
    if text is not None and _may_stay(text, context_settings, asked=found["call"] is not None):
        return found[0]
    return f"{found['call'] or ''}{found['head']}{REDACTED}"


def _decoded(kind: str, size: str, written: str) -> str | None:
    """A constant's text; None when it is not of a text type, or not stored as texts are."""
    values = [int(value) % 256 for value in written.split()]
    if kind not in _TEXTS or len(values) != int(size):
        return None
    stored = bytes(values)
    if kind == _NAME_TYPE:
        stored = stored.rstrip(b"\0")
    elif int.from_bytes(stored[:_HEADER], "little") == len(stored) << 2 or (
        int.from_bytes(stored[:_HEADER], "big") == len(stored)
    ):
        stored = stored[_HEADER:]
    else:
        return None
    try:
        return stored.decode()
    except UnicodeDecodeError:
        return None


def _is_open(found: re.Match[str]) -> bool:
    """Whether a quote never ends, or may end elsewhere where backslashes escape it."""
    token, text = found[0], found["text"]
    if found["comment"] is not None:
        # Comments nest, and patterns do not.
        return token.startswith("/*") and ("/*" in token[2:] or not token.endswith("*/"))
    if found["dollar"] is not None:
        mark = f"${found['tag']}$"
        return len(token) < 2 * len(mark) or not token.endswith(mark)
    if found["kept"] is not None and token.startswith('"'):
        return not token.endswith('"') or len(token) < _EMPTY or token.count('"') % 2 == 1
    if text is None:
        return False
    escaped = text[0] in "Ee"
    inner = text[text.index("'") :]
    plain = re.sub(r"\\.", "", inner, flags=re.DOTALL) if escaped else inner
    return plain.count("'") % 2 == 1 or (not escaped and "\\'" in text)


def _token(found: re.Match[str], context_settings: Collection[str]) -> str:
    if found["comment"] is not None:
        return " "
    if found["kept"] is not None or found["word"] is not None:
        return found[0]
    if found["number"] is not None:
        return _GAP
    text = found["text"]
    if text is None or not text.endswith("'") or not text.startswith("'"):
        return f"'{_GAP}'"
    before = found.string[max(0, found.start() - 40) : found.start()]
    stays = _may_stay(text[1:-1], context_settings, asked=_NAMING.search(before) is not None)
    return text if stays else f"'{_GAP}'"


def _may_stay(text: str, context_settings: Collection[str], *, asked: bool) -> bool:
    """Whether a text is empty, or the name of a setting: a declared one, or where one is `asked` for."""
    return not text or text in context_settings or (asked and _SETTING.fullmatch(text) is not None)
