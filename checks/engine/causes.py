"""Assigns causes: a leak through a policy that already fails is a symptom of that policy, not a second finding."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from itertools import groupby

from basewatch.affected import Affected, broader
from basewatch.check import AnyCheck
from basewatch.model import Finding, Status

_CausesByPair = Mapping[Affected, Sequence[Finding]]


def assign_causes(
    findings: Iterable[Finding], checks: Iterable[AnyCheck], current_findings: Iterable[Finding] = ()
) -> tuple[Finding, ...]:
    """The findings in the given order, each with the key of the finding that causes it, or with an empty one.

    A FAIL has a cause when FAILs of the checks in its check's `explained_by`, on the same component, cover every pair
    that it affects. Its cause is the most severe of these, the first by id among equals. A cause has no cause itself,
    and a finding that affects no pair has none. `current_findings` are current findings of earlier runs.
    """
    given = tuple(findings)
    explained_by = {check.id: check.explained_by for check in checks}
    failing = sorted((f for f in given if _can_be_linked(f)), key=_by_id)
    current = [f for f in current_findings if _can_be_linked(f) and not f.cause]
    found: dict[str, Finding] = {}
    for (check, component), symptoms in groupby(failing, key=lambda f: (f.check, f.component)):
        globs = explained_by.get(check, ())
        candidates = (f for f in (*failing, *current) if f.component == component and f.key not in found)
        causes = _by_pair(f for f in candidates if f.check != check and any(fnmatchcase(f.check, g) for g in globs))
        found |= {symptom.key: cause for symptom in symptoms if (cause := _cause(symptom, causes)) is not None}
    return tuple(_with_cause(finding, _root_key(finding, found)) for finding in given)


def _can_be_linked(finding: Finding) -> bool:
    return finding.status is Status.FAIL and bool(finding.affected)


def _by_id(finding: Finding) -> tuple[str, str, str]:
    return finding.check, finding.component, finding.subject


def _by_pair(causes: Iterable[Finding]) -> _CausesByPair:
    found: defaultdict[Affected, list[Finding]] = defaultdict(list)
    for cause in causes:
        for pair in cause.affected:
            found[pair].append(cause)
    return found


def _cause(symptom: Finding, causes: _CausesByPair) -> Finding | None:
    covering = [[c for pair in broader(affected) for c in causes.get(pair, ())] for affected in symptom.affected]
    if not all(covering):
        return None
    return min((c for each in covering for c in each), key=lambda c: (-c.severity.rank, *_by_id(c)))


def _root_key(finding: Finding, found: Mapping[str, Finding]) -> str:
    """The key of the last finding in the chain of causes; empty when the finding has no cause."""
    cause = found.get(finding.key)
    while cause is not None and cause.key in found:
        cause = found[cause.key]
    return cause.key if cause else ""


def _with_cause(finding: Finding, cause: str) -> Finding:
    return finding if finding.cause == cause else replace(finding, cause=cause)
