"""Whom and what a finding concerns: by it, one finding is known to be the cause of another."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final, TypeAlias

from basewatch.model import Finding, Status, Verdict

Affected: TypeAlias = tuple[str, str]
"""A principal, and a relation as the configuration names it, or something of the principal's sessions."""

ANY_PRINCIPAL_OR_OBJECT: Final = "*"
"""Every principal, or every relation; what is of a session is no relation."""
_SESSION: Final = "session "


def session_object(name: str) -> str:
    """Something of a principal's own sessions, such as a setting they start with, where a relation would be."""
    return f"{_SESSION}{name}"


def broader(about: Affected) -> Iterator[Affected]:
    """Every pair that says as much as this one or more: itself, and those that name nobody or nothing in particular."""
    principal, what = about
    whats = (what,) if what.startswith(_SESSION) else (what, ANY_PRINCIPAL_OR_OBJECT)
    yield from dict.fromkeys((who, each) for who in (principal, ANY_PRINCIPAL_OR_OBJECT) for each in whats)


def with_affected(verdict: Verdict, affected: Iterable[Affected]) -> Verdict:
    """The verdict with what it concerns, each once, in order."""
    return replace(verdict, affected=tuple(sorted(set(affected))))


def symptoms(findings: Iterable[Finding]) -> Mapping[str, Sequence[Finding]]:
    """The findings that another one of them explains, by the key of that one; a cause that is over explains nothing."""
    given = tuple(findings)
    failing = {finding.key for finding in given if finding.status is Status.FAIL}
    found: defaultdict[str, list[Finding]] = defaultdict(list)
    for finding in given:
        if finding.cause in failing:
            found[finding.cause].append(finding)
    return found
