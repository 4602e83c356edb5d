"""What the policies of a table say, with the bodies of the functions that they reach."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Sequence
from functools import cached_property

from isolation.draft._catalog import Catalog, CatalogPolicy

_SETTING = re.compile(r"current_setting\(\s*'([^']+\.[^']+)'")
_PATH = re.compile(r"(?:->>?\s*'[^']+'(?:::text)?[\s)]*)+")
_STAND_IN = re.compile(r",\s*\(?(?:'(0{8}-0{4}-0{4}-0{4}-0{12}|0|-1)'(?:::\w+)?|(0|-1))\)?\s*$")
_STEP = re.compile(r"->>?\s*'([^']+)'")


class PolicyTexts:
    """The texts of the policies of one catalogue."""

    def __init__(self, catalog: Catalog) -> None:
        self._bodies = {function.name: function.body for function in catalog.functions}
        self._mentioned = {
            name: tuple(other for other in self._bodies if other != name and _calls(body, other))
            for name, body in self._bodies.items()
        }
        self._policies = catalog.policies

    def of(self, policy: CatalogPolicy) -> tuple[str, ...]:
        """The expressions of a policy, and the bodies of the functions that it reaches."""
        return (*policy.expressions, *(self._bodies[name] for name in self.reached(policy)))

    def reached(self, policy: CatalogPolicy) -> tuple[str, ...]:
        """The functions that a policy calls, and those that they call by name."""
        found = dict.fromkeys(name for name in policy.functions if name in self._bodies)
        pending = deque(found)
        while pending:
            for other in self._mentioned[pending.popleft()]:
                if other not in found:
                    found[other] = None
                    pending.append(other)
        return tuple(found)

    def settings(self, policy: CatalogPolicy) -> set[str]:
        """The user-defined settings that a policy reads."""
        return {name for text in self.of(policy) for name in _SETTING.findall(text)}

    @cached_property
    def context_functions(self) -> frozenset[str]:
        """The functions that read a setting, themselves or by a function that they call, and no table by that."""
        reading = {name for name, body in self._bodies.items() if _SETTING.search(body)}
        while more := {n for n, others in self._mentioned.items() if n not in reading and reading & set(others)}:
            reading |= more
        return frozenset(reading)

    def aliases_of(self, setting: str) -> tuple[str, ...]:
        """The other settings that policies read in one coalesce() with a setting."""
        asked = dict.fromkeys(text for policy in self._policies for text in self.of(policy))
        together = (set(_SETTING.findall(call)) for text in asked for call in _calls_of_coalesce(text))
        return tuple(sorted({name for names in together if setting in names for name in names} - {setting}))

    def stand_ins(self) -> tuple[str, ...]:
        """The ids that policies use where no tenant is set: the last constant of a coalesce() of a setting."""
        asked = dict.fromkeys(text for policy in self._policies for text in self.of(policy))
        calls = (call for text in asked for call in _calls_of_coalesce(text) if _SETTING.search(call))
        found = (_STAND_IN.search(call) for call in calls)
        return tuple(dict.fromkeys(one[1] or one[2] for one in found if one))

    def claim_of(self, policy: CatalogPolicy, setting: str) -> tuple[str, ...]:
        """The path of JSON that a policy reads in a setting; empty if it does not read it as JSON."""
        texts = self.of(policy)
        as_json = rf"current_setting\(\s*'{re.escape(setting)}'(?:(?!current_setting).)*?::\s*jsonb?\b"
        if not any(re.search(as_json, text, re.DOTALL) for text in texts):
            return ()
        paths = (tuple(_STEP.findall(found[0])) for text in texts for found in _PATH.finditer(text))
        return next((path for path in paths if path != ("role",)), ())


def _calls_of_coalesce(text: str) -> Iterable[str]:
    """Each call of coalesce() in a text, with its arguments."""
    for start in re.finditer(r"\bcoalesce\s*\(", text, re.IGNORECASE):
        depth = 1
        for end, sign in enumerate(text[start.end() :], start.end()):
            depth += {"(": 1, ")": -1}.get(sign, 0)
            if not depth:
                yield text[start.start() : end]
                break


def names_context(texts: Iterable[str], column: str, functions: Iterable[str], *, of: str = "") -> bool:
    """Whether a text compares a column for equality with a setting, or with a function that reads one.

    With `of`, the column is written without a table, or with that one.
    """
    names = "|".join(re.escape(part) for part in _spellings(functions))
    value = (
        rf"\(*\s*(?:SELECT\s+)?\(*\s*(?:(?:nullif|coalesce)\(\(*)*"
        rf"(?:current_setting\(|(?:{names or '(?!)'})\s*\()"
    )
    table = rf"(?<![\w.\"])(?:\"?{re.escape(of)}\"?\.)?" if of else r"(?<!\w)"
    aliased = table if of else r"(?:\w+\.)?"
    left = rf"{table}\"?{re.escape(column)}\"?\)?(?:::[\w ]+)?\)*\s*=\s*{value}"
    right = rf"(?:current_setting\([^=]*|(?:{names or '(?!)'})\s*\([^=]*)=\s*\(*{aliased}\"?{re.escape(column)}\b"
    return any(re.search(left, text, re.IGNORECASE) or re.search(right, text, re.IGNORECASE) for text in texts)


def is_compared(column: str, text: str) -> bool:
    """Whether the text of an expression compares the column for equality, on either side and with any cast."""
    name = rf'(?<![\w.])(?:\w+\.)?(?:"{re.escape(column.replace(chr(34), chr(34) * 2))}"|{re.escape(column)}\b)'
    cast = r"\)?(?:::[\w ]+(?:\(\d+\))?)?\)*"
    return bool(re.search(rf"{name}{cast}\s*(?:=|IN\b|IS NOT DISTINCT)|=\s*\(*{name}", text))


def mentions(texts: Iterable[str], full_name: str) -> bool:
    """Whether a text names a relation."""
    name = full_name.partition(".")[2]
    return any(re.search(rf"(?<![\w]){re.escape(name)}(?![\w(])", text) for text in texts)


def _calls(body: str, name: str) -> bool:
    return any(re.search(rf"(?<![\w.]){re.escape(part)}\s*\(", body) for part in _spellings((name,)))


def _spellings(functions: Iterable[str]) -> Sequence[str]:
    return [part for name in functions for part in (name, name.partition(".")[2])]


def most_common_claim(texts: PolicyTexts, policies: Iterable[CatalogPolicy], setting: str) -> tuple[str, ...]:
    """The path that most policies read in a setting; empty if that is not JSON."""
    votes: dict[tuple[str, ...], int] = {}
    for policy in policies:
        path = texts.claim_of(policy, setting)
        if path:
            votes[path] = votes.get(path, 0) + 1
    return max(votes, key=lambda path: votes[path], default=())
