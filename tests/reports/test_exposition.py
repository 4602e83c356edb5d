"""Proves that the exposition is what Prometheus' own parser reads back, whatever the labels hold."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from basewatch.collector import AnyCollector, Collector, MetricSpec
from basewatch.components import Function
from basewatch.family import MetricType
from basewatch.metrics import Collected, Gap
from basewatch.model import Finding, Point, Proof, Reason, Run, Series, Severity, Status, Window
from reports.accumulator import STALE_AFTER, Accumulator
from reports.exposition import render
from tests.programs import program

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
WINDOW = Window(start=NOON - timedelta(hours=1), end=NOON)
COMPLETE = Collected(window=WINDOW)


def spec(family: str, kind: MetricType, *, suffix: str = "", quantile: str = "") -> MetricSpec:
    """A spec of which only the Prometheus side matters."""
    labels = (("quantile", quantile),) if quantile else ()
    return MetricSpec(
        family=family,
        type=kind,
        help=f"What {family} is,\nwith a \\ in it.",
        namespace="N",
        metric="M",
        statistic="Sum",
        suffix=suffix,
        labels=labels,
    )


SPECS = (
    spec("aws_errors_total", MetricType.COUNTER),
    spec("aws_connections", MetricType.GAUGE),
    spec("aws_duration_seconds", MetricType.SUMMARY, quantile="0.95"),
    spec("aws_duration_seconds", MetricType.SUMMARY, suffix="_sum"),
    spec("aws_duration_seconds", MetricType.SUMMARY, suffix="_count"),
)
COLLECTORS: tuple[AnyCollector, ...] = (
    Collector(name="lambda", component=Function, resources=lambda _function: iter(()), specs=SPECS),
)


def series(name: str, *values: float, end: datetime = NOON, **labels: str) -> Series:
    """A series of one value a minute, the last at `end`."""
    points = tuple(
        Point(period_end=end - MINUTE * (len(values) - 1 - position), value=value)
        for position, value in enumerate(values)
    )
    return Series(name=name, labels=tuple(labels.items()), period=MINUTE, points=points)


def run(*findings: Finding) -> Run:
    """A run that found this and took half a minute."""
    return Run(
        id="r",
        started=NOON,
        finished=NOON + timedelta(seconds=30),
        window=WINDOW,
        version="0",
        config_digest="",
        commit="",
        expected=(),
        components={},
        findings=findings,
        evidence=(),
    )


def finding(subject: str = "auth", status: Status = Status.FAIL) -> Finding:
    """A finding on this subject."""
    return Finding(
        check="service.function.errors",
        component="function/auth",
        subject=subject,
        status=status,
        severity=Severity.HIGH,
        proof=Proof.POPULATION,
        summary="",
        reason=Reason.DENIED if status is Status.UNVERIFIED else None,
    )


def exposed(*collections: tuple[Series, ...], collected: Collected | None = COMPLETE, last: Run | None = None) -> bytes:
    """The exposition after these collections, the last of them `collected`, and after the run `last`."""
    accumulator = Accumulator(SPECS)
    for collection in collections:
        accumulator.add(collection)
    samples = accumulator.samples(NOON)
    return render(collectors=COLLECTORS, samples=samples, collected=collected, run=last, version="1.2.3")


def parsed(exposition: bytes) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Every sample, as Prometheus' own client reads it; a series that comes twice is an error."""
    found: dict[tuple[str, frozenset[tuple[str, str]]], float] = {}
    for family in text_string_to_metric_families(exposition.decode()):
        assert family.documentation
        assert family.type in ("counter", "gauge", "summary")
        for sample in family.samples:
            key = sample.name, frozenset(sample.labels.items())
            assert key not in found
            assert sample.timestamp is None
            found[key] = sample.value
    return found


def value_of(exposition: bytes, name: str, **labels: str) -> float | None:
    """One sample's value."""
    return parsed(exposition).get((name, frozenset(labels.items())))


def test_a_counter_adds_up_what_each_collection_brings() -> None:
    """Overlapping windows count every minute once, and in any order within a collection."""
    first = series("aws_errors_total", 1, 2, 3, end=NOON - 2 * MINUTE, function="a")
    second = series("aws_errors_total", 2, 3, 10, 20, end=NOON, function="a")
    assert value_of(exposed((first,)), "aws_errors_total", function="a") == 6
    assert value_of(exposed((first,), (second,)), "aws_errors_total", function="a") == 36
    assert value_of(exposed((first,), (second,), (second, first)), "aws_errors_total", function="a") == 36


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=60), st.data())
def test_a_counter_equals_the_sum_however_it_is_collected(values: list[int], data: st.DataObject) -> None:
    """Cut into collections that overlap at will, the total is the sum of all minutes."""
    whole = series("aws_errors_total", *values)
    cuts, done = list[tuple[Series, ...]](), 0
    while done < len(values):
        start = data.draw(st.integers(0, done))
        done = data.draw(st.integers(done + 1, len(values)))
        piece = Series(name=whole.name, labels=(), period=MINUTE, points=whole.points[start:done])
        cuts.append((piece,))
    assert value_of(exposed(*cuts), "aws_errors_total") == sum(values)


