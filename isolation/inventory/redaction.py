"""Redacts stored expressions: keeps their shape and setting names, and no constant that could be a tenant's id."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection
from sys import intern
from typing import Final
from uuid import UUID

from isolation.inventory.relations import StoredExpression

REDACTED: Final = "redacted"
"""The replacement of a constant in a node tree: `:constvalue redacted`."""
_GAP: Final = "…"
_BOOLEAN: Final = "16"
_UUID: Final = "2950"
_INTEGERS: Final = frozenset({"20", "21", "23"})
# What stands in for a tenant where none is set.
_NIL: Final = "00000000-0000-0000-0000-000000000000"
_NO_NUMBER: Final = frozenset({"0", "-1"})
_TEXTS: Final = frozenset({"19", "25", "705", "1042", "1043"})  # name, text, unknown, bpchar, varchar
_NAME_TYPE: Final = "19"
_HEADER: Final = 4
_EMPTY: Final = 2  # the length of ""
# Names of claims in tokens: https://www.rfc-editor.org/rfc/rfc7519#section-4.1, and those that platforms add.
_CLAIMS: Final = frozenset({
    "aud", "exp", "iat", "iss", "jti", "nbf", "sub", "aal", "amr", "app_metadata", "user_metadata", "admin", "claims",
    "email", "is_admin", "is_anonymous", "is_superuser", "org_id", "organization_id", "permissions", "phone", "role",
    "roles", "scope", "scopes", "session_id", "tenant", "tenant_id", "user_id", "user_role", "x-hasura-role",
    "x-hasura-org-id", "x-hasura-tenant-id", "x-hasura-user-id",
})  # fmt: skip
_SETTING: Final = re.compile(r"[a-z_]\w*\.[a-z_]\w*", re.IGNORECASE | re.ASCII)
# Positions in the source text; since version 17 mostly -1, and without a meaning.
_LOCATION: Final = re.compile(r" :(?:(?:\w+_)?location|stmt_len|list_start|list_end) -?\d+")
# A constant, with a directly preceding call of current_setting (OID 2077, 3294); or a constant of an unknown form.
_CONSTANT: Final = re.compile(
    r"(?P<call>\{FUNCEXPR :funcid (?:2077|3294) [^{}]*:args \()?"
    r"(?P<head>\{CONST :consttype (?P<type>\d+) [^{}\[\]]*:constvalue )(?P<size>\d+) \[ (?P<bytes>[-\d ]*)\]"
    r"|:constvalue \d+ \[[^\]]*\]"
    r"|\{A_CONST [^{}]*\}"
)
_TOKEN: Final = re.compile(
    r"""
      (?P<comment> --[^\n\r]* | /\*.*?(?:\*/|\Z) )
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
    """The sha256 of a text in the form that findings print and approvals of the manifest use."""
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def stored_expression(
    tree: str | None, text: str | None, digest: str, context_settings: Collection[str]
) -> StoredExpression | None:
    """The redacted form of a stored expression with its digest, or None without one."""
    if tree is None:
        return None
    # Partitions have equal policies: each tree is kept once.
    return StoredExpression(
        tree=intern(redact_tree(tree, context_settings)),
        text=intern(redact_text(text or "", context_settings)),
        digest=digest,
    )


def redact_tree(tree: str, context_settings: Collection[str]) -> str:
    """A node tree without locations and constants.

    It keeps booleans, NULL, the empty text and the empty JSON object, the nil UUID, 0 and -1, common names of claims,
    the names and values of the manifest in `context_settings`, and the arguments of current_setting.
    """
    return _CONSTANT.sub(lambda found: _constant(found, context_settings), _LOCATION.sub("", tree))


def redact_text(text: str, context_settings: Collection[str]) -> str:
    """An expression or function body in SQL or PL/pgSQL without comments, strings and numbers.

    It keeps the empty string, the names of the context settings, and the setting names in calls of current_setting and
    set_config. A text that cannot be tokenized, for example with an unterminated quote, is redacted completely.
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
    is_no_id = found["type"] in _INTEGERS and text in _NO_NUMBER
    if text is not None and (is_no_id or _is_allowed(text, context_settings, setting_name=found["call"] is not None)):
        return found[0]
    return f"{found['call'] or ''}{found['head']}{REDACTED}"


def _decoded(kind: str, size: str, written: str) -> str | None:
    """A constant as text; None if it is of another type than text, uuid or integer, or of an unknown storage format."""
    stored = bytes(int(value) % 256 for value in written.split())
    if kind == _UUID and len(stored) == int(size) == 16:  # noqa: PLR2004  # bytes of a uuid
        return str(UUID(bytes=stored))
    if kind in _INTEGERS and len(stored) == 8:  # noqa: PLR2004  # bytes of a Datum
        return str(int.from_bytes(stored, "little", signed=True))
    if kind not in _TEXTS or len(stored) != int(size):
        return None
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
    """Whether a quote is unterminated, or its end depends on the treatment of backslashes."""
    token, text = found[0], found["text"]
    if found["comment"] is not None:
        # PostgreSQL comments nest, which the pattern does not match.
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
    allowed = _is_allowed(text[1:-1], context_settings, setting_name=_NAMING.search(before) is not None)
    return text if allowed else f"'{_GAP}'"


def _is_allowed(text: str, context_settings: Collection[str], *, setting_name: bool) -> bool:
    """Whether a text may be kept: it is empty, a context setting, or a name where a `setting_name` is expected."""
    return (
        text in {"", "{}", _NIL}
        or text in _CLAIMS
        or text in context_settings
        or (setting_name and _SETTING.fullmatch(text) is not None)
    )
