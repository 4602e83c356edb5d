"""What is expected of the checks on one case of the corpus, wherever it is tried."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pytest

from basewatch.model import Finding
from tests.checks.tenancy.corpus.cases import Mutation, Variant
from tests.checks.tenancy.corpus.measuring import Found, Measuring, is_dynamic


def selected(cases: Iterable[Mutation]) -> frozenset[str]:
    """The ids of the first case of each class in each schema, which are measured."""
    first: dict[tuple[str, str], str] = {}
    for case in cases:
        first.setdefault((case.schema, case.family), case.id)
    return frozenset(first.values())


def fast(cases: Iterable[Mutation]) -> frozenset[str]:
    """The ids of the first case of each class in any schema, for the fast tests."""
    first: dict[str, str] = {}
    for case in cases:
        first.setdefault(case.family, case.id)
    return frozenset(first.values())


def parameters(cases: Sequence[Mutation | Variant], fast: frozenset[str], measured: frozenset[str]) -> list[object]:
    """The cases for pytest: slow but for those in `fast`, and exhaustive but for those in `measured`.

    A variant with a known alarm must fail.
    """
    return [
        pytest.param(
            case,
            id=case.id,
            marks=[
                *([] if case.id in fast else [pytest.mark.slow]),
                *([] if case.id in measured else [pytest.mark.exhaustive]),
                *(
                    [pytest.mark.xfail(reason=case.known, strict=True)]
                    if isinstance(case, Variant) and case.known
                    else []
                ),
            ],
        )
        for case in cases
    ]


def skipped(measuring: Measuring, case: Mutation | Variant) -> str:
    """Why a case cannot be tried on this server, or empty when it can."""
    version = measuring.server.version
    if version < case.since or (isinstance(case, Mutation) and version >= case.before):
        return f"PostgreSQL {version} has no such thing"
    if case.needs and not measuring.server.has_extension(case.needs):
        return f"this server has no {case.needs}"
    return ""


def complaints(mutation: Mutation, found: Found, *, worked: bool) -> list[str]:
    """What is wrong with how a mutation was found by static and dynamic checks; nothing, if all is right."""
    ids = {finding.check for finding in found.new}
    severity = found.severity
    return [
        *(["its exploit does not work"] if mutation.exploit and not worked else []),
        *static_complaints(mutation, found),
        *(["no probe shows it"] if mutation.dynamic and not found.dynamic and not mutation.known else []),
        *(["a probe shows it, and that was not known"] if mutation.known and found.dynamic else []),
        *([f"none of {', '.join(sorted(mutation.by))} reports it"] if mutation.by and not mutation.by & ids else []),
        *([f"the most severe finding is {severity}"] if severity and severity.rank < mutation.severity.rank else []),
    ]


def static_complaints(mutation: Mutation, found: Found) -> list[str]:
    """What is wrong with how a mutation was found by the checks that read the catalogues."""
    ids = {finding.check for finding in found.new}
    named = not any(is_dynamic(check) for check in mutation.by)
    return [
        *(["the catalogues do not show it"] if mutation.static and not found.static else []),
        *(["no static check of those that must reports it"] if named and mutation.by and not mutation.by & ids else []),
        *(f"{f.check} crashed: {f.summary}" for f in found.new if f.reason is not None and f.reason.value == "bug"),
    ]


def readable(findings: Iterable[Finding]) -> list[str]:
    """Findings as one reads them when a test fails."""
    return [f"{f.check} {f.subject}: {f.status} {f.summary} ({f.observed}); {f.remedy}" for f in findings]