def test_a_counter_without_points_begins_at_zero() -> None:
    """The first event of a quiet counter is an increase, and not a series that appears."""
    assert value_of(exposed((series("aws_errors_total", function="a"),)), "aws_errors_total", function="a") == 0


def test_a_gauge_is_its_newest_reading() -> None:
    """A gauge shows the end of the window, and nothing once that is too old."""
    assert value_of(exposed((series("aws_connections", 7, 9),)), "aws_connections") == 9
    old = series("aws_connections", 9, end=NOON - STALE_AFTER - MINUTE)
    assert value_of(exposed((old,)), "aws_connections") is None
    assert value_of(exposed((series("aws_connections"),)), "aws_connections") is None


def test_a_summary_has_quantiles_a_sum_and_a_count() -> None:
    """Quantiles are readings; sum and count add up, all in one family."""
    parts = (
        series("aws_duration_seconds", 0.3, 0.4, quantile="0.95"),
        series("aws_duration_seconds_sum", 1.5, 2.5),
        series("aws_duration_seconds_count", 10, 20),
    )
    text = exposed(parts)
    assert value_of(text, "aws_duration_seconds", quantile="0.95") == 0.4
    assert value_of(text, "aws_duration_seconds_sum") == 4
    assert value_of(text, "aws_duration_seconds_count") == 30
    assert text.count(b"# TYPE aws_duration_seconds summary\n") == 1


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_any_label_value_comes_back(value: str) -> None:
    """Quotes, backslashes, line ends and other scripts in a label are read back as they were."""
    text = exposed((series("aws_connections", 5, table=value),), last=run(finding(value)))
    assert value_of(text, "aws_connections", table=value) == 5
    labels = {"check": "service.function.errors", "component": "function/auth", "severity": "high", "status": "FAIL"}
    assert value_of(text, "basewatch_finding_status", subject=value, **labels) == 1


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_any_value_comes_back_exactly(value: float) -> None:
    """No digit of a number is lost."""
    assert value_of(exposed((series("aws_connections", value),)), "aws_connections") == value


def test_a_run_is_told_by_its_findings_and_its_time() -> None:
    """Prometheus learns what the last run found, when it was finished and how long it took."""
    text = exposed(last=run(finding(), finding("x", Status.PASS), finding("y", Status.UNVERIFIED)))
    counts = {status: value_of(text, "basewatch_findings", status=status.value) for status in Status}
    assert counts == {Status.PASS: 1, Status.FAIL: 1, Status.UNVERIFIED: 1, Status.NOT_APPLICABLE: 0}
    assert value_of(text, "basewatch_run_last_success_timestamp_seconds") == (NOON + timedelta(seconds=30)).timestamp()
    assert value_of(text, "basewatch_run_duration_seconds") == 30
    assert value_of(text, "basewatch_build_info", version="1.2.3") == 1


def test_nothing_is_said_of_findings_before_the_first_run() -> None:
    """Without a run there is no finding that could look green."""
    assert b"basewatch_finding" not in exposed()


def test_a_collector_is_up_only_when_it_got_everything() -> None:
    """One gap, or no collection yet, and the collector is down."""
    gap = Gap(collector="lambda", component="function/a", reason=Reason.DENIED, detail="")
    assert value_of(exposed(), "basewatch_collector_up", collector="lambda") == 1
    collected = Collected(window=WINDOW, gaps=(gap,))
    assert value_of(exposed(collected=collected), "basewatch_collector_up", collector="lambda") == 0
    assert value_of(exposed(collected=None), "basewatch_collector_up", collector="lambda") == 0


def test_the_order_of_what_is_known_does_not_matter() -> None:
    """The same knowledge is the same bytes."""
    parts = (series("aws_errors_total", 1, function="b"), series("aws_errors_total", 2, function="a"))
    both = (run(finding("a"), finding("b")), run(finding("b"), finding("a")))
    assert exposed(parts, last=both[0]) == exposed(parts[::-1], last=both[1])


def test_a_series_that_no_collector_declares_is_a_mistake() -> None:
    """What has no HELP and TYPE is not exported in silence."""
    with pytest.raises(KeyError, match="aws_unknown"):
        exposed((series("aws_unknown", 1),))


def test_promtool_has_nothing_to_say() -> None:
    """Prometheus' own linter accepts names, types and help."""
    promtool = program("promtool")
    parts = (series("aws_errors_total", 1), series("aws_connections", 2), series("aws_duration_seconds_sum", 3))
    checked = subprocess.run(
        [promtool, "check", "metrics"], input=exposed(parts, last=run(finding())), capture_output=True, check=False
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")
