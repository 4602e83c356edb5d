"""Which finding is the cause of which: a leak that is seen where a policy is known to be open is no second finding."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from itertools import groupby

from basewatch.affected import Affected, broader
from basewatch.check import AnyCheck
from basewatch.model import Finding, Status

_Causes = Mapping[Affected, Sequence[Finding]]


def assign_causes(
    findings: Iterable[Finding], checks: Iterable[AnyCheck], current_findings: Iterable[Finding] = ()
) -> tuple[Finding, ...]:
    """The findings in the order given, each with the key of the finding that explains it, or with none.

    A FAIL is explained when every pair that it is about is covered by FAILs, on the same component, of the checks that
    may explain its own. The gravest of these is its cause, the first by id among equals; a cause has no cause itself.
    What is about nothing is never explained. `current_findings` are findings that stand and are not of this run.
    """
    given = tuple(findings)
    may = {check.id: check.explained_by for check in checks}
    failing = sorted((f for f in given if _says(f)), key=_by_id)
    standing = [f for f in current_findings if _says(f) and not f.cause]
    found: dict[str, Finding] = {}
    for (check, component), symptoms in groupby(failing, key=lambda f: (f.check, f.component)):
        globs = may.get(check, ())
        near = (f for f in (*failing, *standing) if f.component == component and f.key not in found)
        causes = _by_pair(f for f in near if f.check != check and any(fnmatchcase(f.check, glob) for glob in globs))
        found |= {symptom.key: cause for symptom in symptoms if (cause := _cause(symptom, causes)) is not None}
    return tuple(_with(finding, _root(finding, found)) for finding in given)


def _says(finding: Finding) -> bool:
    return finding.status is Status.FAIL and bool(finding.affected)


def _by_id(finding: Finding) -> tuple[str, str, str]:
    return finding.check, finding.component, finding.subject


def _by_pair(causes: Iterable[Finding]) -> _Causes:
    found: defaultdict[Affected, list[Finding]] = defaultdict(list)
    for cause in causes:
        for pair in cause.affected:
            found[pair].append(cause)
    return found


def _cause(symptom: Finding, causes: _Causes) -> Finding | None:
    covered = [[c for pair in broader(about) for c in causes.get(pair, ())] for about in symptom.affected]
    if not all(covered):
        return None
    return min((c for each in covered for c in each), key=lambda c: (-c.severity.rank, *_by_id(c)))


def _root(finding: Finding, found: Mapping[str, Finding]) -> str:
    """The key at the end of the way from cause to cause, each of which had none when it was made one."""
    cause = found.get(finding.key)
    while cause is not None and cause.key in found:
        cause = found[cause.key]
    return cause.key if cause else ""


def _with(finding: Finding, cause: str) -> Finding:
    return finding if finding.cause == cause else replace(finding, cause=cause)
