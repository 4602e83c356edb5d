"""The page docs/metrics.md, generated from the collectors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from basewatch.collector import AnyCollector, MetricSpec
from basewatch.quantities import format_duration
from basewatch.telemetry import ExporterMetrics
from collectors.limit_readers import FAMILIES as LIMITS
from collectors.resource_limits import REFRESH_INTERVAL
from exposition.history_metrics import HISTORY_FAMILIES
from exposition.notification_metrics import NOTIFICATION_FAMILIES
from exposition.own_metrics import OWN_FAMILIES

_HEAD = """# Metrics

Every metric that `basewatch serve` exposes. This page is generated from the collectors by `make docs`.

Values are in base units; other CloudWatch units are converted. Every AWS family has the labels `aws_account_id` and
`aws_region` beside the labels in the tables. An empty label is left out. Tags are labels of `aws_resource_info` only,
which joins on the label of the resource.

A counter adds every CloudWatch period once, late corrections included, so its increase over any time equals the sum of
CloudWatch. A gauge, and a quantile of a summary, is the value of the newest complete period. Samples have no timestamp:
`basewatch_collector_newest_datapoint_timestamp_seconds` exports the age of the data.

The tier says how often a metric is requested: `fast`, `standard` and `slow` of `collectors`.
"""

_COLUMNS = (
    "| metric | labels | type | CloudWatch metric | CloudWatch unit | period | tier |\n|---|---|---|---|---|---|---|\n"
)


def metrics_page(collectors: Iterable[AnyCollector]) -> str:
    """The page: a table for each collector, for resource limits, and for Basewatch itself."""
    sections = (_section(collector) for collector in collectors)
    return _HEAD + "".join(line for section in (*sections, _resource_limits(), _own()) for line in section)


def _section(collector: AnyCollector) -> Iterator[str]:
    labels = _labels(collector)
    namespaces = ", ".join(dict.fromkeys(f"`{spec.namespace}`" for spec in collector.specs))
    kind = collector.component_type.kind.replace("_", " ")
    yield f"\n## {collector.name}\n\nMetrics of each {kind}, from {namespaces}."
    needs = sorted({need for discovery in collector.discovery_specs for need in discovery.needs})
    if needs:
        yield f" Discovery (`by: describe`) uses {', '.join(f'`{need}`' for need in needs)}."
    yield "\n\n" + _COLUMNS
    rows = ((_row(spec, labels.get(spec, ())), spec) for spec in collector.specs)
    yield from (row for row, _ in sorted(rows, key=lambda row: (row[1].series_name, row[1].labels, row[1].metric)))


def _labels(collector: AnyCollector) -> Mapping[MetricSpec, tuple[str, ...]]:
    """The label names of each spec's resource, as discovery sets them."""
    found = (
        discovery.from_dimensions({name: name for name in discovery.dimensions})
        for discovery in collector.discovery_specs
    )
    return {spec: tuple(name for name, _ in each[0].labels) for each in found if each for spec in each[1]}


def _row(spec: MetricSpec, labels: tuple[str, ...]) -> str:
    own = ",".join(f'{name}="{value}"' for name, value in spec.labels)
    cells = (
        f"`{spec.series_name}{f'{{{own}}}' if own else ''}`",
        ", ".join(f"`{label}`" for label in labels),
        spec.type.value,
        f"{spec.metric} {spec.statistic}",
        spec.unit.value,
        f"{spec.period.total_seconds():.0f} s",
        spec.tier.value,
    )
    return f"| {' | '.join(cells)} |\n"


def _resource_limits() -> Iterator[str]:
    every = format_duration(REFRESH_INTERVAL)
    yield f"\n## resource limits\n\nLimits of resources, requested from their own service every {every}.\n"
    yield from _table((family.name, family.type.value, family.help) for family in LIMITS)


def _own() -> Iterator[str]:
    yield "\n## Basewatch itself\n"
    families = (*OWN_FAMILIES, *HISTORY_FAMILIES, *NOTIFICATION_FAMILIES)
    yield from _table((*((each.name, each.type.value, each.help) for each in families), *_telemetry()))


def _telemetry() -> Iterator[tuple[str, str, str]]:
    """The exporter's own metrics, under the names on its page."""
    for metric in ExporterMetrics().registry.collect():
        yield metric.name + "_total" * (metric.type == "counter"), metric.type, metric.documentation


def _table(rows: Iterable[tuple[str, str, str]]) -> Iterator[str]:
    yield "\n| metric | type | meaning |\n|---|---|---|\n"
    yield from (f"| `{name}` | {kind} | {text} |\n" for name, kind, text in rows)
