"""Shorthand for the common kinds of metric spec."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from basewatch.collector import MetricSpec, RefreshTier, Unit
from basewatch.family import MetricType

_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Namespace:
    """A CloudWatch namespace and the settings that its metrics share.

    `source_text` replaces metric and statistic in the help text of a family that has several sources.
    """

    name: str
    period: timedelta = _MINUTE
    allowed_lateness: timedelta = timedelta(minutes=5)

    def counter(
        self,
        family: str,
        metric: str,
        statistic: str = "Sum",
        *,
        tier: RefreshTier = RefreshTier.STANDARD,
        source_text: str = "",
    ) -> MetricSpec:
        """A count of events per period, summed over time."""
        return MetricSpec(
            family=family,
            type=MetricType.COUNTER,
            help=self._help(source_text or f"{metric} {statistic}", "added up", Unit.COUNT),
            namespace=self.name,
            metric=metric,
            statistic=statistic,
            period=self.period,
            tier=tier,
            allowed_lateness=self.allowed_lateness,
        )

    def gauge(
        self,
        family: str,
        metric: str,
        statistic: str,
        *,
        unit: Unit = Unit.COUNT,
        tier: RefreshTier = RefreshTier.STANDARD,
        period: timedelta | None = None,
    ) -> MetricSpec:
        """A gauge: its latest value is exported."""
        return MetricSpec(
            family=family,
            type=MetricType.GAUGE,
            help=self._help(f"{metric} {statistic}", "newest complete period", unit, period),
            namespace=self.name,
            metric=metric,
            statistic=statistic,
            unit=unit,
            period=period or self.period,
            tier=tier,
            allowed_lateness=self.allowed_lateness,
        )

    def latency(
        self,
        stem: str,
        metric: str,
        *,
        unit: Unit,
        tier: RefreshTier = RefreshTier.STANDARD,
        quantiles: tuple[str, ...] = ("0.95", "0.99"),
        maximum: bool = True,
    ) -> tuple[MetricSpec, ...]:
        """A latency: the summary `<stem>_seconds` and, if `maximum`, the gauge `<stem>_max_seconds`.

        It has at most five statistics, which CloudWatch bills as one metric when one request asks for all of them.
        """
        percentiles = {f"p{float(quantile) * 100:g}": quantile for quantile in quantiles}
        source = f"{metric} {', '.join((*percentiles, 'Sum, SampleCount'))}"
        text = self._help(source, "sum and count added up", unit)

        def part(statistic: str, *, suffix: str = "", quantile: str = "") -> MetricSpec:
            return MetricSpec(
                family=f"{stem}_seconds",
                type=MetricType.SUMMARY,
                help=text,
                namespace=self.name,
                metric=metric,
                statistic=statistic,
                unit=unit,
                suffix=suffix,
                labels=(("quantile", quantile),) if quantile else (),
                period=self.period,
                tier=tier,
                allowed_lateness=self.allowed_lateness,
            )

        summary = (
            *(part(statistic, quantile=quantile) for statistic, quantile in percentiles.items()),
            part("Sum", suffix="_sum"),
            part("SampleCount", suffix="_count"),
        )
        highest = self.gauge(f"{stem}_max_seconds", metric, "Maximum", unit=unit, tier=tier)
        return (*summary, highest) if maximum else summary

    def _help(self, source: str, aggregation: str, unit: Unit, period: timedelta | None = None) -> str:
        seconds = (period or self.period).total_seconds()
        factor = "" if unit.scale == 1.0 else f", ×{unit.scale:g}"  # noqa: RUF001  # the sign for multiplication
        return f"CloudWatch {self.name} {source}, {seconds:.0f} s{factor}, cached: {aggregation}."
