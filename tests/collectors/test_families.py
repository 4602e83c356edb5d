"""Every family has one schema, one help text and a valid name, whichever collector fills it."""

from __future__ import annotations

import re
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from itertools import groupby

from basewatch.collector import MetricSpec, Resource
from basewatch.family import MetricType, series_text
from collectors import COLLECTORS
from tests.collectors.samples import measured
from tests.programs import program

PLACE = (("aws_account_id", "123456789012"), ("aws_region", "us-east-1"))
STATISTICS = ("sum", "average", "avg", "minimum", "min", "maximum", "p95", "p99", "sample_count")
SPECS = [spec for collector in COLLECTORS for spec in collector.specs]


def all_queries() -> Iterator[tuple[Resource, MetricSpec]]:
    """Every possible query, of declared and of discovered resources."""
    for collector in COLLECTORS:
        for resource, specs in measured(collector):
            yield from ((resource, spec) for spec in specs)


def labels(resource: Resource, spec: MetricSpec) -> tuple[tuple[str, str], ...]:
    """The labels of a series on the page."""
    return (*PLACE, *resource.labels, *spec.labels)


def page() -> bytes:
    """Every possible series as text, each once."""
    lines: dict[str, dict[bytes, None]] = defaultdict(dict)
    families = {spec.family: spec.exported_family for spec in SPECS}
    for resource, spec in all_queries():
        lines[spec.family].setdefault(series_text(spec.series_name, labels(resource, spec)) + b"1\n")
    return b"".join(
        f"# HELP {name} {families[name].help}\n# TYPE {name} {families[name].type}\n".encode() + b"".join(lines[name])
        for name in families
    )


def test_a_familys_series_have_the_same_labels() -> None:
    """The label names of a family are the same for every resource of every collector, declared or discovered."""
    schemas: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for resource, spec in all_queries():
        assert all(re.fullmatch(r"[a-z][a-z_]*", name) for name, _ in labels(resource, spec))
        schemas[spec.series_name].add(tuple(name for name, _ in labels(resource, spec) if name != "quantile"))
    assert {name: schema for name, schema in schemas.items() if len(schema) > 1} == {}


def test_every_spec_is_requested_of_a_resource() -> None:
    """Every spec of a collector is requested of some resource, and no other spec is."""
    for collector in COLLECTORS:
        assert {spec for _, specs in measured(collector) for spec in specs} == set(collector.specs)


def test_a_family_has_one_type_and_help_text() -> None:
    """All series of a family have the same type and the same, non-empty help text."""
    shown = {spec.exported_family for spec in SPECS}
    assert sorted(family.name for family in shown) == sorted({family.name for family in shown})
    for spec in SPECS:
        assert spec.help.startswith(f"CloudWatch {spec.namespace} ")
        assert spec.metric in spec.help
        assert spec.statistic in spec.help or spec.type is MetricType.SUMMARY
        assert f", {spec.period.total_seconds():.0f} s" in spec.help
        assert (f"×{spec.unit.scale:g}" in spec.help) is (spec.unit.scale != 1.0)  # noqa: RUF001  # as it is written
        assert ", cached: " in spec.help


def test_no_two_queries_become_one_series() -> None:
    """A series has one source in CloudWatch, and a source has one series, across all collectors."""
    sources: dict[object, set[object]] = defaultdict(set)
    series: dict[object, set[object]] = defaultdict(set)
    for resource, spec in all_queries():
        source = spec.namespace, spec.metric, spec.statistic, spec.period, frozenset(resource.dimensions)
        shown = series_text(spec.series_name, labels(resource, spec))
        sources[shown].add(source)
        series[source].add(shown)
    assert {shown: found for shown, found in sources.items() if len(found) > 1} == {}
    assert {source: found for source, found in series.items() if len(found) > 1} == {}


def test_names_begin_with_the_service_and_hold_no_statistic() -> None:
    """Names begin with the service; only counters end in `_total`; of the statistics only max appears in names."""
    for spec in SPECS:
        prefix = f"aws_{spec.namespace.removeprefix('AWS/').lower()}_"
        assert re.fullmatch(rf"{prefix}[a-z_]+", spec.family), f"begin the name of {spec.family} with {prefix}"
        assert spec.family.endswith("_total") is (spec.type is MetricType.COUNTER)
        assert not any(f"_{word}_" in f"{spec.family}_" for word in STATISTICS)
        assert spec.is_counter is (spec.statistic in ("Sum", "SampleCount") and spec.type is not MetricType.GAUGE)
        if "_max_seconds" in spec.family or spec.family.endswith("_max"):
            assert spec.statistic == "Maximum"


def test_a_metric_has_at_most_five_statistics() -> None:
    """Five statistics of a metric are billed as one; a sixth would be billed again."""
    statistics: dict[object, set[str]] = defaultdict(set)
    for resource, spec in all_queries():
        statistics[spec.namespace, spec.metric, spec.period, resource.dimensions].add(spec.statistic)
    assert max(map(len, statistics.values())) == 5


def test_the_parts_of_a_summary_are_adjacent() -> None:
    """A resource's quantiles, sum and count are adjacent, as OpenMetrics requires."""
    for collector in COLLECTORS:
        for _, specs in measured(collector):
            runs = [family for family, _ in groupby(spec.family for spec in specs)]
            assert len(runs) == len(set(runs))


def test_promtool_accepts_every_family() -> None:
    """Prometheus's linter accepts every family, its name, its type and its help text."""
    promtool = program("promtool")
    done = subprocess.run([promtool, "check", "metrics"], input=page(), capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
