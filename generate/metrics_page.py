"""The page of what is measured, written from the collectors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from basewatch.collector import AnyCollector, MetricSpec
from basewatch.quantities import format_duration
from basewatch.telemetry import ExporterMetrics
from collectors.limit_readers import FAMILIES as LIMITS
from collectors.resource_limits import REFRESH_INTERVAL
from exposition.own_metrics import OWN_FAMILIES

_HEAD = """# What is measured

Every metric that `basewatch serve` exposes. This page is written from the collectors themselves by `make docs`.

Values are in base units: what CloudWatch gives in another unit is converted. Every family of AWS has the labels
`aws_account_id` and `aws_region` beside those that the tables name; a label is left out where it is empty. Tags are
told by `aws_resource_info` alone, which joins on a resource's own label.

A counter adds up every period of CloudWatch once, late corrections included, so that its increase over any time is
CloudWatch's own sum. A gauge, and a quantile of a summary, is the newest complete period. No sample has a timestamp:
`basewatch_collector_newest_datapoint_timestamp_seconds` says how old the data is.

The tier says how often a metric is asked for: `fast`, `every` (standard) and `slow` of `collectors`.
"""

_COLUMNS = "| metric | labels | type | CloudWatch | unit there | period | tier |\n|---|---|---|---|---|---|---|\n"


def metrics_page(collectors: Iterable[AnyCollector]) -> str:
    """The page docs/metrics.md: a table for each collector, for what AWS describes, and for Basewatch itself."""
    sections = (_section(collector) for collector in collectors)
    return _HEAD + "".join(line for section in (*sections, _described(), _own()) for line in section)


def _section(collector: AnyCollector) -> Iterator[str]:
    labels = _labels(collector)
    spaces = ", ".join(dict.fromkeys(f"`{spec.namespace}`" for spec in collector.specs))
    yield f"\n## {collector.name}\n\nOf each {collector.component_type.kind.replace('_', ' ')}, from {spaces}."
    needs = sorted({need for discovery in collector.discovery_specs for need in discovery.needs})
    if needs:
        yield f" What is not declared is described by {', '.join(f'`{need}`' for need in needs)}."
    yield "\n\n" + _COLUMNS
    rows = ((_row(spec, labels.get(spec, ())), spec) for spec in collector.specs)
    yield from (row for row, _ in sorted(rows, key=lambda row: (row[1].series_name, row[1].labels, row[1].metric)))


def _labels(collector: AnyCollector) -> Mapping[MetricSpec, tuple[str, ...]]:
    """The names of the labels that the resource of each spec has, as discovery shows them."""
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


def _described() -> Iterator[str]:
    yield f"\n## described\n\nLimits of what is measured, asked of its own service every {format_duration(REFRESH_INTERVAL)}.\n"
    yield from _table((family.name, family.type.value, family.help) for family in LIMITS)


def _own() -> Iterator[str]:
    yield "\n## Basewatch itself\n"
    yield from _table((*((each.name, each.type.value, each.help) for each in OWN_FAMILIES), *_telemetry()))


def _telemetry() -> Iterator[tuple[str, str, str]]:
    """What the exporter says of itself, under the names on its page."""
    for metric in ExporterMetrics().registry.collect():
        yield metric.name + "_total" * (metric.type == "counter"), metric.type, metric.documentation


def _table(rows: Iterable[tuple[str, str, str]]) -> Iterator[str]:
    yield "\n| metric | type | what it says |\n|---|---|---|\n"
    yield from (f"| `{name}` | {kind} | {text} |\n" for name, kind, text in rows)
