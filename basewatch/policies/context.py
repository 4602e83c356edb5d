"""The context of a request: which keys have which values, which are absent, and which the requester chooses."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from basewatch.policies.patterns import covers

_VARIABLE = re.compile(r"\$\{([^},]+)(?:,\s*'([^']*)')?\}")
_LITERALS = {"*": "*", "?": "?", "$": "$"}


class Unset(Enum):
    """A key whose value is not known to us, or is whatever suits the requester."""

    UNKNOWN = "unknown"
    FREE = "free"


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The keys of a request, in lower case. No value at all, `()`, says that the request does not have the key.

    `free` are patterns of keys whose value the requester can choose at will: they satisfy every Allow and escape every
    Deny. All other keys are unknown.
    """

    known: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    free: tuple[str, ...] = ()

    def value(self, key: str) -> tuple[str, ...] | Unset:
        """The values of a key in lower case."""
        if key in self.known:
            return self.known[key]
        return Unset.FREE if any(covers(pattern, key) for pattern in self.free) else Unset.UNKNOWN

    def having(self, known: Mapping[str, tuple[str, ...]], free: tuple[str, ...] = ()) -> Context:
        """This context with more keys; a key that both have keeps the new value."""
        return Context(known={**self.known, **known}, free=(*self.free, *free))

    def filled(self, text: str) -> tuple[str, frozenset[str]]:
        """A text with its policy variables replaced, and the keys of those that are not known, which become `*`."""
        missing: set[str] = set()

        def fill(match: re.Match[str]) -> str:
            key, default = match[1].strip(), match[2]
            if key in _LITERALS:
                return _LITERALS[key]
            value = self.value(key.lower())
            if isinstance(value, tuple) and len(value) == 1:
                return value[0]
            if value == () and default is not None:
                return str(default)
            missing.add(key.lower())
            return "*"

        return _VARIABLE.sub(fill, text), frozenset(missing)
