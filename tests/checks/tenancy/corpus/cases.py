"""Reads the corpus: SQL files with a heading for each case and for each of its parts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from basewatch.model import Severity
from basewatch.tenancy import ObjectKind

HERE = Path(__file__).parent
CLASSES = {"A": "switches", "B": "policies", "C": "roles", "D": "paths", "F": "audit"}

_MUTATION = re.compile(
    r"^-- (?P<id>[A-Z]\d+) (?P<severity>low|medium|high|critical) (?P<modes>[a-z ]+): (?P<title>.+)$"
)
_VARIANT = re.compile(r"^-- (?P<id>V\d+): (?P<title>.+)$")
_PART = re.compile(
    r"^-- (?P<part>exploit|seen|prepare|repair|no exploit|needs|from version|before version|by|manifest|approved|known)"
    r"(?:[: ] *(?P<rest>.*))?$"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exploit:
    """SQL as a principal, whose last statement returns or changes rows when tenants are not kept apart.

    With `login` the role logs in itself, so that its defaults apply. `context` is a, b, empty, unset or quoted.
    The superuser runs `prepare` before it, and `seen` after it to read what the principal cannot see.
    """

    role: str
    login: bool
    context: str
    statements: str
    prepare: str
    seen: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    """One way to break isolation or the audit trail: `exploit` shows it, or `harmless` says why none can.

    `severity` is the least severity that one of its findings must have. `static` and `dynamic` say which kind of check
    must find it; one of the checks in `by` must. It exists on the major versions from `since` and before `before`.
    `known` says why no probe finds it, where that is so.
    """

    id: str
    schema: str
    title: str
    severity: Severity
    static: bool
    dynamic: bool
    by: frozenset[str]
    breaks: str
    repair: str
    exploit: Exploit | None
    harmless: str
    needs: str
    since: int
    before: int
    known: str

    @property
    def family(self) -> str:
        """The class it belongs to: switches, policies, roles, paths or audit."""
        return CLASSES[self.id[0]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """An approved object; its digest is known only once it is made."""

    kind: ObjectKind
    name: str
    context: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One sound way to build tenant isolation; `manifest` is merged into the tenancy of the schema.

    `known` says why it raises an alarm nevertheless, where that is so.
    """

    id: str
    schema: str
    title: str
    builds: str
    repair: str
    manifest: Mapping[str, object]
    approved: tuple[Approval, ...]
    needs: str
    since: int
    known: str


@dataclass(frozen=True, slots=True)
class _Parts:
    heading: re.Match[str]
    parts: Mapping[str, tuple[str, str]]

    def text(self, part: str) -> str:
        return self.parts.get(part, ("", ""))[1]

    def rest(self, part: str) -> str:
        return self.parts.get(part, ("", ""))[0]


def mutations() -> tuple[Mutation, ...]:
    """Every mutation, in the order of the files and of their ids."""
    return tuple(
        _mutation(parts, schema) for schema, text in _files("mutations") for parts in _cases(text, _MUTATION, schema)
    )


def variants() -> tuple[Variant, ...]:
    """Every correct variant."""
    return tuple(
        _variant(parts, schema) for schema, text in _files("variants") for parts in _cases(text, _VARIANT, schema)
    )


def _files(folder: str) -> Iterator[tuple[str, str]]:
    for path in sorted((HERE / folder).glob("*.sql")):
        schema = path.stem.partition("_")[0]
        yield schema, _expanded(schema, path.read_text(encoding="utf-8"))


def _expanded(schema: str, text: str) -> str:
    """The text with the schema's @words@ in place; a word may use others."""
    words = dict(
        re.findall(
            r"^-- @(\w+)@\n(.*?)(?=^-- @|\Z)",
            (HERE / "schemas" / f"{schema}.words.sql").read_text(encoding="utf-8"),
            re.DOTALL | re.MULTILINE,
        )
    )
    while found := next((name for name in words if f"@{name}@" in text), None):
        text = text.replace(f"@{found}@", words[found].strip())
    return text


def _cases(text: str, heading: re.Pattern[str], schema: str) -> Iterator[_Parts]:
    found: re.Match[str] | None = None
    lines: list[str] = []
    for line in (*text.splitlines(), "-- end"):
        match = heading.match(line)
        if match or line == "-- end":
            if found:
                yield _Parts(found, dict(_parts(lines)))
            found, lines = match, []
        elif found:
            lines.append(line)
        elif line.strip():
            raise ValueError(f"{schema}: {line!r} is before the first case")


def _parts(lines: list[str]) -> Iterator[tuple[str, tuple[str, str]]]:
    part, rest, body = "breaks", "", list[str]()
    kept: dict[str, tuple[str, str]] = {}
    one_line = {"no exploit", "needs", "from version", "before version", "by", "manifest", "approved", "known"}
    for line in lines:
        match = _PART.match(line)
        if match is None:
            body.append(line)
        elif match["part"] in one_line:
            before = f"{kept[match['part']][0]}\n" if match["part"] in kept else ""
            kept[match["part"]] = (before + (match["rest"] or ""), "")
        else:
            kept[part] = (rest, "\n".join(body).strip())
            part, rest, body = match["part"], match["rest"] or "", []
    kept[part] = (rest, "\n".join(body).strip())
    yield from kept.items()


def _mutation(parts: _Parts, schema: str) -> Mutation:
    heading = parts.heading
    modes = set(heading["modes"].split())
    return Mutation(
        id=heading["id"],
        schema=schema,
        title=heading["title"],
        severity=Severity(heading["severity"]),
        static="static" in modes,
        dynamic="dynamic" in modes,
        by=frozenset(parts.rest("by").split()),
        breaks=parts.text("breaks"),
        repair=parts.text("repair") or _expanded(schema, "@restore@;"),
        exploit=_exploit(parts) if "exploit" in parts.parts else None,
        harmless=parts.rest("no exploit"),
        needs=parts.rest("needs"),
        since=int(parts.rest("from version") or 0),
        before=int(parts.rest("before version") or 999),
        known=parts.rest("known"),
    )


def _exploit(parts: _Parts) -> Exploit:
    who, _, context = parts.rest("exploit").removeprefix("login ").rpartition(" ")
    if who.endswith(" as"):
        who = who.removesuffix(" as")
    return Exploit(
        role=who.strip('"'),
        login=parts.rest("exploit").startswith("login "),
        context=context,
        statements=parts.text("exploit"),
        prepare=parts.text("prepare"),
        seen=parts.text("seen"),
    )


def _variant(parts: _Parts, schema: str) -> Variant:
    return Variant(
        id=parts.heading["id"],
        schema=schema,
        title=parts.heading["title"],
        builds=parts.text("breaks"),
        repair=parts.text("repair") or _expanded(schema, "@restore@;"),
        manifest=json.loads(parts.rest("manifest") or "{}"),
        approved=tuple(_approval(line) for line in parts.rest("approved").splitlines()),
        needs=parts.rest("needs"),
        since=int(parts.rest("from version") or 0),
        known=parts.rest("known"),
    )


def _approval(line: str) -> Approval:
    words = line.removeprefix("context ")
    kind, _, name = words.partition(" ")
    return Approval(kind=cast("ObjectKind", kind), name=name, context=words != line)
