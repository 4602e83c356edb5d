"""The principals and objects that a finding affects; they link a symptom to the finding that causes it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final, TypeAlias

from basewatch.model import Finding, Status, Verdict

Affected: TypeAlias = tuple[str, str]
"""A principal and an object: a relation as the configuration names it, or an object of the principal's sessions."""

ANY_PRINCIPAL_OR_OBJECT: Final = "*"
"""Every principal, or every relation. It does not include session objects."""
_SESSION: Final = "session "
ABSENT: Final = "absent"
"""In place of a principal: the object is declared and does not exist."""
LOST: Final = "lost"
"""In place of a principal: the resource is there, and nothing of it can be restored."""
KEY: Final = "key"
"""In place of a principal: the KMS key of that ARN, or name, on which components depend."""


def session_object(name: str) -> str:
    """The object of a pair that affects a principal's sessions and no relation, such as a preset setting."""
    return f"{_SESSION}{name}"


def broader(about: Affected) -> Iterator[Affected]:
    """Every pair that includes this one: itself, and those with ANY_PRINCIPAL_OR_OBJECT in place of either part."""
    principal, name = about
    objects = (name,) if name.startswith(_SESSION) else (name, ANY_PRINCIPAL_OR_OBJECT)
    yield from dict.fromkeys((role, each) for role in (principal, ANY_PRINCIPAL_OR_OBJECT) for each in objects)


def with_affected(verdict: Verdict, affected: Iterable[Affected]) -> Verdict:
    """The verdict with the pairs that it affects, sorted and without duplicates."""
    return replace(verdict, affected=tuple(sorted(set(affected))))


def symptoms(findings: Iterable[Finding]) -> Mapping[str, Sequence[Finding]]:
    """The symptoms among the findings, by the key of their cause; a cause that no longer fails has no symptoms."""
    given = tuple(findings)
    failing = {finding.key for finding in given if finding.status is Status.FAIL}
    found: defaultdict[str, list[Finding]] = defaultdict(list)
    for finding in given:
        if finding.cause in failing:
            found[finding.cause].append(finding)
    return found
