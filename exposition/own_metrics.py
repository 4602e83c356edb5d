"""Metrics of Basewatch's own data: runs and findings, SLOs, resources, and the catalogue watch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from basewatch.collector import MetricSpec, MetricTarget
from basewatch.components import Slo
from basewatch.family import Block, MetricFamily, MetricType, series_text, tag_labels
from basewatch.model import Run, Status
from basewatch.series import Series

_FINDING = MetricFamily(
    name="basewatch_finding_status",
    type=MetricType.GAUGE,
    help="1 for the current status of each finding; the other statuses have no series.",
)
_FINDINGS = MetricFamily(name="basewatch_findings", type=MetricType.GAUGE, help="Number of findings by status.")
_LAST = MetricFamily(
    name="basewatch_run_last_timestamp_seconds",
    type=MetricType.GAUGE,
    help="When the last full run started, whatever its result.",
)
_LAST_SUCCESS = MetricFamily(
    name="basewatch_run_last_success_timestamp_seconds",
    type=MetricType.GAUGE,
    help="When the last full run that completed was finished.",
)
_NEXT = MetricFamily(
    name="basewatch_run_next_expected_timestamp_seconds",
    type=MetricType.GAUGE,
    help="When the next full run is due to start.",
)
_DURATION = MetricFamily(
    name="basewatch_run_duration_seconds",
    type=MetricType.GAUGE,
    help="Duration of the last full run that completed.",
)
_EVIDENCE = MetricFamily(
    name="basewatch_evidence_oldest_timestamp_seconds",
    type=MetricType.GAUGE,
    help="When the oldest evidence of a check's current findings was observed.",
)
_OBJECTIVE = MetricFamily(
    name="basewatch_slo_objective_ratio",
    type=MetricType.GAUGE,
    help="Ratio of good events that a service level objective promises.",
)
_WINDOW = MetricFamily(
    name="basewatch_slo_window_seconds",
    type=MetricType.GAUGE,
    help="Window of the error budget of a service level objective.",
)
_THRESHOLD = MetricFamily(
    name="basewatch_slo_threshold_seconds",
    type=MetricType.GAUGE,
    help="Latency that the p99 of a good minute is below, for a latency objective.",
)
_RESOURCE = MetricFamily(
    name="aws_resource_info",
    type=MetricType.INFO,
    help="The collected resources, with their ARNs and the tags that the configuration exports.",
)
_POLLS = MetricFamily(
    name="basewatch_tenancy_fingerprint_polls_total",
    type=MetricType.COUNTER,
    help="Number of polls of the fingerprint of a database's catalogue.",
)
_CHANGES = MetricFamily(
    name="basewatch_tenancy_fingerprint_changes_total",
    type=MetricType.COUNTER,
    help="Number of polls that found a fingerprint different from the previous one.",
)
_LAST_POLL = MetricFamily(
    name="basewatch_tenancy_last_poll_timestamp_seconds",
    type=MetricType.GAUGE,
    help="When the fingerprint of a database's catalogue was last read.",
)
_UP = MetricFamily(
    name="basewatch_tenancy_watch_up",
    type=MetricType.GAUGE,
    help="1 when the last poll of a database's catalogue succeeded, else 0.",
)

OWN_FAMILIES = (
    _FINDING,
    _FINDINGS,
    _LAST,
    _LAST_SUCCESS,
    _NEXT,
    _DURATION,
    _EVIDENCE,
    _OBJECTIVE,
    _WINDOW,
    _THRESHOLD,
    _RESOURCE,
    _POLLS,
    _CHANGES,
    _LAST_POLL,
    _UP,
)
"""All families of this module. Those of the telemetry belong to prometheus_client."""
MAX_READING_AGE = timedelta(minutes=15)
"""A reading older than this is not exported."""


def attempt_blocks(started: datetime, every: timedelta) -> Iterator[Block]:
    """When the last full run started, and when the next one is due, `every` later."""
    yield block(_LAST, [({}, started.timestamp())])
    yield block(_NEXT, [({}, (started + every).timestamp())])


def run_blocks(run: Run) -> Iterator[Block]:
    """The findings of a run, updated by later partial runs; when it finished, and how long it took."""
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
    """When the oldest evidence of each check was observed; checks without evidence are omitted."""
    observed = {evidence.digest: evidence.observed_at for evidence in run.evidence}
    oldest: dict[str, datetime] = {}
    for finding in run.findings:
        if at := observed.get(finding.evidence):
            oldest[finding.check] = min(at, oldest.get(finding.check, at))
    return oldest


def latest_readings(specs: Iterable[MetricSpec], series: Iterable[Series], at: datetime) -> Iterator[Block]:
    """The latest value of every gauge and quantile, unless it is older than MAX_READING_AGE at `at`.

    Counters are omitted: a pass knows only the sum over its window, and a counter that restarts with every pass is
    useless.
    """
    families = {spec.series_name: spec.exported_family for spec in specs if not spec.is_counter}
    latest: dict[str, dict[bytes, float]] = {}
    for one in series:
        last = max(one.points, key=lambda point: point.period_end, default=None)
        if one.name in families and last and at - last.period_end <= MAX_READING_AGE:
            latest.setdefault(one.name, {})[series_text(one.name, one.labels)] = last.value
    for name, values in latest.items():
        yield Block(family=families[name], series=sorted(values), values=[values[each] for each in sorted(values)])


def slo_blocks(slos: Iterable[Slo]) -> Iterator[Block]:
    """The declared objective, window and threshold of each SLO; compliance is computed from the metrics themselves."""
    rows = [({"slo": slo.name, "component": slo.of, "sli": slo.sli}, slo) for slo in slos]
    yield block(_OBJECTIVE, ((labels, slo.objective) for labels, slo in rows))
    yield block(_WINDOW, ((labels, slo.window.total_seconds()) for labels, slo in rows))
    yield block(_THRESHOLD, ((labels, slo.below.total_seconds()) for labels, slo in rows if slo.below))


def resource_block(targets: Iterable[MetricTarget], tags: Sequence[str]) -> Block:
    """One series for each resource, however many targets it has; only the tags in `tags` are exported.

    `resource` holds the value of the resource's first label, which is exported under its own name as well. This joins:
    `aws_lambda_errors_total * on (aws_account_id, aws_region, function_name) group_left (tag_tenant) aws_resource_info`
    """
    rows: dict[tuple[str, ...], dict[str, str]] = {}
    labels_of = tag_labels(tags)
    for target in targets:
        resource = target.resource
        if not resource.labels:
            continue  # the account itself
        label, name = resource.labels[0]
        identity = {
            "aws_account_id": target.account_id,
            "aws_region": target.region,
            "service": target.collector,
            "resource": name,
        }
        labels = rows.setdefault(tuple(identity.values()), {**identity, label: name})
        labels |= {"arn": resource.arn} if resource.arn else {}
        labels |= {labels_of[tag]: value for tag, value in resource.tags if tag in labels_of}
    return block(_RESOURCE, ((labels, 1) for labels in rows.values()))


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchStatus:
    """The watch over one database since the exporter started; `last_poll` is None before the first success."""

    database: str
    polls: int = 0
    changes: int = 0
    last_poll: datetime | None = None
    up: bool = False


def watch_blocks(watched: Iterable[WatchStatus]) -> Iterator[Block]:
    """The state of the watch over every database."""
    rows = [({"database": each.database}, each) for each in watched]
    yield block(_POLLS, ((labels, each.polls) for labels, each in rows))
    yield block(_CHANGES, ((labels, each.changes) for labels, each in rows))
    yield block(_LAST_POLL, ((labels, each.last_poll.timestamp()) for labels, each in rows if each.last_poll))
    yield block(_UP, ((labels, each.up) for labels, each in rows))


def block(family: MetricFamily, rows: Iterable[tuple[Mapping[str, str], float]]) -> Block:
    """A block from the labels and the value of each series, sorted by series."""
    values = {series_text(family.name, labels.items()): float(value) for labels, value in rows}
    return Block(family=family, series=sorted(values), values=[values[series] for series in sorted(values)])
