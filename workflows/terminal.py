"""Findings and checks as text for a terminal, coloured on request; and checks as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

import orjson

from basewatch.affected import symptoms
from basewatch.check import AnyCheck
from basewatch.model import Finding, Status

_COLOURS = {Status.PASS: "32", Status.FAIL: "31;1", Status.UNVERIFIED: "33;1", Status.NOT_APPLICABLE: "2"}
_ORDER = (Status.FAIL, Status.UNVERIFIED, Status.NOT_APPLICABLE, Status.PASS)
_OPEN = frozenset({Status.FAIL, Status.UNVERIFIED})


def ansi_color(text: str, code: str, *, colour: bool) -> str:
    """`text` in an ANSI colour, or unchanged."""
    return f"\x1b[{code}m{text}\x1b[0m" if colour else text


def escape_control(text: str) -> str:
    """`text` with control characters escaped: names from the platform must not control the terminal."""
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)


def findings_text(findings: Sequence[Finding], *, colour: bool = False, brief: bool = False) -> str:
    """Every finding, worst first. PASS and NOT_APPLICABLE have one line each (none if `brief`), others have details."""
    ranked = sorted(findings, key=lambda f: (_ORDER.index(f.status), -f.severity.rank, f.check, f.component, f.subject))
    explained = symptoms(ranked)
    explained_keys = {symptom.key for each in explained.values() for symptom in each}
    shown = (f for f in ranked if f.key not in explained_keys and (not brief or f.status in _OPEN))
    texts = (_finding(f, explained.get(f.key, ()), colour=colour) for f in shown)
    return "\n".join([*texts, "", summary_text(findings, colour=colour)])


def summary_text(findings: Iterable[Finding], *, colour: bool = False) -> str:
    """The number of findings of each status, in one line."""
    found = tuple(findings)
    counts = {status: sum(f.status is status for f in found) for status in _ORDER}
    names = {
        Status.FAIL: "failed",
        Status.UNVERIFIED: "unverified",
        Status.NOT_APPLICABLE: "not applicable",
        Status.PASS: "passed",
    }
    shown = (status for status in _ORDER if counts[status] or status is Status.PASS)
    return " · ".join(
        ansi_color(f"{counts[s]} {names[s]}", _COLOURS[s], colour=colour and counts[s] > 0) for s in shown
    )


def _finding(finding: Finding, explains: Sequence[Finding], *, colour: bool) -> str:
    label = finding.status.replace("_", " ") if finding.status is not Status.NOT_APPLICABLE else "N/A"
    where = " ".join(filter(None, (finding.component, finding.subject)))
    head = ansi_color(f"{label:<10}", _COLOURS[finding.status], colour=colour)
    lines = [f"{head} {finding.check:<28} {escape_control(where)}"]
    if finding.status in _OPEN:
        lines += [f"           {line}" for line in (*_details(finding), *_explained(explains))]
    return "\n".join(lines)


def _details(finding: Finding) -> Iterable[str]:
    reason = f" ({finding.reason.replace('_', ' ')})" if finding.reason else ""
    yield f"{finding.severity}: {escape_control(finding.summary)}{reason}"
    if finding.observed:
        yield f"observed: {escape_control(finding.observed)}"
    if finding.expected:
        yield f"expected: {escape_control(finding.expected)}"
    if finding.remedy:
        yield f"fix: {escape_control(finding.remedy)}"


def _explained(explains: Sequence[Finding]) -> Iterable[str]:
    if explains:
        yield f"explains {len(explains)} more:"
    for each in explains:
        yield escape_control(f"- {each.status} {each.check} {each.subject}: {each.observed or each.summary}")


def unchecked_text(unchecked: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """One sentence for each component with promises that no check judges."""
    by_component = groupby(unchecked, key=lambda pair: pair[0])
    return tuple(
        f"{component} declares {', '.join(promise for _, promise in pairs)}, but no check judges this yet."
        for component, pairs in by_component
    )


def checks_text(checks: Iterable[AnyCheck]) -> str:
    """One line for each check: id, severity, component kind, title."""
    return "\n".join(f"{c.id:<28} {c.severity:<9} {c.component.kind:<15} {c.title}" for c in checks)


def checks_json(checks: Iterable[AnyCheck]) -> str:
    """Every check as a JSON list, with the sections of its docstring."""
    rows = [
        {
            "id": check.id,
            "title": check.title,
            "component": check.component.kind,
            "severity": check.severity,
            "proof": check.proof,
            "needs": check.needs,
            "parts": check.doc_sections,
        }
        for check in checks
    ]
    return orjson.dumps(rows, option=orjson.OPT_INDENT_2).decode()


def check_text(check: AnyCheck) -> str:
    """One check with every section of its docstring."""
    lines = [
        f"{check.id}: {check.title}.",
        "",
        f"Severity: {check.severity}. Proof: {check.proof}. Component: {check.component.kind}.",
        f"Needs: {', '.join(check.needs) or 'nothing'}.",
    ]
    return "\n".join([*lines, *(f"{name}: {text}" for name, text in check.doc_sections.items())])
