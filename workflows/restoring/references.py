"""What the statements of a dump refer to outside of it: roles, owners and extensions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_IDENT = r'(?:"(?:[^"\x00]|"")+"|[A-Za-z_][A-Za-z0-9_$]*)'
_LIST = rf"{_IDENT}(?:\s*,\s*{_IDENT})*"
# One statement of one line, without another inside.
_OWNER = re.compile(rf"ALTER [A-Z][A-Z ]* [^;\x00]+ OWNER TO ({_IDENT});")
_DEFAULTS = re.compile(rf"ALTER DEFAULT PRIVILEGES FOR ROLE ({_IDENT}) [^;\x00]+;")
_ROLE_LISTS = (
    re.compile(rf"(?:GRANT|REVOKE) .*\s(?:TO|FROM) ({_LIST})(?: WITH GRANT OPTION)?(?: GRANTED BY {_IDENT})?;"),
    re.compile(rf"CREATE POLICY .*? TO ({_LIST})(?: USING | WITH CHECK |;|$)"),
    re.compile(rf"ALTER DEFAULT PRIVILEGES FOR ROLE ({_IDENT}) "),
    re.compile(rf"SET SESSION AUTHORIZATION ({_IDENT});"),
    _OWNER,
)
_EXTENSION = re.compile(rf"CREATE EXTENSION (?:IF NOT EXISTS )?({_IDENT})")
_COPY = re.compile(r"COPY .* FROM stdin;\s*$", re.IGNORECASE)
_NO_ROLES = frozenset({"public", "current_user", "current_role", "session_user", "none", "default"})
_SAME = re.compile("pg_", re.IGNORECASE)
_MAX_NAME_BYTES = 63
_MAX_ROLES = 1000
_MAX_STATEMENTS = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class References:
    """The roles that statements name, the extensions, and the statements that give objects and defaults to a role."""

    roles: frozenset[str]
    extensions: frozenset[str]
    ownership: tuple[tuple[str, str], ...]


def references(lines: Iterable[str]) -> References:
    """The references of a script of pg_dump; the rows of tables are passed over."""
    roles, extensions, ownership = set[str](), set[str](), list[tuple[str, str]]()
    for line in _statements(lines):
        for pattern in _ROLE_LISTS:
            if (found := pattern.match(line)) and len(roles) < _MAX_ROLES:
                roles.update(filter(_is_role, _names(found[1])))
        if found := _EXTENSION.match(line):
            extensions.update(_names(found[1]))
        if (found := _OWNER.fullmatch(line) or _DEFAULTS.fullmatch(line)) and len(ownership) < _MAX_STATEMENTS:
            ownership.append((next(iter(_names(found[1]))), line))
    return References(roles=frozenset(roles), extensions=frozenset(extensions), ownership=tuple(ownership))


def _statements(lines: Iterable[str]) -> Iterator[str]:
    in_rows = False
    for line in lines:
        if in_rows:
            in_rows = line.rstrip("\r\n") != "\\."
        elif _COPY.match(line):
            in_rows = True
        else:
            yield line.rstrip()


def _names(text: str) -> Iterator[str]:
    for found in re.findall(_IDENT, text):
        yield found[1:-1].replace('""', '"') if found.startswith('"') else found.lower()


def _is_role(name: str) -> bool:
    # PostgreSQL's own roles have names that begin with pg_; those cannot be created.
    return name not in _NO_ROLES and not _SAME.match(name) and len(name.encode()) <= _MAX_NAME_BYTES
