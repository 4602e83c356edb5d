"""The context of the rules: the configuration, the collected series of each component, and the checks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType

from basewatch.check import AnyCheck
from basewatch.collector import AnyCollector, RefreshTier
from basewatch.components import AwsComponent, Component
from basewatch.config import Config
from basewatch.quantities import parse_duration
from generate.prometheus.promql import Labels, escape_template, promql_duration, selector
from generate.prometheus.rule_model import AlertRule, AlertSeverity, alert_severity

MIN_RATE_WINDOW = parse_duration("5m")
"""Datapoints are two to four minutes late, one a minute: a shorter window would hold too few."""
HELD = parse_duration("5m")
"""How long an alert keeps firing after its condition: a value that flaps around its limit is one alert, not many."""
# Labels that distinguish series of one resource.
_PARTS = frozenset({"operation", "target_role", "quantile"})


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertTemplate:
    """What all alerts of one name have in common; docs/alerting-rules.md has a section for each.

    `severity` is for alerts whose promise no check judges. `fires_when` is the condition; `remedy` says what to do.
    """

    name: str
    severity: AlertSeverity
    fires_when: str
    remedy: str
    dashboard: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesSource:
    """The series of one resource: their collector, their labels, and their refresh interval.

    Its expressions aggregate all labels away; the rule adds the labels of the resource.
    """

    collector: str
    labels: Labels
    refresh: timedelta

    @property
    def identity_labels(self) -> Labels:
        """The labels of an alert on these series: the collector and the resource."""
        return {"collector": self.collector, **self.labels}

    @property
    def window(self) -> timedelta:
        """The rate window: three refreshes, so that a late refresh leaves no gap."""
        return max(MIN_RATE_WINDOW, 3 * self.refresh)

    def gauge_max(self, metric: str, **more: str) -> str:
        """The newest value of a gauge."""
        return f"max({selector(metric, {**self.labels, **more})})"

    def gauge_min(self, metric: str) -> str:
        """The newest value of a gauge that is limited from below."""
        return f"min({selector(metric, self.labels)})"

    def rate(self, metric: str, window: timedelta | None = None, offset: str = "") -> str:
        """Events of a counter per second."""
        return f"sum(rate({self._over(metric, window)}{offset}))"

    def increase(self, metric: str, window: timedelta | None = None) -> str:
        """Events of a counter within the window."""
        return f"sum(increase({self._over(metric, window)}))"

    def counter_before(self, metric: str, window: timedelta) -> str:
        """A counter before the window; empty if it was not collected then."""
        return f"sum({selector(metric, self.labels)} offset {promql_duration(window)})"

    def _over(self, metric: str, window: timedelta | None) -> str:
        return f"{selector(metric, self.labels)}[{promql_duration(window or self.window)}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleContext:
    """A configuration with the known checks and collectors."""

    config: Config
    checks: tuple[AnyCheck, ...]
    collectors: tuple[AnyCollector, ...]

    def sources(self, component: Component, metric: str) -> Iterator[SeriesSource]:
        """The sources of `metric` of a declared component, one for each resource; none if it is not collected."""
        location = self.location_labels(component)
        found = dict[tuple[tuple[str, str], ...], SeriesSource]()
        for collector in self.collectors:
            for resource, specs in (
                collector.resources(component) if isinstance(component, collector.component_type) else ()
            ):
                refresh = min(
                    (self.refresh_interval(spec.tier) for spec in specs if spec.series_name == metric), default=None
                )
                labels = tuple((name, value) for name, value in resource.labels if name not in _PARTS and value)
                if refresh is not None:
                    source = SeriesSource(
                        collector=collector.name, labels={**location, **dict(labels)}, refresh=refresh
                    )
                    found.setdefault(labels, source)
        yield from found.values()

    def refresh_interval(self, tier: RefreshTier) -> timedelta:
        """How often a tier is refreshed."""
        collection = self.config.collectors
        match tier:
            case RefreshTier.FAST:
                return collection.fast
            case RefreshTier.STANDARD:
                return collection.standard
            case RefreshTier.SLOW:
                return collection.slow

    def location_labels(self, component: Component) -> Mapping[str, str]:
        """The labels of the account and region of a component; none outside AWS."""
        aws = self.config.aws
        if aws is None or not isinstance(component, AwsComponent):
            return {}
        account = aws.accounts[component.account or next(iter(aws.accounts))]
        return {"aws_account_id": account.id, "aws_region": component.region or account.regions[0]}

    def check_of(self, component: Component, promise: str) -> AnyCheck | None:
        """The check that judges a promise of a component; None if there is none."""
        return next((c for c in self.checks if isinstance(component, c.component) and promise in c.promises), None)

    def alert_rule(
        self,
        template: AlertTemplate,
        expr: str,
        *,
        summary: str,
        sustained: timedelta = timedelta(),
        held: timedelta = HELD,
        component: Component | None = None,
        promise: str = "",
        severity: AlertSeverity | None = None,
        labels: Labels = MappingProxyType({}),
    ) -> AlertRule:
        """An alert of this template. Its severity is that of the check that judges the same promise, if there is one.

        `held` is longer for values that change less often than every five minutes, and zero for verdicts, which stay
        until the next run. `summary` may contain Prometheus templates. In all other texts, names from the configuration
        are escaped.
        """
        check = self.check_of(component, promise) if component and promise else None
        fixed = {
            "severity": (severity or self._severity(check) or template.severity).value,
            "component": component.ref if component else "",
            **({"check": check.id} if check else {}),
            **labels,
        }
        settings = self.config.prometheus
        return AlertRule(
            alert=template.name,
            expr=expr,
            sustained=sustained,
            held=held,
            labels={name: escape_template(value) for name, value in fixed.items() if value},
            annotations={
                "summary": summary,
                "description": f"{template.fires_when}. {template.remedy}",
                "runbook_url": escape_template(settings.runbook_url.replace("{alert}", template.name.lower())),
                "dashboard_url": escape_template(settings.dashboard_url.replace("{uid}", template.dashboard)),
            },
        )

    def _severity(self, check: AnyCheck | None) -> AlertSeverity | None:
        if check is None:
            return None
        settings = self.config.checks.get(check.id)
        return alert_severity((settings and settings.severity) or check.severity)
