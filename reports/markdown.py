"""The report as a GitHub Actions step summary: open findings first, and below GitHub's size limit."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from itertools import islice

from basewatch.model import Finding, Status, Transition
from basewatch.quantities import format_duration
from reports.page import ReportPage, kind_of, name_of, report_page
from reports.text import escape_invisible, minute_text, status_label
from reports.threats import ASSUMPTIONS, LIMITS, MITIGATION, THREATS
from reports.view import View

_MAX_CELL_CHARS = 400
# Characters that start emphasis, code, a link, an image, a heading, a cell, math, or an automatic link.
_PUNCTUATION = re.compile(r"([\\`*_{}\[\]()#!|~$]|:(?=//))")


def cell(text: str) -> str:
    """One line that Markdown and HTML show as `text`, shortened if it is long."""
    shown = " ".join(escape_invisible(text).split())
    shown = shown if len(shown) <= _MAX_CELL_CHARS else f"{shown[: _MAX_CELL_CHARS - 1]}…"
    escaped = _PUNCTUATION.sub(r"\\\1", html.escape(shown, quote=False))
    # A zero-width space prevents a mention that notifies users, and an automatic link.
    return escaped.replace("@", "@&#8203;").replace("www.", "www&#8203;.")


def row(*cells: str) -> str:
    """A table row of escaped cells."""
    return f"| {' | '.join(cells)} |"


def table(heads: tuple[str, ...], rows: list[str], *, max_bytes: int) -> list[str]:
    """A table of as many rows as fit into `max_bytes`, and a line with the number of omitted rows."""
    kept, used = list[str](), 0
    for line in rows:
        used += len(line.encode()) + 1
        if used > max_bytes:
            break
        kept.append(line)
    left_out = len(rows) - len(kept)
    note = ["", f"{left_out} more are not shown here; the HTML report has all of them."] if left_out else []
    return [row(*heads), row(*("---" for _ in heads)), *kept, *note, ""]


_BOX = {Status.FAIL: "CAUTION", Status.UNVERIFIED: "WARNING", Status.PASS: "TIP", Status.NOT_APPLICABLE: "NOTE"}
# GitHub refuses a summary above 1 MiB; the sum of these limits and the other text is below.
_MAX_SENTENCES = 100
_MAX_NOTES = 20
_MAX_SYMPTOMS = 12
_OPEN_BYTES, _MISSING_BYTES, _CHANGES_BYTES, _VERDICTS_BYTES = 400_000, 50_000, 150_000, 350_000


def render(view: View) -> bytes:
    """The report as GitHub Markdown, always below 1 MiB."""
    page = report_page(view)
    lines = [
        *_head(page),
        *_open_findings(page),
        *_missing_verdicts(page),
        *_changes(page),
        *_isolation(page),
        *_verdicts(page),
        *_seal(page),
    ]
    return "\n".join(lines).encode()


def _head(page: ReportPage) -> Iterator[str]:
    run, view = page.run, page.view
    yield f"## {cell(view.platform)} / {cell(view.environment)}"
    yield ""
    yield f"> [!{_BOX[page.headline.status]}]"
    yield f"> **{page.headline.text}**"
    yield f"> {page.verified_count} of {page.expected_count} expected checks are verified."
    span = f"{minute_text(run.window.start)} to {minute_text(run.window.end)}"
    yield f"> Judged from {span} ({format_duration(run.window.length)})."
    for note in run.notes[:_MAX_NOTES]:
        yield f"> {cell(note)}"
    yield ""
    yield row(*(status_label(status) for status, _ in page.counts))
    yield row(*("---:" for _ in page.counts))
    yield row(*(str(count) for _, count in page.counts))
    yield ""


def _open_findings(page: ReportPage) -> Iterator[str]:
    if page.open_findings:
        yield "### Open findings"
        yield ""
        rows = [
            row(
                f"**{status_label(f.status)}**{f'<br>{_reason(f)}' if f.reason else ''}<br>{f.severity}",
                _where(f),
                "<br>".join((cell(f.summary), *_accepted(page, f), *_symptoms(page.symptoms.get(f.key, ())))),
                cell(f.expected),
                cell(f.remedy),
            )
            for f in page.open_findings
        ]
        yield from table(("status", "where", "finding", "expected", "fix"), rows, max_bytes=_OPEN_BYTES)


def _accepted(page: ReportPage, finding: Finding) -> Iterator[str]:
    if finding.key in page.view.accepted:
        yield f"*{cell(page.view.accepted[finding.key])}*"


def _symptoms(found: Sequence[Finding]) -> Iterator[str]:
    """The symptoms that a finding explains, one line each, up to a limit."""
    if found:
        yield f"<br>It explains {len(found)} more:"
    for each in found[:_MAX_SYMPTOMS]:
        yield f"<code>{cell(each.check)}</code> {cell(each.subject)}"
    if len(found) > _MAX_SYMPTOMS:
        yield f"and {len(found) - _MAX_SYMPTOMS} more"


def _reason(finding: Finding) -> str:
    return (finding.reason or "").replace("_", " ")


def _missing_verdicts(page: ReportPage) -> Iterator[str]:
    if page.missing_verdicts:
        yield "### Expected checks without a verdict"
        yield ""
        rows = [row(f"<code>{cell(pair.check)}</code>", cell(pair.component)) for pair in page.missing_verdicts]
        yield from table(("check", "component"), rows, max_bytes=_MISSING_BYTES)


def _changes(page: ReportPage) -> Iterator[str]:
    changes = page.changes
    if not changes.has_previous_run:
        yield "There is no earlier run to compare with."
        yield ""
        return
    rows = [
        *(_change("new", change) for change in changes.new),
        *(_change("resolved", change) for change in changes.resolved),
        *(
            row("no longer checked", _where(finding), f"was {status_label(finding.status)}")
            for finding in changes.no_longer_checked
        ),
    ]
    counts = f"{len(changes.new)} new, {len(changes.still_open)} still open, {len(changes.resolved)} resolved"
    yield from _folded(f"Since the last run: {counts}, {len(changes.no_longer_checked)} no longer checked")
    yield from table(("change", "where", "status"), rows, max_bytes=_CHANGES_BYTES)
    yield from _END


def _change(word: str, change: Transition) -> str:
    before = status_label(change.previous) if change.previous else "not checked"
    return row(word, _where(change.finding), f"{before} → {status_label(change.finding.status)}")


def _verdicts(page: ReportPage) -> Iterator[str]:
    rows = [
        row(
            status_label(verdict.status),
            cell(f"{kind_of(group.component)} {name_of(group.component)}"),
            f"{cell(page.view.title(check.worst.check))}<br><code>{cell(check.worst.check)}</code>",
            cell(", ".join(verdict.subjects)),
            cell(verdict.observed),
            cell(verdict.expected),
            check.worst.proof,
        )
        for group in page.groups
        for check in group.checks
        for verdict in check.rows
    ]
    yield from _folded(f"All {len(page.run.findings)} verdicts by component")
    heads = ("status", "component", "promise", "subject", "observed", "expected", "proof")
    yield from table(heads, rows, max_bytes=_VERDICTS_BYTES)
    yield from _END


def _isolation(page: ReportPage) -> Iterator[str]:
    if not page.isolation:
        return
    yield "### Tenant isolation"
    yield ""
    sentences = (
        f"- {cell(name_of(each.component))}: {cell(text)}" for each in page.isolation for text in each.sentences
    )
    yield from islice(sentences, _MAX_SENTENCES)
    yield ""
    yield from _folded("What row-level security with a custom setting can and cannot guarantee")
    yield from (f"- **{each.name}.** {each.meaning}" for each in ASSUMPTIONS)
    yield ""
    rows = [row(threat.level, threat.threat, f"**{threat.guarantee}**", threat.because) for threat in THREATS]
    yield from table(("", "threat", "guarantee", "because"), rows, max_bytes=10_000)
    yield MITIGATION
    yield ""
    yield "Known limits:"
    yield ""
    yield from (f"- {limit}" for limit in LIMITS)
    yield ""
    yield from _END


def _seal(page: ReportPage) -> Iterator[str]:
    run = page.run
    yield from _folded("Run, configuration and seal")
    yield from table(
        ("", ""),
        [
            row("run", cell(run.id)),
            row("finished", f"{minute_text(run.finished)} by Basewatch {cell(run.version)}"),
            row("configuration", f"<code>{cell(run.config_digest)}</code>"),
            row("commit", f"<code>{cell(run.commit)}</code>" if run.commit else "unknown"),
            row("seal", f"<code>{cell(run.seal)}</code>" if run.seal else "this run is not recorded"),
        ],
        max_bytes=10_000,
    )
    yield from _END


_END = ("</details>", "")


def _folded(summary: str) -> Iterator[str]:
    yield f"<details><summary>{summary}</summary>"
    yield ""


def _where(finding: Finding) -> str:
    within = f" · {cell(finding.subject)}" if finding.subject else ""
    component = f"{cell(kind_of(finding.component))} **{cell(name_of(finding.component))}**{within}"
    return f"{component}<br><code>{cell(finding.check)}</code>"
