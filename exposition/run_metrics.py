"""What Prometheus is told of the passes: what the last one found, when it was, and how old what it rests on is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from basewatch.family import Block, MetricFamily, MetricType
from basewatch.model import Run, Status
from exposition.text_format import block

_FINDING = MetricFamily(
    name="basewatch_finding_status",
    type=MetricType.GAUGE,
    help="1 for the status that each finding has since it was last looked at; it has no series for other statuses.",
)
_FINDINGS = MetricFamily(name="basewatch_findings", type=MetricType.GAUGE, help="Findings with each status.")
_LAST = MetricFamily(
    name="basewatch_run_last_timestamp_seconds",
    type=MetricType.GAUGE,
    help="When the last run of everything began, whatever came of it.",
)
_LAST_SUCCESS = MetricFamily(
    name="basewatch_run_last_success_timestamp_seconds",
    type=MetricType.GAUGE,
    help="When the last run of everything that went through was finished.",
)
_NEXT = MetricFamily(
    name="basewatch_run_next_expected_timestamp_seconds",
    type=MetricType.GAUGE,
    help="When the next run of everything is due to begin.",
)
_DURATION = MetricFamily(
    name="basewatch_run_duration_seconds",
    type=MetricType.GAUGE,
    help="How long the last run of everything took that went through.",
)
_EVIDENCE = MetricFamily(
    name="basewatch_evidence_oldest_timestamp_seconds",
    type=MetricType.GAUGE,
    help="When the oldest evidence was observed that a check's findings rest on now.",
)
FAMILIES = (_FINDING, _FINDINGS, _LAST, _LAST_SUCCESS, _NEXT, _DURATION, _EVIDENCE)


def attempt_blocks(begun: datetime, every: timedelta) -> Iterator[Block]:
    """When a run of everything was last begun, and when, as one is due `every` so often, the next one is."""
    yield block(_LAST, [({}, begun.timestamp())])
    yield block(_NEXT, [({}, (begun + every).timestamp())])


def run_blocks(run: Run) -> Iterator[Block]:
    """What a run found, with what parts of it found later; when it was finished, and how long it took."""
    yield block(_FINDING, ((labels, 1) for labels in _findings(run)))
    yield block(_FINDINGS, (({"status": status.value}, run.count(status)) for status in Status))
    yield block(_LAST_SUCCESS, [({}, run.finished.timestamp())])
    yield block(_DURATION, [({}, (run.finished - run.started).total_seconds())])
    yield block(_EVIDENCE, (({"check": check}, at.timestamp()) for check, at in _oldest(run).items()))


def _findings(run: Run) -> Iterator[dict[str, str]]:
    for finding in run.findings:
        yield {
            "check": finding.check,
            "component": finding.component,
            "severity": finding.severity.value,
            "status": finding.status.value,
            "subject": finding.subject,
            "cause": finding.cause,
        }


def _oldest(run: Run) -> dict[str, datetime]:
    """When the oldest evidence of each check was observed; a check whose findings rest on none is left out."""
    observed = {evidence.digest: evidence.observed_at for evidence in run.evidence}
    oldest: dict[str, datetime] = {}
    for finding in run.findings:
        if at := observed.get(finding.evidence):
            oldest[finding.check] = min(at, oldest.get(finding.check, at))
    return oldest
