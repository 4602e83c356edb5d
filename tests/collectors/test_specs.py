"""The shorthand builds the specs that CloudWatch and Prometheus need."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from basewatch.collector import MetricSpec, RefreshTier, Unit
from basewatch.family import MetricType
from collectors.specs import Namespace

SPACE = Namespace(name="Own/Space", period=timedelta(minutes=5), allowed_lateness=timedelta(minutes=30))


def test_specs_take_their_settings_from_the_namespace() -> None:
    """Every spec of a namespace has its name, its period and its allowed lateness."""
    written = (
        SPACE.counter("a_total", "A"),
        SPACE.gauge("b", "B", "Maximum"),
        *SPACE.latency("c", "C", unit=Unit.SECONDS),
    )
    assert {(spec.namespace, spec.period, spec.allowed_lateness) for spec in written} == {
        ("Own/Space", timedelta(minutes=5), timedelta(minutes=30))
    }


@given(st.sampled_from(Unit), st.sampled_from(RefreshTier))
def test_a_latency_is_a_summary_and_a_maximum(unit: Unit, tier: RefreshTier) -> None:
    """Five statistics of one metric: quantiles, sum, count, and the maximum beside them."""
    specs = SPACE.latency("own_wait", "Wait", unit=unit, tier=tier)
    assert [(spec.series_name, spec.labels, spec.statistic, spec.type) for spec in specs] == [
        ("own_wait_seconds", (("quantile", "0.95"),), "p95", MetricType.SUMMARY),
        ("own_wait_seconds", (("quantile", "0.99"),), "p99", MetricType.SUMMARY),
        ("own_wait_seconds_sum", (), "Sum", MetricType.SUMMARY),
        ("own_wait_seconds_count", (), "SampleCount", MetricType.SUMMARY),
        ("own_wait_max_seconds", (), "Maximum", MetricType.GAUGE),
    ]
    assert {(spec.unit, spec.tier) for spec in specs} == {(unit, tier)}


def test_a_latency_may_be_less() -> None:
    """Quantiles and the maximum can be omitted; sum and count remain."""
    names = [spec.series_name for spec in SPACE.latency("a", "A", unit=Unit.SECONDS, quantiles=(), maximum=False)]
    assert names == ["a_seconds_sum", "a_seconds_count"]


@given(st.floats(0, 100, exclude_min=True, exclude_max=True).map(lambda percent: round(percent, 2)).filter(bool))
def test_a_quantile_is_its_percentile(percent: float) -> None:
    """0.999 is p99.9, and CloudWatch accepts the name."""
    quantile = f"{percent / 100:.6g}"
    (spec,) = SPACE.latency("a", "A", unit=Unit.SECONDS, quantiles=(quantile,))[:1]
    assert spec.statistic == f"p{percent:g}"


def test_the_help_text_names_the_source() -> None:
    """The help text has namespace, metric, statistic, period and factor, and says that the value is cached."""
    helps = [
        SPACE.counter("a_total", "A").help,
        SPACE.gauge("b_seconds", "B", "Maximum", unit=Unit.MICROSECONDS, period=timedelta(minutes=1)).help,
        SPACE.latency("c", "C", unit=Unit.MILLISECONDS)[0].help,
        SPACE.counter("d_total", "D", source_text="D or E Sum").help,
    ]
    assert helps == [
        "CloudWatch Own/Space A Sum, 300 s, cached: added up.",
        "CloudWatch Own/Space B Maximum, 60 s, ×1e-06, cached: newest complete period.",  # noqa: RUF001  # the sign
        "CloudWatch Own/Space C p95, p99, Sum, SampleCount, 300 s, ×0.001, cached: sum and count added up.",  # noqa: RUF001  # the sign
        "CloudWatch Own/Space D or E Sum, 300 s, cached: added up.",
    ]


def test_counters_are_summed_and_gauges_are_not() -> None:
    """Counters and the two counters of a summary are summed; quantiles and gauges are not."""
    quantile, _, total, count, highest = SPACE.latency("a", "A", unit=Unit.SECONDS)
    gauge: MetricSpec = SPACE.gauge("b", "B", "Sum")
    assert [spec.is_counter for spec in (quantile, total, count, highest, gauge, SPACE.counter("c_total", "C"))] == [
        False,
        True,
        True,
        False,
        False,
        True,
    ]
