"""The page of what is measured, written from the collectors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from basewatch.collector import AnyCollector, MetricSpec
from reports.own import OWN_FAMILIES

_HEAD = """# What is measured

Every metric that `basewatch serve` exposes and every pass writes to `metrics.prom`. This page is written from the
collectors themselves by `make docs`.

Values are in base units. Every CloudWatch family has the labels `aws_account_id` and `aws_region` beside those of its
resource. A counter grows from the moment the exporter starts; a gauge is the newest complete period, and is left out
once it is older than 15 minutes. No sample has a timestamp: `basewatch_collector_up` says whether the last collection
got everything.
"""


def measures(collectors: Iterable[AnyCollector]) -> str:
    """The page docs/metrics.md: one table for each collector, then Basewatch's own families."""
    return _HEAD + "".join("".join(_section(collector)) for collector in collectors) + "".join(_own())


def _section(collector: AnyCollector) -> Iterator[str]:
    yield f"\n## {collector.name}\n\nOf each {collector.component.kind.replace('_', ' ')}.\n\n"
    yield "| metric | type | CloudWatch | period | factor |\n|---|---|---|---|---|\n"
    yield from (_row(spec) for spec in sorted(collector.specs, key=lambda spec: (spec.name, spec.labels)))


def _row(spec: MetricSpec) -> str:
    labels = ",".join(f'{name}="{value}"' for name, value in spec.labels)
    name = spec.name + (f"{{{labels}}}" if labels else "")
    source = f"{spec.namespace} {spec.metric} {spec.statistic}"
    return f"| `{name}` | {spec.type} | {source} | {spec.period.total_seconds():.0f} s | {spec.factor:g} |\n"


def _own() -> Iterator[str]:
    yield "\n## Basewatch itself\n\n| metric | type | what it says |\n|---|---|---|\n"
    yield from (f"| `{family.name}` | {family.type} | {family.help} |\n" for family in OWN_FAMILIES)
