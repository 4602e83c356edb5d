"""What `basewatch explain` prints: one screen for a person, or JSON."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from datetime import datetime

import orjson

from alerts.messages import age_text
from alerts.phrases import PROOFS, URGENCY, moment, place
from alerts.plain import cut
from alerts.story import story
from basewatch.components import described
from basewatch.config.silences import QuietPeriod
from basewatch.facts import to_json
from basewatch.history import Acknowledgement, LoggedNotification
from basewatch.history.finding_log import FindingLog
from basewatch.model import JSON, Finding, Status
from workflows.explain import AlertExplained, FindingExplained, listed, name_of
from workflows.terminal import escape_control

_FACTS_MAX_CHARS, _TEXT_MAX_CHARS = 400, 1000


def explained_json(explained: FindingExplained | AlertExplained) -> JSON:
    """All of it, with the whole facts."""
    return to_json(type(explained), explained)


def explained_text(explained: FindingExplained | AlertExplained, now: datetime) -> str:
    """One screen: names from the platform are safe for the terminal."""
    if isinstance(explained, FindingExplained):
        head, sections = _finding_head(explained), _finding_lines(explained, now)
    else:
        told = story(explained.notification)
        head, sections = f"{told.headline}\n{told.context}", _alert_lines(explained)
    lines = [f"{name + ':':<14}{_indented(text)}" for name, text in sections if text]
    return "\n".join((*map(escape_control, head.splitlines()), "", *lines))


def _finding_head(explained: FindingExplained) -> str:
    finding = explained.log.finding
    subject = "" if finding.subject in finding.summary else f", {finding.subject}"
    status = f"{finding.status} ({URGENCY[finding.severity]})" if _is_open(finding.status) else str(finding.status)
    return f"{described(finding.component)}{subject}: {finding.summary}\n{status}"


def _is_open(status: Status) -> bool:
    return status in (Status.FAIL, Status.UNVERIFIED)


def _finding_lines(explained: FindingExplained, now: datetime) -> Iterator[tuple[str, str]]:
    log, finding = explained.log, explained.log.finding
    yield "Finding", " ".join(filter(None, (finding.check, finding.component, finding.subject)))
    yield "Key", finding.key
    yield "Promise", explained.promise
    yield "Observed", finding.observed
    yield "Expected", finding.expected
    yield "Since", _since(log, now)
    yield "Changes", "\n".join(f"{moment(e.at)}  {e.previous or 'first':<10} -> {e.status}" for e in log.changes)
    yield "Read", _read(log)
    yield "Not seen", f"{finding.action or 'an answer'} at {place(finding.source)}" if finding.source else ""
    if explained.cause is not None:
        yield "Explained by", f"{explained.cause.key}  {name_of(explained.cause)}"
    if explained.explains:
        yield "Explains", _lines_of(explained.explains)
    yield "Notified", _notified(explained.notifications)
    yield from _taken_on(explained.acknowledgements, explained.silences)
    yield "Controls", ", ".join(finding.controls)
    if _is_open(finding.status):
        yield "Do first", finding.remedy
    yield "Verify", f"basewatch check --only {finding.check} --component {shlex.quote(finding.component)}"
    yield "Runbook", explained.runbook


def _alert_lines(explained: AlertExplained) -> Iterator[tuple[str, str]]:
    yield "Key", explained.notification.key
    yield from ((name, text) for name, text in story(explained.notification).facts if name != "Explain")
    yield "Findings", _lines_of(explained.findings)
    yield "Notified", _notified(explained.notifications)
    yield from _taken_on(explained.acknowledgements, ())


def _lines_of(findings: Sequence[Finding]) -> str:
    return "\n".join(line.strip() for line in listed(findings).splitlines() if line)


def _since(log: FindingLog, now: datetime) -> str:
    if not log.changes:
        return f"before the record began; last judged {moment(log.judged_at)}"
    began = log.changes[-1].at
    return f"{moment(began)}, for {age_text(now - began)}; last judged {moment(log.judged_at)}"


def _read(log: FindingLog) -> str:
    """What the verdict rests on: the source, who asked, by which requests, and the beginning of the facts."""
    read = log.evidence
    if read is None:
        return "no facts"
    facts = orjson.dumps(read.facts, option=orjson.OPT_SORT_KEYS).decode()
    return "\n".join(
        (
            f"{PROOFS[log.finding.proof]} in {place(read.source)} at {moment(read.observed_at)}",
            f"by {read.principal or 'an unknown principal'}",
            *(cut(each, 120) for each in read.requests[:3]),
            *((f"and {len(read.requests) - 3} more requests",) if len(read.requests) > 3 else ()),  # noqa: PLR2004  # as many as fit
            f"facts {read.digest[:16]}…: {cut(facts, _FACTS_MAX_CHARS)}",
        )
    )


def _notified(log: Sequence[LoggedNotification]) -> str:
    return "\n".join(map(_notification_line, log)) or "nobody"


def _notification_line(logged: LoggedNotification) -> str:
    told = logged.notification
    times = "1 attempt" if logged.attempts == 1 else f"{logged.attempts} attempts"
    error = f" after {times}: {logged.error}" if logged.error else ""
    return f"{moment(told.at)}  {told.action:<8} {told.channel:<18} {logged.state}{error}; {told.reason}"


def _taken_on(
    acknowledgements: Sequence[Acknowledgement], silences: Sequence[QuietPeriod]
) -> Iterator[tuple[str, str]]:
    for each in acknowledgements:
        yield "Taken on", f"by {each.person} at {moment(each.at)}" + (f": {each.note}" if each.note else "")
    for period in silences:
        ticket = f" ({period.ticket})" if period.ticket else ""
        yield "Silenced", f"until {moment(period.end)} by {period.owner}: {period.reason}{ticket}"


def _indented(text: str) -> str:
    return ("\n" + " " * 14).join(escape_control(cut(line, _TEXT_MAX_CHARS)) for line in text.splitlines())
