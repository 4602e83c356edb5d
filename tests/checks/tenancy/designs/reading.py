"""Reads the designs: a schema in SQL, its manifest in the comments above it, and the ways to break it below."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import yaml

HERE = Path(__file__).parent
_DESIGN = re.compile(r"-- design (?P<name>\w+): (?P<title>.+)")
_BREAK = re.compile(r"^-- break: (?P<title>.+?) \| (?P<checks>.+)$", re.MULTILINE)
_EXPLOIT = re.compile(r"^-- exploit(?: (?P<context>\w+))?: (?P<statement>.+)$", re.MULTILINE)
_START = """CREATE ROLE keeper NOLOGIN; CREATE ROLE web LOGIN;
GRANT ALL ON SCHEMA public TO keeper; GRANT USAGE ON SCHEMA public TO web;
SET ROLE keeper;
CREATE TABLE tenants (id uuid PRIMARY KEY, name text NOT NULL DEFAULT '');
INSERT INTO tenants VALUES ('aaaaaaaa-0000-4000-8000-000000000001', 'A'), ('bbbbbbbb-0000-4000-8000-000000000001', 'B'),
    ('cccccccc-0000-4000-8000-000000000001', 'C');"""
_MINE = "tenant_id = nullif(current_setting('app.tenant', true), '')::uuid"
_PROTECT = """ALTER TABLE @ ENABLE ROW LEVEL SECURITY; ALTER TABLE @ FORCE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, UPDATE, DELETE ON @ TO web;"""
_OWN = f"{_PROTECT} CREATE POLICY own ON @ USING ({_MINE});"


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """One way to break a design: the SQL, the checks that must FAIL, and a statement that proves it as canary a.

    The `exploit` returns or changes a row while the design is broken, and none while it is sound; `context` is the
    canary that it runs as, or `unset`.
    """

    title: str
    checks: frozenset[str]
    breaks: str
    context: str
    exploit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """A schema: what its manifest says beyond the defaults, the objects to approve, and its breaks.

    `drafted` says that the manifest is the draft of `basewatch init`, with `manifest` in place of what it says. `needs`
    is an extension, and `since` a major version of PostgreSQL. `known` is an alarm that is known to be false.
    """

    name: str
    title: str
    manifest: dict[str, object]
    approve: tuple[dict[str, object], ...]
    drafted: bool
    known: str
    needs: str
    since: int
    builds: str
    breaks: tuple[Break, ...]


def designs(folder: str) -> tuple[Design, ...]:
    """The designs of a folder, in order of file and place."""
    return tuple(
        _design(text)
        for path in sorted((HERE / folder).glob("*.sql"))
        for text in re.split(r"(?m)^(?=-- design )", _expanded(path.read_text(encoding="utf-8")))
        if text.strip()
    )


def _expanded(text: str) -> str:
    """The text with the words between @ in place: @start@, @mine@, @protect(tables)@ and @grant(tables)@."""
    text = text.replace("@start@", _START).replace("@mine@", _MINE)
    text = re.sub(r"@protect\((.*?)\)@", lambda found: _for_each(found[1], _PROTECT), text)
    return re.sub(r"@own\((.*?)\)@", lambda found: _for_each(found[1], _OWN), text)


def _for_each(tables: str, statement: str) -> str:
    return "\n".join(statement.replace("@", table) for table in tables.split(", "))


def _design(text: str) -> Design:
    heading = _DESIGN.match(text)
    if heading is None:
        raise ValueError(f"no heading: {text[:80]}")
    lines = text.splitlines()[1:]
    end = next(n for n, line in enumerate(lines) if not line.startswith("--"))
    above = (line.removeprefix("--").removeprefix(" ") for line in lines[:end])
    said = cast("dict[str, object]", yaml.safe_load("\n".join(above)) or {})
    builds, *rest = re.split(r"(?m)^(?=-- break: )", "\n".join(lines[end:]))
    return Design(
        name=heading["name"],
        title=heading["title"],
        manifest=cast("dict[str, object]", said.get("manifest", {})),
        approve=tuple(cast("list[dict[str, object]]", said.get("approve", []))),
        drafted=bool(said.get("drafted")),
        known=str(said.get("known", "")),
        needs=str(said.get("needs", "")),
        since=int(str(said.get("since", 0))),
        builds=builds,
        breaks=tuple(_break(one) for one in rest),
    )


def _break(text: str) -> Break:
    heading, exploit = _BREAK.search(text), _EXPLOIT.search(text)
    if heading is None:
        raise ValueError(f"no title or no checks: {text}")
    return Break(
        title=heading["title"],
        checks=frozenset(heading["checks"].split(", ")),
        breaks=_EXPLOIT.sub("", _BREAK.sub("", text)).strip(),
        context=(exploit["context"] or "a") if exploit else "",
        exploit=exploit["statement"] if exploit else "",
    )
