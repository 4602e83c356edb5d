"""The alarms that the rule of a composite alarm names, and those below it over any number of levels."""

from __future__ import annotations

import re
from collections.abc import Mapping

_TOKEN = re.compile(r"\"([^\"]*)\"|'([^']*)'|([^\s\"'(),]+)")
# AT_LEAST(2, ALARM, (a, b, c)) or AT_LEAST(60%, NOT OK, (a, b)): its number is no name.
_COUNT = re.compile(r"\bAT_LEAST\s*\(\s*[\d.]+%?")
_WORDS = frozenset({"ALARM", "OK", "INSUFFICIENT_DATA", "AT_LEAST", "AND", "OR", "NOT", "TRUE", "FALSE"})


def children(rule: str) -> frozenset[str]:
    """The names of the alarms in a rule such as `ALARM("db-cpu") OR AT_LEAST(2, ALARM, (a, b))`; of an ARN, its name.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html
    """
    tokens = _TOKEN.finditer(_COUNT.sub(" ", rule))
    names = (quoted or single or ("" if bare in _WORDS else bare) for quoted, single, bare in map(_groups, tokens))
    return frozenset(name.rpartition(":alarm:")[2] for name in names if name)


def below(name: str, children_of: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """Every alarm below a composite alarm, over any number of levels."""
    found, waiting = set[str](), list(children_of.get(name, ()))
    while waiting:
        child = waiting.pop()
        if child not in found:
            found.add(child)
            waiting += children_of.get(child, ())
    return frozenset(found)


def _groups(token: re.Match[str]) -> tuple[str, str, str]:
    quoted, single, bare = token.groups("")
    return quoted, single, bare
