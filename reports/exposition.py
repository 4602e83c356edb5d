"""What Prometheus scrapes: CloudWatch's numbers and Basewatch's own, in text format 0.0.4, byte for byte repeatable."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from basewatch.collector import AnyCollector
from basewatch.family import Family, MetricType
from basewatch.metrics import Collected
from basewatch.model import Run, Status
from reports import watched as watching
from reports.accumulator import Sample
from reports.watched import Watched

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


_FINDING = Family(
    name="basewatch_finding_status",
    type=MetricType.GAUGE,
    help="1 for the status that each finding has since it was last looked at; it has no series for other statuses.",
)
_FINDINGS = Family(name="basewatch_findings", type=MetricType.GAUGE, help="Findings with each status.")
_LAST_SUCCESS = Family(
    name="basewatch_run_last_success_timestamp_seconds",
    type=MetricType.GAUGE,
    help="When the last run of everything that went through was finished.",
)
_DURATION = Family(
    name="basewatch_run_duration_seconds",
    type=MetricType.GAUGE,
    help="How long the last run of everything took that went through.",
)
_UP = Family(
    name="basewatch_collector_up",
    type=MetricType.GAUGE,
    help="1 when the collector's last collection got everything it asked for, else 0.",
)
_BUILD = Family(name="basewatch_build_info", type=MetricType.GAUGE, help="The version of Basewatch, always 1.")
OWN_FAMILIES = (_FINDING, _FINDINGS, _LAST_SUCCESS, _DURATION, _UP, *watching.FAMILIES, _BUILD)


def render(
    *,
    collectors: Iterable[AnyCollector],
    samples: Iterable[Sample],
    collected: Collected | None,
    run: Run | None,
    version: str,
    watched: Iterable[Watched] = (),
) -> bytes:
    """The exposition: `samples` of the accumulator, the last collection's health, the last run's findings, the watch.

    `collected` and `run` are None before the first of them: then every collector is down, and nothing is said of
    findings. Sorted, every family with HELP and TYPE, no series twice, no timestamps.
    """
    known = tuple(collectors)
    families = {family.name: family for family in (*_families(known), *OWN_FAMILIES)}
    own = (
        *_of_run(run),
        *_of_collection(known, collected),
        *watching.samples(watched),
        Sample(name=_BUILD.name, labels=(("version", version),), value=1),
    )
    lines = _lines(families, (*samples, *own))
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "replace")


def _families(collectors: Iterable[AnyCollector]) -> Iterator[Family]:
    for collector in collectors:
        for spec in collector.specs:
            yield Family(name=spec.family, type=spec.type, help=spec.help)


def _of_run(run: Run | None) -> Iterator[Sample]:
    if run is None:
        return
    for finding in run.findings:
        labels = {
            "check": finding.check,
            "component": finding.component,
            "severity": finding.severity.value,
            "status": finding.status.value,
            "subject": finding.subject,
            "cause": finding.cause,
        }
        yield Sample(name=_FINDING.name, labels=tuple(labels.items()), value=1)
    for status in Status:
        yield Sample(name=_FINDINGS.name, labels=(("status", status.value),), value=run.count(status))
    yield Sample(name=_LAST_SUCCESS.name, labels=(), value=run.finished.timestamp())
    yield Sample(name=_DURATION.name, labels=(), value=(run.finished - run.started).total_seconds())


def _of_collection(collectors: Iterable[AnyCollector], collected: Collected | None) -> Iterator[Sample]:
    failing = None if collected is None else {gap.collector for gap in collected.gaps}
    for name in sorted({collector.name for collector in collectors}):
        up = failing is not None and name not in failing
        yield Sample(name=_UP.name, labels=(("collector", name),), value=up)


def _lines(families: Mapping[str, Family], samples: Iterable[Sample]) -> Iterator[str]:
    by_family: dict[str, dict[tuple[str, str], float]] = defaultdict(dict)
    for sample in samples:
        family = _family_of(sample.name, families)
        by_family[family.name][sample.name, _labels(sample)] = sample.value
    for name, values in sorted(by_family.items()):
        yield f"# HELP {name} {_escaped(families[name].help)}"
        yield f"# TYPE {name} {families[name].type.value}"
        for (series, labels), value in sorted(values.items()):
            yield f"{series}{labels} {_number(value)}"


def _family_of(name: str, families: Mapping[str, Family]) -> Family:
    """The family that a series belongs to. Raises: KeyError, for one that no collector declares."""
    for candidate in (name, name.removesuffix("_sum"), name.removesuffix("_count")):
        if candidate in families:
            return families[candidate]
    raise KeyError(f"no collector declares the series {name}")


def _labels(sample: Sample) -> str:
    pairs = ",".join(f'{name}="{_escaped(value, quoted=True)}"' for name, value in sorted(sample.labels) if value)
    return f"{{{pairs}}}" if pairs else ""


def _escaped(text: str, *, quoted: bool = False) -> str:
    """Text as https://prometheus.io/docs/instrumenting/exposition_formats/ wants it in HELP, or within quotes."""
    escaped = text.replace("\\", "\\\\").replace("\n", "\\n")
    return escaped.replace('"', '\\"') if quoted else escaped


def _number(value: float) -> str:
    exact = float(value)
    return str(int(exact)) if exact.is_integer() and abs(exact) < 2**53 else repr(exact)
